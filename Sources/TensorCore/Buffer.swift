#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Zeroed, page-aligned memory with one owner; large ones ask for huge pages.
public final class Buffer: @unchecked Sendable {
  public let base: UnsafeMutableRawPointer
  /// Bytes.
  public let count: Int

  /// Whether pages are huge from their first touch on.
  public enum Pages: Sendable {
    /// From 4 MiB on: for what is written whole.
    case large
    /// The system's smallest until `enlarge` is called: for what may stay nearly empty.
    case small
  }

  /// Pages are taken only when written, so an unused part costs no memory. Throws where the system refuses the addresses.
  public init(count: Int, pages: Pages = .large) throws(AllocationError) {
    guard count >= 0 else { throw AllocationError(bytes: count, reason: "the size is negative") }
    self.count = count
    let size = max(count, 1)
    let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else {
      throw AllocationError(bytes: count, reason: String(cString: strerror(errno)))
    }
    base = mapped
    #if os(Linux)
      if pages == .large, size >= 4 << 20 { madvise(mapped, size, MADV_HUGEPAGE) }
    #endif
  }

  /// Asks for huge pages in a range from now on, what was written there included; takes the whole range's memory.
  public func enlarge(_ range: Range<Int>) {
    #if os(Linux)
      let huge = 2 << 20
      let start = (Int(bitPattern: base) + range.lowerBound + huge - 1) / huge * huge
      let end = (Int(bitPattern: base) + range.upperBound) / huge * huge
      guard end > start, let address = UnsafeMutableRawPointer(bitPattern: start) else { return }
      madvise(address, end - start, MADV_HUGEPAGE)
      // MADV_COLLAPSE of Linux 6.1; an older system refuses and keeps the small pages that are there.
      madvise(address, end - start, 25)
    #endif
  }

  deinit { munmap(base, max(count, 1)) }

  public var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: count) }
}

/// Memory that the system refused: how much was asked for, and why not.
public struct AllocationError: Error, Hashable, CustomStringConvertible, Sendable {
  public let bytes: Int
  public let reason: String
  public init(bytes: Int, reason: String) { (self.bytes, self.reason) = (bytes, reason) }
  public var description: String { "the system refuses \(bytes) bytes of memory: \(reason)" }
}
