import Foundation
import JSON
import Runs
import Synchronization
import Training

/// A training run of this server, on a thread of its own: what it gave so far, and what one may do to it.
final class LiveRun: TrainingObserver {
  enum Phase: Equatable, Sendable {
    /// Reading or making the data.
    case preparing(Double)
    case running, paused
    case stopped, finished
    case failed(String)
    /// Only its record is here: another program trains it.
    case elsewhere

    var isOver: Bool {
      switch self {
      case .preparing, .running, .paused: false
      case .stopped, .finished, .failed, .elsewhere: true
      }
    }
  }

  struct State: Sendable {
    var phase = Phase.preparing(0)
    var start: TrainingStart?
    var step = 0
    var steps = RunSeries()
    var layers = LayerSeries()
    var snapshots = SnapshotShelf()
    var validations: [ValidationReport] = []
    var samples: [SampleReport] = []
    var notices: [String] = []
    var factors: [(step: Int, factor: Double)] = []
    var pace = Pace()
    var wantsStop = false
    /// What may be done to it, once it is prepared.
    var control: TrainingControl?
    var probe: RunProbe?
    /// The step of the checkpoint in the folder.
    var checkpoint: Int?
  }

  let id: String
  let folder: String
  let recipe: Recipe
  let state = Mutex(State())
  private let recorder: RunRecorder?

  init(id: String, folder: String, recipe: Recipe, recorder: RunRecorder?) {
    (self.id, self.folder, self.recipe, self.recorder) = (id, folder, recipe, recorder)
  }

  /// Makes the run ready by `prepare` and carries it out; `neverBegan` is called where it cannot be made ready.
  func start(
    neverBegan: @escaping @Sendable () -> Void,
    _ prepare: @escaping @Sendable (_ progress: (Double) -> Void) throws -> TrainingRun
  ) {
    let thread = Thread { [self] in
      var isReady = false
      do {
        let run = try prepare { share in state.withLock { $0.phase = .preparing(share) } }
        isReady = true
        try carryOut(run)
      } catch {
        if isReady { recorder?.fail(error) } else { neverBegan() }
        let message = message(of: error)
        state.withLock { $0.phase = .failed(message) }
      }
    }
    thread.stackSize = 16 << 20
    thread.start()
  }

  /// What an error says, without this machine's paths.
  private func message(of error: any Error) -> String {
    var text = "\(error)"
    if case .text(let settings) = recipe.data, let path = settings.path {
      text = text.replacing(path, with: "the text")
    }
    return text.replacing((folder as NSString).deletingLastPathComponent + "/", with: "")
  }

  private func carryOut(_ run: TrainingRun) throws {
    let probe = RunProbe(run)
    let peak = try Pace.peak(of: run)
    recorder?.note(peak: peak)
    let isStopped = state.withLock { state in
      (state.control, state.probe, state.phase) = (run.control, probe, .running)
      state.pace.peak = peak
      return state.wantsStop
    }
    if isStopped { run.control.stop() }
    let outcome = try run.run(observer: self)
    if outcome.reason == .stopped { try run.saveModel() }
    state.withLock { $0.phase = outcome.reason == .finished ? .finished : .stopped }
  }

  func observe(_ event: TrainingEvent) {
    recorder?.observe(event)
    state.withLock { state in
      switch event {
      case .began(let start):
        (state.start, state.step, state.checkpoint) = (start, start.step, start.step)
        state.steps.forget(after: start.step)
        state.layers.forget(after: start.step)
        state.validations.removeAll { $0.step > start.step }
        state.samples.removeAll { $0.step > start.step }
      case .step(let report):
        state.step = report.step
        state.steps.append(
          .init(step: report.step, loss: Double(report.loss), rate: report.rate, norm: report.gradientNorm))
        state.pace.add(report)
      case .layers(let report): state.layers.append(report)
      case .validation(let report): state.validations.append(report)
      case .sample(let report): state.samples = (state.samples + [report]).suffix(Self.sampleLimit)
      case .snapshot(let snapshot): state.snapshots.append(snapshot)
      case .rateFactor(let factor, let step): state.factors.append((step, factor))
      case .paused: state.phase = .paused
      case .resumed: (state.phase, state.pace.last) = (.running, nil)
      case .notice(let text): state.notices.append(text)
      case .checkpoint(let step, _): state.checkpoint = step
      case .saving, .ended: break
      }
    }
  }

  private static let sampleLimit = 512

  var isOver: Bool { state.withLock { $0.phase.isOver } }
  /// Whether it was ended before its last step, and its model written.
  var isStopped: Bool { state.withLock { $0.phase == .stopped } }

  /// Opens a recorded run's last checkpoint: the only weights of it that are left once its program has ended.
  ///
  /// Reads or makes the run's data; throws what going on with the run throws.
  func openCheckpoint() throws {
    let run = try TrainingRun(resuming: folder)
    let (snapshot, probe) = (run.snapshot, RunProbe(run))
    state.withLock { state in
      state.snapshots = SnapshotShelf()
      state.snapshots.append(snapshot)
      (state.probe, state.checkpoint) = (probe, snapshot.step)
    }
  }

  // MARK: What one may do

  func pause() { state.withLock { $0.control }?.pause() }
  func resume() { state.withLock { $0.control }?.resume() }

  func stop() {
    let control = state.withLock { state in
      state.wantsStop = true
      return state.control
    }
    control?.stop()
  }

  /// Throws 409 while the run is not ready.
  func setRateFactor(_ factor: Double) throws {
    guard let control = state.withLock({ $0.control }) else {
      throw RequestError(409, "the run is still reading its data", at: "rateFactor")
    }
    control.rateFactor = factor
  }

  /// The kept weights at or before a step, and what looks at them. Throws 404 where there are none yet.
  func kept(at step: Int) throws -> (WeightSnapshot, RunProbe) {
    let (snapshot, probe) = state.withLock { ($0.snapshots.snapshot(at: step), $0.probe) }
    guard let snapshot, let probe else { throw RequestError(404, "no weights are kept yet", at: "step") }
    return (snapshot, probe)
  }
}
