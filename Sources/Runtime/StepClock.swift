/// When each step of a run ended. An executor without one measures nothing.
///
///     executor.clock = StepClock(steps: executor.program.steps.count)
public final class StepClock: @unchecked Sendable {
  private let start: UnsafeMutablePointer<ContinuousClock.Instant>
  private let ends: UnsafeMutableBufferPointer<ContinuousClock.Instant>

  public init(steps: Int) {
    let now = ContinuousClock.now
    start = .allocate(capacity: 1)
    start.initialize(to: now)
    ends = .allocate(capacity: steps)
    ends.initialize(repeating: now)
  }

  deinit {
    start.deallocate()
    ends.deallocate()
  }

  package func begin() { start.pointee = .now }

  /// Called by one thread, when all have ended the step.
  package func end(_ step: Int) { ends[step] = .now }

  /// Seconds that each step of the last run took, from barrier to barrier.
  public var seconds: [Double] {
    zip([start.pointee] + ends.dropLast(), ends).map { ($1 - $0) / .seconds(1) }
  }
}
