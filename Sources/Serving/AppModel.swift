import Architectures
import Foundation
public import Generation
public import JSON
import Memory
import Synchronization

/// What all clients of a server share: the models on the machine, the one that is loaded, and the texts made with it.
public final class AppModel: Sendable {
  /// Where models are looked for.
  public let folder: ModelFolder
  /// How models are loaded.
  public let options: ModelOptions
  public let sessions = SessionStore()
  /// The loaded model in space.
  let scenes = SceneStore()
  let shelf = TokenizerShelf()
  public let training: TrainingDesk
  private let state = Mutex(State.empty)
  private let known = Mutex<[String: ModelFolder.Entry]>([:])

  private enum State {
    case empty
    case loading(id: String)
    case loaded(LoadedModel)
  }

  public init(
    folder: ModelFolder = .standard, options: ModelOptions = AppModel.standardOptions,
    training: TrainingDesk = TrainingDesk()
  ) {
    (self.folder, self.options, self.training) = (folder, options, training)
  }

  /// Four texts at once, and packed weights where they are kept.
  public static var standardOptions: ModelOptions {
    var options = ModelOptions()
    options.sequences = 4
    options.packed = .standard
    return options
  }

  /// The loaded model; nil where there is none.
  public var loaded: LoadedModel? { state.withLock { if case .loaded(let model) = $0 { model } else { nil } } }

  /// The loaded model. Throws 409 where there is none.
  public func current() throws -> LoadedModel {
    try state.withLock { state in
      switch state {
      case .loaded(let model): return model
      case .loading(let id): throw RequestError(409, "\(id) is being loaded; try again when it is there", at: "model")
      case .empty: throw RequestError(409, "no model is loaded; choose one first", at: "model")
      }
    }
  }

  /// Models in the folder, and those given by their paths.
  public func models() -> [ModelFolder.Entry] {
    let given = known.withLock { Array($0.values) }
    let found = folder.models()
    return found + given.filter { entry in !found.contains { $0.name == entry.name } }.sorted { $0.name < $1.name }
  }

  /// The model of a listed name. Throws 404 for another.
  public func entry(_ name: String) throws -> ModelFolder.Entry {
    if let entry = known.withLock({ $0[name] }) { return entry }
    guard let entry = folder.model(named: name) else {
      throw RequestError(404, "there is no model '\(name.prefix(200))' here", at: "model")
    }
    return entry
  }

  /// Models and tokenizers by name.
  func tokenizers() -> [ModelFolder.Entry] {
    let found = folder.tokenizers()
    let given = known.withLock { Array($0.values) }.filter { entry in
      let kinds = ["tokenizer.json", "tokenizer.model"]
      return !found.contains { $0.name == entry.name }
        && (!entry.isFolder || kinds.contains { FileManager.default.fileExists(atPath: "\(entry.path)/\($0)") })
    }
    return given + found
  }

  /// Where the tokenizer of a listed name is. Throws 404 for another.
  func tokenizerPath(_ name: String) throws -> String {
    if let entry = known.withLock({ $0[name] }) { return entry.path }
    guard let entry = folder.tokenizer(named: name) else {
      throw RequestError(404, "there is no tokenizer '\(name.prefix(200))' here", at: "tokenizer")
    }
    return entry.path
  }

  /// Makes a model outside the folder known, by `name` or else by the last part of its path; returns the name.
  @discardableResult public func add(path: String, name: String? = nil) -> String {
    var place = URL(filePath: path).standardizedFileURL
    if place.lastPathComponent == "config.json" { place.deleteLastPathComponent() }
    let found = ModelFolder(path: place.deletingLastPathComponent().path).model(named: place.lastPathComponent)
    let name = name ?? place.lastPathComponent
    known.withLock {
      $0[name] = ModelFolder.Entry(
        name: name, path: path, family: found?.family, bytes: found?.bytes ?? 0, problem: found?.problem,
        isFolder: found?.isFolder ?? !path.hasSuffix(".gguf"))
    }
    return name
  }

  /// Loads a listed model in place of the one before; blocks. `progress` hears the share that is packed.
  ///
  /// Throws 404 for an unknown name, 409 while another is being loaded, and what `LanguageModel` throws; the model
  /// before is gone then, unless the file could not be read at all.
  public func load(_ name: String, progress: (Double) -> Void = { _ in }) throws {
    let entry = try entry(name)
    // A file that cannot be read at all leaves the model before where it is.
    _ = try ModelFile(path: entry.path).weights()
    weak var before: LoadedModel?
    try state.withLock { state throws(RequestError) in
      if case .loading(let id) = state { throw RequestError(409, "\(id) is being loaded", at: "model") }
      if case .loaded(let model) = state {
        model.scheduler.close()
        before = model
      }
      state = .loading(id: name)
    }
    // Its memory is wanted back; whoever still answers with it has a moment to end.
    for _ in 0..<500 where before != nil { Thread.sleep(forTimeInterval: 0.01) }
    do {
      let model = try Self.fitting(options) { try LanguageModel(path: entry.path, options: $0, progress: progress) }
      let loaded = try LoadedModel(id: name, model: model, loaded: Int(Date().timeIntervalSince1970))
      state.withLock { $0 = .loaded(loaded) }
    } catch {
      state.withLock { $0 = .empty }
      throw error
    }
  }

  /// Plans for fewer texts at once where memory does not hold the states of all.
  private static func fitting<Result>(
    _ options: ModelOptions, _ body: (ModelOptions) throws -> Result
  ) throws -> Result {
    var options = options
    while true {
      do { return try body(options) } catch let error as MemoryError {
        guard case .exceeds = error, options.sequences > 1 else { throw error }
        options.sequences /= 2
      }
    }
  }

  /// Lets go of the loaded model; texts that are being written end.
  public func unload() {
    let model = state.withLock { state -> LoadedModel? in
      guard case .loaded(let model) = state else { return nil }
      state = .empty
      return model
    }
    model?.scheduler.close()
  }

  /// The state for the first picture: the loaded model, or which is being loaded.
  public var status: JSON {
    state.withLock { state in
      switch state {
      case .empty: ["model": .null, "loading": .null]
      case .loading(let id): ["model": .null, "loading": .string(id)]
      case .loaded(let model): ["model": model.summary, "loading": .null]
      }
    }
  }

  /// A message without this machine's paths: models by their names, the rest of a path left out.
  func withoutPaths(_ text: String) -> String {
    var text = text
    for entry in known.withLock({ Array($0.values) }) { text = text.replacing(entry.path, with: entry.name) }
    text = text.replacing(folder.path + "/", with: "")
    return text.replacing(NSHomeDirectory() + "/", with: "~/")
  }
}
