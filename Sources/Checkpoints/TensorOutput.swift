public import TensorCore

/// A tensor that a file will hold.
public struct TensorDeclaration: Hashable, Sendable {
  public let name: String
  /// Outermost first.
  public let shape: [Int]
  public let format: BlockFormat
  public let byteCount: Int

  /// Throws `CheckpointError` where the format's blocks do not divide the last size.
  public init(name: String, shape: [Int], format: BlockFormat) throws {
    guard
      let count = checkedByteCount(shape: shape, blockWidth: format.blockWidth, blockBytes: format.blockBytes)
    else {
      throw CheckpointError(
        file: "output", item: name, reason: "the shape \(shape) does not suit the format \(format)")
    }
    (self.name, self.shape, self.format, byteCount) = (name, shape, format, count)
  }

  /// Of sizes that are known to suit each other.
  init(name: String, shape: [Int], format: BlockFormat, byteCount: Int) {
    (self.name, self.shape, self.format, self.byteCount) = (name, shape, format, byteCount)
  }
}

/// Where the data of one declared tensor are written, in as many pieces as convenient.
public struct TensorOutput: ~Copyable {
  private let file: OutputFile
  private let declaration: TensorDeclaration
  private var written = 0

  init(file: OutputFile, declaration: TensorDeclaration) { (self.file, self.declaration) = (file, declaration) }

  /// Adds the next bytes; all pieces together must be the declared number.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count <= declaration.byteCount - written else { throw mismatch(written + bytes.count) }
    written += bytes.count
    try file.write(bytes)
  }

  /// Adds all of a tensor as it is stored.
  public mutating func write(_ tensor: Tensor) throws {
    defer { withExtendedLifetime(tensor) {} }
    try write(tensor.bytes)
  }

  public mutating func write(_ values: [Float]) throws {
    try values.withUnsafeBytes { bytes in try write(bytes) }
  }

  func finish() throws { if written != declaration.byteCount { throw mismatch(written) } }

  private func mismatch(_ count: Int) -> CheckpointError {
    CheckpointError(
      file: file.path, item: declaration.name, reason: "\(count) bytes given, \(declaration.byteCount) declared")
  }
}

/// How far a file is written.
public struct WritingProgress: Sendable {
  public let tensor: String
  public let tensorIndex: Int
  public let tensorCount: Int
  /// Bytes of tensor data written, and of all.
  public let bytesWritten: Int
  public let bytesTotal: Int
}
