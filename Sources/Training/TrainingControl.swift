import Foundation
import Synchronization

/// What one may do to a run while it goes on, from any thread; it is heard between two steps.
public final class TrainingControl: Sendable {
  private struct State {
    var isPaused = false
    var isStopped = false
    var rateFactor = 1.0
  }

  private let state = Mutex(State())

  public init() {}

  public func pause() { state.withLock { $0.isPaused = true } }
  public func resume() { state.withLock { $0.isPaused = false } }

  /// Ends the run after the step under way, with a checkpoint to go on from.
  public func stop() { state.withLock { $0.isStopped = true } }

  public var isPaused: Bool { state.withLock { $0.isPaused } }
  public var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Multiplies the schedule's learning rate; from 0 to 100, kept by checkpoints.
  public var rateFactor: Double {
    get { state.withLock { $0.rateFactor } }
    set { state.withLock { $0.rateFactor = newValue.isFinite ? min(max(newValue, 0), 100) : $0.rateFactor } }
  }

  /// Returns once the run is not paused, or is stopped.
  func waitWhilePaused() { while isPaused, !isStopped { Thread.sleep(forTimeInterval: 0.02) } }
}
