/// Stored numbers: a shape, a format, the bytes, and whoever keeps them alive.
public struct Tensor: @unchecked Sendable {
  /// Outermost first; the last dimension is contiguous. GGUF lists the same sizes in reverse.
  public let shape: [Int]
  public let format: BlockFormat
  public let bytes: UnsafeRawBufferPointer
  /// A `MappedFile`, a `Buffer`: anything that owns `bytes`.
  public let owner: any AnyObject & Sendable

  /// `bytes` must hold exactly the rows of `shape` in `format`.
  public init(shape: [Int], format: BlockFormat, bytes: UnsafeRawBufferPointer, owner: any AnyObject & Sendable) {
    (self.shape, self.format, self.bytes, self.owner) = (shape, format, bytes, owner)
    precondition(bytes.count == rowCount * format.rowBytes(columns), "bytes do not fit the shape")
  }

  /// A tensor over a buffer of its own.
  public init(shape: [Int], format: BlockFormat, buffer: Buffer) {
    self.init(shape: shape, format: format, bytes: UnsafeRawBufferPointer(buffer.bytes), owner: buffer)
  }

  /// A copy of `values`.
  public init(_ values: [Float], shape: [Int]) {
    let copy = Copy(of: values)
    self.init(shape: shape, format: .f32, bytes: UnsafeRawBufferPointer(copy.values), owner: copy)
  }

  public var elementCount: Int { shape.reduce(1, *) }
  /// The contiguous dimension; 1 for a scalar.
  public var columns: Int { shape.last ?? 1 }
  public var rowCount: Int { shape.dropLast().reduce(1, *) }
}

/// Values that a tensor made of an array owns.
private final class Copy: @unchecked Sendable {
  let values: UnsafeMutableBufferPointer<Float>

  init(of array: [Float]) {
    values = .allocate(capacity: array.count)
    _ = values.initialize(fromContentsOf: array)
  }

  deinit { values.deallocate() }
}
