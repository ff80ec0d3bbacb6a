import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ctrl-C while an answer is written: it ends the answer, not the program.
enum Interruption {
  private static let flag = Atomic<Bool>(false)

  static var happened: Bool { flag.load(ordering: .relaxed) }

  /// Runs `body` with Ctrl-C only noted; afterwards it ends the program as before.
  ///
  /// A parent that blocks the signal, as threads of Dispatch do, hands that on; here it is let through.
  static func noting<Result>(_ body: () throws -> Result) rethrows -> Result {
    flag.store(false, ordering: .relaxed)
    var interrupt = sigset_t()
    sigemptyset(&interrupt)
    sigaddset(&interrupt, SIGINT)
    pthread_sigmask(SIG_UNBLOCK, &interrupt, nil)
    let before = signal(SIGINT) { _ in Interruption.flag.store(true, ordering: .relaxed) }
    defer { signal(SIGINT, before) }
    return try body()
  }
}
