import Foundation
import GRDB
import JSON
import Synchronization
public import Training

/// Writes a run's events to the store; steps are gathered and written together, at least twice a second.
///
/// What cannot be written is not written: a full disk ends no run here, its checkpoint does.
public final class RunRecorder: TrainingObserver {
  private let store: RunStore
  private let id: String
  private let pending = Mutex(Pending())

  private struct Pending {
    var losses: [LossRecord] = []
    var layers: [LayerRecord] = []
    var written = ContinuousClock.now
    /// Of all steps that were heard of.
    var operations = 0.0
    var seconds = 0.0
    var peak: Double?

    /// Nil without a peak, or where more was done than it says could be.
    var share: Double? {
      guard let peak, peak > 0, seconds > 0, operations <= peak * seconds else { return nil }
      return operations / seconds / peak
    }
  }

  init(store: RunStore, id: String) { (self.store, self.id) = (store, id) }

  public func observe(_ event: TrainingEvent) {
    switch event {
    case .began(let start):
      write { [id] db in
        try Self.forget(db, id, after: start.step)
        try Self.change(db, id) { record in
          (record.status, record.step, record.message) = (.running, start.step, nil)
          (record.parameters, record.data, record.steps) = (start.parameterCount, start.data, start.recipe.steps)
          record.recipe = start.recipe.json.text()
        }
      }
    case .step(let report):
      let isDue = pending.withLock { pending in
        pending.operations += Double(report.operations)
        pending.seconds += report.seconds
        pending.losses.append(
          LossRecord(
            run: id, step: report.step, loss: Double(report.loss), rate: report.rate,
            gradientNorm: report.gradientNorm, tokens: report.tokens, seconds: report.seconds,
            operations: report.operations))
        return ContinuousClock.now - pending.written > .milliseconds(500)
      }
      if isDue { write { _ in } }
    case .layers(let report):
      pending.withLock { pending in
        pending.layers += report.layers.map {
          LayerRecord(
            run: id, step: report.step, name: $0.name, gradientNorm: $0.gradientNorm, weightNorm: $0.weightNorm)
        }
      }
    case .validation(let report):
      let row = ValidationRecord(
        run: id, step: report.step, loss: report.loss, rows: report.rows, right: report.right,
        sequences: report.sequences)
      write { try row.insert($0, onConflict: .replace) }
    case .sample(let report):
      let row = SampleRecord(run: id, step: report.step, prompt: report.prompt, text: report.text)
      write { try row.insert($0, onConflict: .replace) }
    case .saving: write { _ in }
    case .checkpoint(let step, let path):
      let row = CheckpointRecord(run: id, step: step, path: path)
      write { try row.insert($0, onConflict: .replace) }
    case .paused: change { $0.status = .paused }
    case .resumed: change { $0.status = .running }
    case .ended(let outcome):
      change { ($0.status, $0.step) = (outcome.reason == .finished ? .finished : .stopped, outcome.step) }
    case .snapshot, .rateFactor, .notice: break
    }
  }

  /// Notes the operations a second that the run's threads can do, of which its steps are a share.
  public func note(peak: Double) {
    let share = pending.withLock { pending in
      pending.peak = peak
      return pending.share
    }
    change { ($0.peakOperationsPerSecond, $0.shareOfPeak) = (peak, share) }
  }

  /// Notes what ended a run before its time.
  public func fail(_ error: any Error) { change { ($0.status, $0.message) = (.failed, "\(error)") } }

  private func change(_ body: @escaping @Sendable (inout RunRecord) -> Void) {
    write { [id] db in try Self.change(db, id, body) }
  }

  private static func change(_ db: Database, _ id: String, _ body: (inout RunRecord) -> Void) throws {
    guard var record = try RunRecord.fetchOne(db, key: id) else { return }
    body(&record)
    record.changed = Date()
    try record.update(db)
  }

  /// A run that goes on from a checkpoint writes the steps after it anew.
  private static func forget(_ db: Database, _ id: String, after step: Int) throws {
    for table in ["loss", "validation", "sample", "checkpoint", "layer"] {
      try db.execute(sql: "DELETE FROM \(table) WHERE run = ? AND step > ?", arguments: [id, step])
    }
  }

  private func write(_ body: @escaping @Sendable (Database) throws -> Void) {
    let (losses, layers, share) = pending.withLock { pending in
      defer { (pending.losses, pending.layers, pending.written) = ([], [], .now) }
      return (pending.losses, pending.layers, pending.share)
    }
    let id = self.id
    try? store.database.write { db in
      for loss in losses { try loss.insert(db, onConflict: .replace) }
      for layer in layers { try layer.insert(db, onConflict: .replace) }
      if let last = losses.last { try Self.change(db, id) { ($0.step, $0.shareOfPeak) = (last.step, share) } }
      try body(db)
    }
  }
}

extension RunStore {
  /// An observer that records a run.
  public func recorder(of id: String) -> RunRecorder { RunRecorder(store: self, id: id) }
}
