import Foundation
import Runs
import Synchronization
import Training

extension TrainingDesk {
  /// A run whose weights can be looked at, by its id; without one, that of this server. Throws 404 for another.
  func run(_ name: String?) throws -> LiveRun {
    guard let name else { return try current() }
    for run in [live, seen.withLock { $0?.run }] { if let run, run.id == name { return run } }
    throw RequestError(404, "no weights of '\(name.prefix(80))' are open", at: "run")
  }

  /// The record of a run. Throws 404 where there is none.
  func recorded(_ name: String) throws -> (store: RunStore, record: RunRecord) {
    guard let store = try record(), let record = try store.run(name), record.id == name else {
      throw RequestError(404, "there is no run '\(name.prefix(80))'", at: "run")
    }
    return (store, record)
  }

  /// What was recorded of a run, with its last checkpoint's weights where they are open.
  func recall(_ name: String) throws -> LiveRun {
    let (store, record) = try recorded(name)
    if let (run, changed) = seen.withLock({ $0 }), run.id == name, changed == record.changed { return run }
    return try read(record, store)
  }

  /// Opens a recorded run's last checkpoint, in place of the one that was open; blocks while its data are read.
  ///
  /// Throws 404 where there is none, 409 while the run goes on, and what going on with it throws.
  func open(_ name: String) throws -> LiveRun {
    let (store, record) = try recorded(name)
    let run = try read(record, store)
    try check(run)
    try run.openCheckpoint()
    seen.withLock { $0 = (run, record.changed) }
    return run
  }

  /// Writes a run's model where it is not there yet, from the last checkpoint of one that was ended early.
  ///
  /// Throws as `open` does.
  func saveModel(_ name: String) throws {
    let (store, record) = try recorded(name)
    let isWritten = record.status == .finished || live.map { $0.id == name && $0.isStopped } ?? false
    if isWritten, Self.hasModel(record.folder) { return }
    try check(read(record, store))
    try TrainingRun(resuming: record.folder).saveModel()
  }

  /// Whether a run's folder holds a model that can be loaded.
  static func hasModel(_ folder: String) -> Bool {
    ["model.safetensors", "model.gguf"].contains { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
  }

  private func read(_ record: RunRecord, _ store: RunStore) throws -> LiveRun {
    let run = LiveRun(id: record.id, folder: record.folder, recipe: try record.recorded(), recorder: nil)
    try run.recall(store)
    run.state.withLock { state in
      state.phase =
        switch record.status {
        case .finished: .finished
        case .failed: .failed(record.message ?? "")
        case .running, .paused: .elsewhere
        case .stopped, .interrupted: .stopped
        }
    }
    return run
  }

  /// Throws 409 while a run goes on, here or elsewhere, and 404 where it has no checkpoint.
  private func check(_ run: LiveRun) throws {
    if let live, live.id == run.id, !live.isOver {
      throw RequestError(409, "\(run.id) is still being trained here; stop it first", at: "run")
    }
    if run.state.withLock({ $0.phase }) == .elsewhere {
      throw RequestError(409, "\(run.id) is being trained by another program; end it there first", at: "run")
    }
    guard TrainingRun.hasCheckpoint(in: run.folder) else {
      throw RequestError(404, "\(run.id) has no checkpoint", at: "run")
    }
  }
}

extension LiveRun {
  /// Takes over what was recorded of the run before.
  func recall(_ store: RunStore) throws {
    let losses = try store.rows(LossRecord.self, of: id)
    let validations = try store.rows(ValidationRecord.self, of: id)
    let checkpoints = try store.rows(CheckpointRecord.self, of: id)
    let samples = try store.rows(SampleRecord.self, of: id)
    let layers = Dictionary(grouping: try store.rows(LayerRecord.self, of: id), by: \.step)
    state.withLock { state in
      for row in losses {
        state.steps.append(.init(step: row.step, loss: row.loss, rate: row.rate, norm: row.gradientNorm))
      }
      state.step = losses.last?.step ?? 0
      state.checkpoint = TrainingRun.hasCheckpoint(in: folder) ? checkpoints.last?.step ?? 0 : nil
      state.validations = validations.map {
        ValidationReport(
          step: $0.step, loss: $0.loss, rows: $0.rows, right: $0.right, sequences: $0.sequences, seconds: 0)
      }
      state.samples = samples.map { SampleReport(step: $0.step, prompt: $0.prompt, text: $0.text) }
      for (step, rows) in layers.sorted(by: { $0.key < $1.key }) {
        state.layers.append(
          LayerReport(
            step: step,
            layers: rows.map { .init(name: $0.name, gradientNorm: $0.gradientNorm, weightNorm: $0.weightNorm) }))
      }
    }
  }
}
