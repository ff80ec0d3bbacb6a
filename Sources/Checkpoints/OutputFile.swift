import TensorCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file being written beside its final name; it takes that name when complete, and vanishes otherwise.
package final class OutputFile {
  let path: String
  private let temporary: String
  private var descriptor: Int32
  private var pending: [UInt8] = []
  /// Bytes written so far.
  private(set) var count = 0

  /// Throws `FileError` where the file cannot be made, or where something stands in its place that is no regular
  /// file, as a device, or is write-protected.
  package init(path: String) throws {
    self.path = path
    try Self.checkReplaceable(path)
    temporary = "\(path).partial-\(getpid())"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    if descriptor < 0 { throw FileError(path: path, reason: String(cString: strerror(errno))) }
    pending.reserveCapacity(1 << 20)
  }

  /// Whether writing to `path` would replace the file `source`.
  static func replaces(_ source: String, at path: String) -> Bool {
    var (old, new) = (stat(), stat())
    return stat(source, &old) == 0 && stat(path, &new) == 0 && old.st_dev == new.st_dev && old.st_ino == new.st_ino
  }

  private static func checkReplaceable(_ path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(path: path, reason: "is not a regular file") }
    guard status.st_mode & 0o222 != 0, access(path, W_OK) == 0 else {
      throw FileError(path: path, reason: "exists and is write-protected")
    }
  }

  deinit {
    if descriptor >= 0 {
      close(descriptor)
      unlink(temporary)
    }
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    count += bytes.count
    if pending.count + bytes.count <= 1 << 20 {
      pending.append(contentsOf: bytes)
      return
    }
    try flush()
    try writeThrough(bytes)
  }

  package func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Zeros up to the next multiple of `alignment`, or another byte where one is given.
  func pad(to alignment: Int, with byte: UInt8 = 0) throws {
    try write([UInt8](repeating: byte, count: (alignment - count % alignment) % alignment))
  }

  /// Ends writing: the file has its name, and what another file of that name held is gone, when this returns.
  ///
  /// `isDurable` waits until its bytes are on the disk, so that no crash leaves the name without them.
  package func commit(isDurable: Bool = false) throws {
    try flush()
    if isDurable, fsync(descriptor) != 0 { throw failure() }
    guard close(descriptor) == 0 else {
      descriptor = -1
      unlink(temporary)
      throw failure()
    }
    descriptor = -1
    guard rename(temporary, path) == 0 else {
      let error = failure()
      unlink(temporary)
      throw error
    }
  }

  private func failure() -> FileError { FileError(path: path, reason: String(cString: strerror(errno))) }

  private func flush() throws {
    try pending.withUnsafeBytes { try writeThrough($0) }
    pending.removeAll(keepingCapacity: true)
  }

  private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      #if canImport(Glibc)
        let written = Glibc.write(descriptor, part.baseAddress, part.count)
      #else
        let written = Darwin.write(descriptor, part.baseAddress, part.count)
      #endif
      if written < 0 {
        if errno == EINTR { continue }
        throw failure()
      }
      rest = rest.dropFirst(written)
    }
  }
}
