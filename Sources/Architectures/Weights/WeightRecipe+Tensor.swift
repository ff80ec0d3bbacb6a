public import Checkpoints
import Quantization
public import TensorCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension WeightRecipe {
  /// The tensor that this recipe makes of `source`'s.
  ///
  /// Parts of mapped files stay where they are wherever their order allows it. Throws what `source` throws, and
  /// `CheckpointError` naming the stored tensor whose shape or format does not allow the step.
  public func tensor(from source: some TensorSource) throws -> Tensor {
    switch self {
    case .stored(let name): return try source.tensor(name)
    case .first(let all):
      let present = all.first { $0.sources.allSatisfy(source.has) }
      guard let chosen = present ?? all.first else { throw misfit("there is no recipe") }
      return try chosen.tensor(from: source)
    case .rows(let base, let range):
      let tensor = try base.tensor(from: source)
      guard let count = tensor.shape.first, range.lowerBound >= 0, range.upperBound <= count, !range.isEmpty else {
        throw misfit("its shape \(tensor.shape) has no rows \(range)")
      }
      let size = tensor.bytes.count / count
      return Tensor(
        shape: [range.count] + tensor.shape.dropFirst(), format: tensor.format,
        bytes: UnsafeRawBufferPointer(rebasing: tensor.bytes[range.lowerBound * size..<range.upperBound * size]),
        owner: tensor.owner)
    case .columns(let base, let range): return try columns(base.tensor(from: source), range)
    case .transposed(let base): return try transposed(base.tensor(from: source))
    case .stacked(let all):
      let tensors = try all.map { try $0.tensor(from: source) }
      return try joined(tensors, shape: [tensors.count] + (tensors.first?.shape ?? []))
    case .concatenated(let all):
      let tensors = try all.map { try $0.tensor(from: source) }
      let rows = tensors.reduce(0) { $0 + ($1.shape.first ?? 1) }
      return try joined(tensors, shape: [rows] + (tensors.first?.shape.dropFirst() ?? []))
    case .reshaped(let base, let shape):
      let tensor = try base.tensor(from: source)
      guard shape.reduce(1, *) == tensor.elementCount, (shape.last ?? 1) % tensor.format.blockWidth == 0 else {
        throw misfit("its shape \(tensor.shape) cannot become \(shape)")
      }
      return Tensor(shape: shape, format: tensor.format, bytes: tensor.bytes, owner: tensor.owner)
    case .interleavedForRope(let base, let heads, let width):
      return try interleaved(base.tensor(from: source), heads: heads, width: width)
    case .plus(let base, let constant): return mapped(try base.tensor(from: source)) { $0 + constant }
    case .negatedExponential(let base): return mapped(try base.tensor(from: source)) { -expf($0) }
    case .mxfp4(let blocks, let scales):
      return try Self.mxfp4(blocks: blocks.tensor(from: source), scales: scales.tensor(from: source))
    }
  }

  func misfit(_ reason: String) -> CheckpointError {
    CheckpointError(file: "weights", item: sources.first, reason: reason)
  }

  private func mapped(_ tensor: Tensor, _ function: (Float) -> Float) -> Tensor {
    Tensor(tensor.floats().map(function), shape: tensor.shape)
  }

  private func joined(_ tensors: [Tensor], shape: [Int]) throws -> Tensor {
    guard let first = tensors.first, !first.shape.isEmpty,
      tensors.allSatisfy({ $0.format == first.format && $0.shape.dropFirst() == first.shape.dropFirst() })
    else { throw misfit("the parts \(tensors.map(\.shape)) in \(tensors.map(\.format)) do not join") }
    let buffer = try Buffer(count: tensors.reduce(0) { $0 + $1.bytes.count })
    var offset = 0
    for tensor in tensors {
      UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[offset...]).copyMemory(from: tensor.bytes)
      offset += tensor.bytes.count
      tensor.releasePages()
    }
    return Tensor(shape: shape, format: first.format, buffer: buffer)
  }

  /// Copies rows of `size` bytes: row `r` of the result is row `place(r)`.
  private func reordered(
    _ tensor: Tensor, shape: [Int], size: Int, count: Int, from place: (Int) -> Int
  ) throws -> Tensor {
    let buffer = try Buffer(count: tensor.bytes.count)
    if let source = tensor.bytes.baseAddress {
      for row in 0..<count { (buffer.base + row * size).copyMemory(from: source + place(row) * size, byteCount: size) }
    }
    tensor.releasePages()
    return Tensor(shape: shape, format: tensor.format, buffer: buffer)
  }

  private func interleaved(_ tensor: Tensor, heads: Int, width: Int) throws -> Tensor {
    let rows = tensor.shape.first ?? 0
    guard rows == heads * width, width % 2 == 0, tensor.shape.count > 1 || !tensor.format.isQuantised else {
      throw misfit("its shape \(tensor.shape) has not \(heads) heads of \(width)")
    }
    return try reordered(tensor, shape: tensor.shape, size: tensor.bytes.count / max(rows, 1), count: rows) { row in
      let (head, place) = row.quotientAndRemainder(dividingBy: width)
      return head * width + place / 2 + place % 2 * (width / 2)
    }
  }

  func transposed(_ tensor: Tensor) throws -> Tensor {
    guard tensor.shape.count >= 2, !tensor.format.isQuantised else {
      throw misfit("its shape \(tensor.shape) in \(tensor.format) cannot be transposed")
    }
    let shape = tensor.shape.dropLast(2) + [tensor.columns, tensor.shape[tensor.shape.count - 2]]
    let buffer = try Buffer(count: tensor.bytes.count)
    switch tensor.format.blockBytes {
    case 1: Self.transpose(tensor, to: buffer, as: UInt8.self)
    case 2: Self.transpose(tensor, to: buffer, as: UInt16.self)
    case 4: Self.transpose(tensor, to: buffer, as: UInt32.self)
    default: Self.transpose(tensor, to: buffer, as: UInt64.self)
    }
    tensor.releasePages()
    return Tensor(shape: Array(shape), format: tensor.format, buffer: buffer)
  }

  /// Exchanges the last two dimensions in squares that stay in the cache.
  private static func transpose<Element>(_ tensor: Tensor, to buffer: Buffer, as type: Element.Type) {
    let (rows, columns) = (tensor.shape[tensor.shape.count - 2], tensor.columns)
    let source = tensor.bytes.bindMemory(to: Element.self)
    let target = buffer.bytes.bindMemory(to: Element.self)
    for start in stride(from: 0, to: tensor.elementCount, by: max(rows * columns, 1)) {
      for top in stride(from: 0, to: rows, by: 32) {
        for left in stride(from: 0, to: columns, by: 32) {
          for row in top..<min(top + 32, rows) {
            for column in left..<min(left + 32, columns) {
              target[start + column * rows + row] = source[start + row * columns + column]
            }
          }
        }
      }
    }
    withExtendedLifetime((tensor, buffer)) {}
  }

  private func columns(_ tensor: Tensor, _ range: Range<Int>) throws -> Tensor {
    let width = tensor.format.blockWidth
    guard range.lowerBound >= 0, range.upperBound <= tensor.columns, !range.isEmpty, range.lowerBound % width == 0,
      range.count % width == 0
    else { throw misfit("its shape \(tensor.shape) in \(tensor.format) has no columns \(range)") }
    let (size, start) = (tensor.format.rowBytes(range.count), tensor.format.rowBytes(range.lowerBound))
    let full = tensor.format.rowBytes(tensor.columns)
    let buffer = try Buffer(count: size * tensor.rowCount)
    if let source = tensor.bytes.baseAddress {
      for row in 0..<tensor.rowCount {
        (buffer.base + row * size).copyMemory(from: source + row * full + start, byteCount: size)
      }
    }
    withExtendedLifetime(tensor) {}
    return Tensor(shape: tensor.shape.dropLast() + [range.count], format: tensor.format, buffer: buffer)
  }

  /// Interleaves nibbles and exponents into GGUF's blocks of 17 bytes.
  ///
  /// A Hugging Face byte holds elements `2i` and `2i + 1`; a GGUF byte elements `i` and `i + 16`.
  private static func mxfp4(blocks: Tensor, scales: Tensor) throws -> Tensor {
    guard blocks.shape.last == 16, Array(blocks.shape.dropLast()) == scales.shape, scales.shape.count >= 2,
      blocks.bytes.count == scales.bytes.count * 16
    else {
      throw CheckpointError(
        file: "weights", reason: "MXFP4 blocks \(blocks.shape) with scales \(scales.shape) are not 16 bytes a scale")
    }
    let count = scales.bytes.count
    let buffer = try Buffer(count: count * 17)
    let output = buffer.bytes
    for block in 0..<count {
      output[block * 17] = scales.bytes[block]
      for pair in 0..<8 {
        let (low, high) = (blocks.bytes[block * 16 + pair], blocks.bytes[block * 16 + pair + 8])
        output[block * 17 + 1 + 2 * pair] = low & 15 | (high & 15) << 4
        output[block * 17 + 2 + 2 * pair] = low >> 4 | high & 0xF0
      }
    }
    withExtendedLifetime((blocks, scales, buffer)) {}
    let shape = scales.shape.dropLast() + [scales.columns * 32]
    return Tensor(shape: Array(shape), format: .mxfp4, buffer: buffer)
  }
}
