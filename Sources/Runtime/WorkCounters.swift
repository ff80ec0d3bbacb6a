import Synchronization

/// Counts what is handed out in a step, for each task and thread.
///
/// Two sets take turns: while threads count in one, each clears its own part of the other, which all have left.
final class WorkCounters {
  struct Counter: ~Copyable {
    let next = Atomic<Int>(0)
  }

  private let base: UnsafeMutablePointer<Counter>
  private let threads: Int
  /// Counters of a thread, whole cache lines.
  private let stride: Int

  init(tasks: Int, threads: Int) {
    self.threads = threads
    stride = (max(1, tasks) + 7) / 8 * 8
    base = UnsafeMutableRawPointer.allocate(byteCount: 2 * threads * stride * 8, alignment: 64)
      .assumingMemoryBound(to: Counter.self)
    for index in 0..<2 * threads * stride { (base + index).initialize(to: Counter()) }
  }

  deinit {
    base.deinitialize(count: 2 * threads * stride)
    UnsafeMutableRawPointer(base).deallocate()
  }

  /// Clears a thread's counters of a step.
  func clear(step: Int, thread: Int) {
    let first = counter(step: step, task: 0, thread: thread)
    for index in 0..<stride { (first + index).pointee.next.store(0, ordering: .relaxed) }
  }

  /// A task's counter of a thread; that of thread 0 is shared where no thread has a share of its own.
  @inline(__always)
  func counter(step: Int, task: Int, thread: Int = 0) -> UnsafeMutablePointer<Counter> {
    base + ((step & 1) * threads + thread) * stride + task
  }

  /// Counters between those of two threads.
  var threadStride: Int { stride }
}
