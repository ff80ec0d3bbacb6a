import CKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Threads of our own that work through a program together; the caller is one of them.
///
/// Between runs they spin for a bounded time, then sleep.
public final class ThreadTeam: @unchecked Sendable {
  public let count: Int
  private let shared: Shared
  private var threads: [pthread_t] = []

  /// `count` 0 means one thread for each processor; where the system refuses a thread, the team is smaller.
  public init(count: Int = 0) {
    shared = Shared()
    for index in 1..<Self.size(count) {
      let seat = Unmanaged.passRetained(Seat(shared: shared, index: index))
      guard let thread = Self.start(seat) else {
        seat.release()
        break
      }
      threads.append(thread)
    }
    self.count = threads.count + 1
    shared.seat(self.count)
  }

  private static func start(_ seat: Unmanaged<Seat>) -> pthread_t? {
    #if canImport(Darwin)
      var thread: pthread_t?
      return pthread_create(&thread, nil, { workerMain($0) }, seat.toOpaque()) == 0 ? thread : nil
    #else
      var thread = pthread_t()
      return pthread_create(&thread, nil, workerMain, seat.toOpaque()) == 0 ? thread : nil
    #endif
  }

  /// Threads of a team that is asked for `count`.
  public static func size(_ count: Int) -> Int {
    count > 0 ? min(count, 256) : max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  deinit {
    shared.post(nil)
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Runs `work` once on every thread, with its index, and returns when all have ended. Allocates nothing.
  package func run(_ work: some TeamWork) {
    if count > 1 { shared.post(work) }
    work.work(thread: 0)
    if count > 1 { shared.waitForAll() }
  }

  /// Runs `body` once on every thread, with its index, and returns when all have ended.
  public func run(_ body: (Int) -> Void) {
    if count == 1 { return body(0) }
    withoutActuallyEscaping(body) { run(ClosureWork($0)) }
  }

  /// Waits until every thread of the current run has arrived here.
  public func barrier() { shared.barrier.wait() }
}

/// What threads of a team do together.
package protocol TeamWork: AnyObject, Sendable {
  func work(thread: Int)
}

private final class ClosureWork: TeamWork, @unchecked Sendable {
  private let body: (Int) -> Void
  init(_ body: @escaping (Int) -> Void) { self.body = body }
  package func work(thread: Int) { body(thread) }
}

/// One worker's place in its team.
private final class Seat {
  let shared: Shared
  let index: Int
  init(shared: Shared, index: Int) { (self.shared, self.index) = (shared, index) }
}

/// A worker's first function; free and nonisolated, so that it inherits no isolation.
private nonisolated func workerMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  let seat = Unmanaged<Seat>.fromOpaque(argument).takeRetainedValue()
  var generation = 0
  while seat.shared.hasNext(after: &generation) {
    seat.shared.perform(seat.index)
    seat.shared.finish()
  }
  return nil
}

/// What the threads of a team have in common.
private final class Shared: @unchecked Sendable {
  let barrier = SpinBarrier()
  private var workers = 0
  private let generation = Atomic<Int>(0)
  private let running = Atomic<Int>(0)
  /// The caller's, who keeps it until all have ended.
  private unowned(unsafe) var work: (any TeamWork)?
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  /// How many threads take part, before the first body is posted.
  func seat(_ count: Int) {
    workers = count - 1
    barrier.seat(count)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Hands the workers some work; nil sends them home.
  func post(_ work: (any TeamWork)?) {
    pthread_mutex_lock(mutex)
    self.work = work
    running.store(workers, ordering: .relaxed)
    generation.wrappingAdd(1, ordering: .releasing)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Waits for work; false where there will be no more.
  func hasNext(after seen: inout Int) -> Bool {
    var spins = 0
    while generation.load(ordering: .acquiring) == seen {
      spins += 1
      if spins < 20_000 {
        cpu_relax()
        continue
      }
      pthread_mutex_lock(mutex)
      while generation.load(ordering: .acquiring) == seen { pthread_cond_wait(condition, mutex) }
      pthread_mutex_unlock(mutex)
    }
    seen = generation.load(ordering: .acquiring)
    return work != nil
  }

  /// A call of its own, so that no reference to the work outlasts it.
  @inline(never)
  func perform(_ thread: Int) { work?.work(thread: thread) }

  func finish() { running.wrappingSubtract(1, ordering: .acquiringAndReleasing) }

  func waitForAll() {
    var spins = 0
    while running.load(ordering: .acquiring) != 0 { SpinBarrier.pause(&spins) }
  }
}

/// Makes threads wait for one another: a bounded spin, then the processor is given away between looks.
final class SpinBarrier: Sendable {
  private let count = Atomic<Int>(1)
  private let arrived = Atomic<Int>(0)
  private let generation = Atomic<Int>(0)

  func seat(_ threads: Int) { count.store(threads, ordering: .relaxed) }

  func wait() {
    let mine = generation.load(ordering: .relaxed)
    if arrived.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue == count.load(ordering: .relaxed) {
      arrived.store(0, ordering: .relaxed)
      generation.wrappingAdd(1, ordering: .releasing)
    } else {
      var spins = 0
      while generation.load(ordering: .acquiring) == mine { Self.pause(&spins) }
    }
  }

  static func pause(_ spins: inout Int) {
    spins += 1
    if spins < 5_000 { cpu_relax() } else { sched_yield() }
  }
}
