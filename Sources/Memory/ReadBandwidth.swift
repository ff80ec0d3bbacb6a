import Dispatch
public import TensorCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How fast memory can be read.
public enum ReadBandwidth {
  /// Bytes a second that `threads` read together, over about `seconds`.
  ///
  /// Each thread searches a block of its own, larger than its caches, for a byte that is not there.
  public static func measure(
    threads: Int, seconds: Double = 0.2, blockBytes: Int = 64 << 20
  ) throws(AllocationError) -> Double {
    // Many threads together exceed any cache with less each.
    let blockBytes = max(min(blockBytes, (1 << 30) / max(threads, 1)), 1 << 20)
    let blocks = try (0..<max(threads, 1)).map { _ throws(AllocationError) in try Buffer(count: blockBytes) }
    DispatchQueue.concurrentPerform(iterations: blocks.count) { index in
      // Pages that were never written would all be one page of zeros.
      memset(blocks[index].base, 1, blocks[index].count)
    }
    let start = DispatchTime.now().uptimeNanoseconds
    var (passes, elapsed) = (0, 0.0)
    repeat {
      DispatchQueue.concurrentPerform(iterations: blocks.count) { index in
        precondition(memchr(blocks[index].base, 2, blocks[index].count) == nil)
      }
      passes += 1
      elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    } while elapsed < seconds
    return Double(passes * blocks.count * blockBytes) / elapsed
  }
}
