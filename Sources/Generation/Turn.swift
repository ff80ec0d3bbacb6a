import Synchronization

/// Whose step runs on a team of threads: one at a time, and background steps only while nobody waits for a token.
final class Turn: Sendable {
  private let lock = Mutex(())
  /// Nanoseconds since `start` at which the last foreground step ended.
  private let lastForeground = Atomic<Int64>(-1 << 60)
  private static let start = ContinuousClock.now
  /// A background step waits so long after a foreground one: generation has shorter gaps between its tokens.
  private static let pause: Int64 = 30_000_000

  private static var now: Int64 {
    let time = (ContinuousClock.now - start).components
    return time.seconds * 1_000_000_000 + time.attoseconds / 1_000_000_000
  }

  private var isBusy: Bool { Self.now - lastForeground.load(ordering: .relaxed) < Self.pause }

  /// Runs `body` as soon as no step runs.
  func take<Result>(_ body: () throws -> Result) rethrows -> Result {
    try lock.withLock { _ in
      defer { lastForeground.store(Self.now, ordering: .relaxed) }
      return try body()
    }
  }

  /// Runs `body` as soon as no step runs, and leaves background steps free to follow.
  func takeQuietly<Result>(_ body: () throws -> Result) rethrows -> Result { try lock.withLock { _ in try body() } }

  /// Runs `body` where no step runs and none has for a while; nil where one has.
  func takeIdle<Result>(_ body: () throws -> Result) rethrows -> Result? {
    if isBusy { return nil }
    let result: Result?? = try lock.withLockIfAvailable { _ in isBusy ? nil : try body() }
    return result ?? nil
  }
}

/// When a step may run.
public enum Urgency: Sendable {
  /// A token waits for it.
  case foreground
  /// Somebody waits for a picture: at once, but without claiming that a token is being made.
  case view
  /// Only while nothing else runs.
  case idle
}
