import Checkpoints
import Foundation
import JSON
import Runs
import Synchronization
import TensorCore
import Training

/// The training of a server: one run at a time, its pages as many as wish to watch, and the record of all runs.
public final class TrainingDesk: Sendable {
  private let state = Mutex<LiveRun?>(nil)
  private let opened = Mutex<RunStore?>(nil)
  /// The recorded run whose last checkpoint was opened last, and when its record had changed.
  let seen = Mutex<(run: LiveRun, changed: Date)?>(nil)
  private let folder: String

  /// Runs are kept in `folder`, by default the user's, which is made when the first one begins.
  public init(folder: String? = nil) { self.folder = folder ?? RunStore.standardFolder }

  /// The run that goes on, or the last one that did since the server was started.
  var live: LiveRun? { state.withLock { $0 } }

  /// Throws 404 where nothing was trained yet.
  func current() throws -> LiveRun {
    guard let live else { throw RequestError(404, "nothing is being trained", at: "run") }
    return live
  }

  /// The record of all runs; nil where there never was one.
  func record() throws -> RunStore? {
    if let store = opened.withLock({ $0 }) { return store }
    return RunStore.exists(in: folder) ? try store() : nil
  }

  private func store() throws -> RunStore {
    try opened.withLock { opened in
      if let opened { return opened }
      let store = try RunStore(folder: folder)
      opened = store
      return store
    }
  }

  /// Begins a run of a recipe. Throws 409 while another goes on.
  func begin(_ recipe: Recipe) throws -> LiveRun {
    let recipe = try Self.watched(recipe)
    let store = try store()
    return try take { () throws -> LiveRun in
      let record = try store.begin(recipe)
      let run = LiveRun(id: record.id, folder: record.folder, recipe: recipe, recorder: store.recorder(of: record.id))
      let (id, folder) = (record.id, record.folder)
      // A run that never began leaves nothing behind.
      run.start(neverBegan: {
        _ = try? store.forget(id)
        try? FileManager.default.removeItem(atPath: folder)
      }) { progress in try TrainingRun(recipe: recipe, folder: folder, progress: progress) }
      return run
    }
  }

  /// Goes on with a recorded run from its last checkpoint, to `steps` in all where that is more.
  func goOn(_ name: String, steps: Int?) throws -> LiveRun {
    let (store, record) = try recorded(name)
    seen.withLock { if $0?.run.id == name { $0 = nil } }
    return try take { () throws -> LiveRun in
      if record.isLive { throw RequestError(409, "\(record.id) is being trained by another program", at: "run") }
      var recipe = try Self.watched(record.recorded())
      if let steps { recipe = try recipe.replacing("steps", by: .integer(steps)) }
      let run = LiveRun(id: record.id, folder: record.folder, recipe: recipe, recorder: store.recorder(of: record.id))
      try run.recall(store)
      run.start(neverBegan: {}) { [recipe] progress in
        try TrainingRun(resuming: record.folder, recorded: recipe, change: { _ in recipe }, progress: progress)
      }
      return run
    }
  }

  private func take(_ make: () throws -> LiveRun) throws -> LiveRun {
    try state.withLock { state in
      if let run = state, !run.isOver {
        throw RequestError(409, "\(run.id) is being trained; stop it first", at: "run")
      }
      let run = try make()
      state = run
      return run
    }
  }

  /// The same recipe with pictures for the page: weights are kept about a hundred times. What is learnt does not change.
  private static func watched(_ recipe: Recipe) throws -> Recipe {
    let every = recipe.intervals
    let often = max(1, recipe.steps / 100)
    var recipe = try recipe.replacing("every", "snapshot", by: .integer(often))
    if every.samples > 0 {
      recipe = try recipe.replacing("every", "samples", by: .integer(min(every.samples, 2 * often)))
    }
    if every.layers > 0 { recipe = try recipe.replacing("every", "layers", by: .integer(min(every.layers, often))) }
    return recipe
  }

  /// Keeps a text that was given in a file of its own beside the runs, and returns its path.
  func keep(text: String) throws -> String {
    var digest = Digest()
    digest.combine(text)
    let path = "\(folder)/texts/\(digest).txt"
    do {
      try FileManager.default.createDirectory(atPath: folder + "/texts", withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw FileError(path: path, reason: error.localizedDescription)
    }
    return path
  }
}
