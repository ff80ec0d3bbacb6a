import Quantization
public import TensorCore

/// Named tensors, wherever they are stored.
public protocol TensorSource: Sendable {
  /// Every name, in the order of the file.
  var names: [String] { get }
  func has(_ name: String) -> Bool
  /// The tensor of that name; throws `CheckpointError` where there is none or its format is not supported.
  func tensor(_ name: String) throws -> Tensor
  /// Sizes, outermost first, without touching the data.
  func shape(_ name: String) -> [Int]?
  /// The storage format; nil for an unknown name or an unsupported format.
  func format(_ name: String) -> BlockFormat?
  /// The files that all of it comes from; none where it is not from files alone.
  var mappedFiles: [MappedFile] { get }
}

extension TensorSource {
  public var mappedFiles: [MappedFile] { [] }

  /// Bytes of all tensors whose format is supported.
  public var tensorBytes: Int {
    names.reduce(0) { total, name in
      guard let shape = shape(name), let format = format(name) else { return total }
      return total + shape.dropLast().reduce(1, *) * format.rowBytes(shape.last ?? 1)
    }
  }

  /// Throws `CheckpointError` naming the tensor and the index of its first infinity or NaN.
  ///
  /// Reads the whole tensor once: a gigabyte takes about a second.
  public func checkFinite(_ name: String) throws {
    try tensor(name).checkFinite(name)
  }
}

extension Tensor {
  /// Throws `CheckpointError` naming this tensor and the index of its first infinity or NaN.
  public func checkFinite(_ name: String) throws(CheckpointError) {
    guard let place = firstNotFinite() else { return }
    var index: [Int] = []
    var rest = place
    for size in shape.reversed() {
      index.insert(rest % size, at: 0)
      rest /= size
    }
    let value = floats(rows: place / columns..<place / columns + 1)[place % columns]
    throw CheckpointError(
      file: (owner as? MappedFile)?.path ?? "memory", item: name,
      reason: "the weight at \(index) is \(value), which no model can use")
  }

  /// Lets the system forget the pages of this tensor where it lies in a mapped file; they are read again when touched.
  public func releasePages() {
    guard let file = owner as? MappedFile, let base = file.bytes.baseAddress, let start = bytes.baseAddress else {
      return
    }
    let offset = start - base
    if offset >= 0, offset + bytes.count <= file.bytes.count { file.release(offset..<offset + bytes.count) }
  }

  /// A tensor over part of a mapped file; copied only where its address does not suit its element type.
  static func over(_ file: MappedFile, at offset: Int, shape: [Int], format: BlockFormat, byteCount: Int)
    throws(AllocationError)
    -> Tensor
  {
    let part = UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + byteCount])
    let alignment: Int =
      switch format {
      case .f64, .i64: 8
      case .f32, .i32: 4
      case .i8, .mxfp4: 1
      default: 2
      }
    if let base = part.baseAddress, Int(bitPattern: base) % alignment != 0 {
      let buffer = try Buffer(count: byteCount)
      withExtendedLifetime(file) { buffer.bytes.copyMemory(from: part) }
      return Tensor(shape: shape, format: format, buffer: buffer)
    }
    return Tensor(shape: shape, format: format, bytes: part, owner: file)
  }
}

/// Tensors held in memory, in the order they were added.
public struct MemoryTensors: TensorSource, ExpressibleByDictionaryLiteral {
  public private(set) var names: [String] = []
  private var tensors: [String: Tensor] = [:]

  public init() {}
  public init(_ tensors: KeyValuePairs<String, Tensor>) { for (name, tensor) in tensors { self[name] = tensor } }
  public init(dictionaryLiteral elements: (String, Tensor)...) {
    for (name, tensor) in elements { self[name] = tensor }
  }

  public subscript(name: String) -> Tensor? {
    get { tensors[name] }
    set {
      if let newValue {
        if tensors.updateValue(newValue, forKey: name) == nil { names.append(name) }
      } else if tensors.removeValue(forKey: name) != nil {
        names.removeAll { $0 == name }
      }
    }
  }

  public func has(_ name: String) -> Bool { tensors[name] != nil }
  public func tensor(_ name: String) throws -> Tensor {
    guard let tensor = tensors[name] else {
      throw CheckpointError(file: "memory", item: name, reason: "there is no tensor of this name")
    }
    return tensor
  }
  public func shape(_ name: String) -> [Int]? { tensors[name]?.shape }
  public func format(_ name: String) -> BlockFormat? { tensors[name]?.format }
}

/// Bytes of a tensor, or nil where the sizes are negative, too large to count, or no whole number of blocks.
func checkedByteCount(shape: [Int], blockWidth: Int, blockBytes: Int) -> Int? {
  guard shape.allSatisfy({ $0 >= 0 }), (shape.last ?? 1) % blockWidth == 0 else { return nil }
  // The product of all sizes but zeros bounds every product that is taken of them later.
  var elements = 1
  for size in shape where size > 0 {
    let (product, overflow) = elements.multipliedReportingOverflow(by: size)
    if overflow { return nil }
    elements = product
  }
  let (bytes, overflow) = (elements / blockWidth).multipliedReportingOverflow(by: blockBytes)
  if overflow { return nil }
  return shape.contains(0) ? 0 : bytes
}
