#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file's bytes, read by the system as they are touched.
public final class MappedFile: @unchecked Sendable {
  public let path: String
  /// When the file was last written, in nanoseconds since 1970.
  public let modified: Int
  /// Valid while the file object lives; `withBytes` keeps it alive meanwhile.
  public let bytes: UnsafeRawBufferPointer

  /// Throws `FileError` where the file cannot be opened or mapped.
  public init(path: String) throws {
    self.path = path
    let file = open(path, O_RDONLY)
    guard file >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(path: path, reason: "not a regular file") }
    let size = Int(status.st_size)
    #if canImport(Darwin)
      modified = status.st_mtimespec.tv_sec &* 1_000_000_000 &+ status.st_mtimespec.tv_nsec
    #else
      modified = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
    #endif
    if size == 0 {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let mapped = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0)
    guard let mapped, mapped != MAP_FAILED else {
      throw FileError(path: path, reason: String(cString: strerror(errno)))
    }
    bytes = UnsafeRawBufferPointer(start: mapped, count: size)
  }

  /// The text of a file; throws `FileError` where it cannot be read or is not UTF-8.
  public static func text(path: String) throws -> String {
    guard let text = try MappedFile(path: path).withBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw FileError(path: path, reason: "is not UTF-8")
    }
    return text
  }

  /// Lends the bytes to `body`.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(bytes)
  }

  /// Says that all of it will be read soon, in huge pages where the system has them.
  public func prepareWhole() {
    #if os(Linux)
      guard let base = bytes.baseAddress.map({ UnsafeMutableRawPointer(mutating: $0) }) else { return }
      madvise(base, bytes.count, MADV_HUGEPAGE)
      // MADV_POPULATE_READ of Linux 5.14; an older system refuses and reads as pages are touched.
      madvise(base, bytes.count, 22)
    #endif
  }

  /// What tells this file's contents from those of another, or from its own before a change: size, time of the last
  /// change, and 256 bytes of every mebibyte. Blind for a change that keeps the time and misses the samples.
  public var fingerprint: Digest {
    withBytes { bytes in
      var digest = Digest()
      digest.combine(modified)
      digest.combineSamples(of: bytes, every: 1 << 20)
      return digest
    }
  }

  deinit {
    if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }

  /// Lets the system forget pages of this range that were read; they are read again when touched.
  public func release(_ range: Range<Int>) {
    guard let base = bytes.baseAddress else { return }
    let page = Int(getpagesize())
    let lower = (range.lowerBound + page - 1) / page * page
    let upper = range.upperBound == bytes.count ? bytes.count : range.upperBound / page * page
    if upper > lower {
      madvise(UnsafeMutableRawPointer(mutating: base + lower), upper - lower, Int32(MADV_DONTNEED))
    }
  }
}

/// A file that could not be read or written: which, and why.
public struct FileError: Error, CustomStringConvertible, Sendable {
  public let path: String
  public let reason: String
  public init(path: String, reason: String) { (self.path, self.reason) = (path, reason) }
  public var description: String { "\(path): \(reason)" }
}
