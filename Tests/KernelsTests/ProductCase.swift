import CKernels
import Kernels
import TensorCore

/// Activations as a kernel reads them, and the numbers they stand for.
struct Activations {
  let layout: ActivationLayout
  let tokens: Int
  let columns: Int
  let stored: [UInt8]
  /// [tokens, columns], exactly what the kernel multiplies with.
  let values: [Double]

  init(_ layout: ActivationLayout, tokens: Int, columns: Int, seed: UInt64) {
    var random = Randomness(state: seed)
    self.init(layout, tokens: tokens, columns: columns, values: random.floats(tokens * columns, in: -3...3))
  }

  init(_ layout: ActivationLayout, tokens: Int, columns: Int, values: [Float]) {
    self.layout = layout
    self.tokens = tokens
    self.columns = columns
    var stored = [UInt8](repeating: 0xaa, count: tokens * layout.rowBytes(columns))
    stored.withUnsafeMutableBytes { bytes in
      values.withUnsafeBufferPointer { values in
        for token in 0..<tokens {
          layout.quantise(
            row: values.baseAddress! + token * columns, columns: columns,
            into: bytes.baseAddress! + token * layout.rowBytes(columns))
        }
      }
    }
    self.stored = stored
    switch layout {
    case .f32: self.values = values.map(Double.init)
    case .bf16:
      let halves: [UInt16] = Self.blocks(stored)
      let stride = layout.rowBytes(columns) / 2
      self.values = (0..<tokens * columns).map { index in
        Double(Float(bitPattern: UInt32(halves[index / columns * stride + index % columns]) << 16))
      }
    case .q8:
      self.values = Self.blocks(stored).flatMap { (block: matmul_q8_block) in
        withUnsafeBytes(of: block.values) { $0.map { Double(block.scale) * Double(Int8(bitPattern: $0)) } }
      }
    case .q8Wide:
      self.values = Self.blocks(stored).flatMap { (block: matmul_q8_wide) in
        withUnsafeBytes(of: block.values) { $0.map { Double(block.scale) * Double(Int8(bitPattern: $0)) } }
      }
    }
  }

  static func blocks<Block: BitwiseCopyable>(_ stored: [UInt8]) -> [Block] {
    stored.withUnsafeBytes { bytes in
      (0..<stored.count / MemoryLayout<Block>.stride).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Block>.stride, as: Block.self)
      }
    }
  }
}

/// Packed weights with everything that a product needs.
struct ProductCase {
  let weights: Weights
  let packing: Packing
  let packed: [UInt8]

  init(_ weights: Weights, _ packing: Packing) {
    self.weights = weights
    self.packing = packing
    var packed = [UInt8](
      repeating: 0x55, count: packing.bytes(rows: weights.rows, columns: weights.columns))
    packed.withUnsafeMutableBytes { target in
      weights.stored.withUnsafeBytes { source in
        guard let base = target.baseAddress else { return }
        packing.pack(
          source.baseAddress!, rows: weights.rows, columns: weights.columns,
          panels: 0..<Packing.panels(rows: weights.rows), into: base)
      }
    }
    self.packed = packing.isMapped ? weights.stored : packed
  }

  /// What lies between rows of outputs and must stay.
  static let untouched: Float = -12345

  /// [tokens, rows + 3]: products, then three untouched floats a row.
  func multiply(
    _ catalogue: KernelCatalogue, _ activations: Activations, panels: [Range<Int>]? = nil,
    tokens: Range<Int>? = nil, change: (inout Product) -> Void = { _ in }
  ) -> [Float] {
    let tokens = tokens ?? 0..<activations.tokens
    let stride = weights.rows + 3
    var output = [Float](repeating: Self.untouched, count: tokens.count * stride)
    var scratch = [UInt8](repeating: 0x33, count: packing.scratchBytes(columns: weights.columns))
    output.withUnsafeMutableBufferPointer { output in
      packed.withUnsafeBytes { packed in
        activations.stored.withUnsafeBytes { stored in
          scratch.withUnsafeMutableBytes { scratch in
            for range in panels ?? [0..<Packing.panels(rows: weights.rows)] {
              var product = Product(
                weights: packed.baseAddress!, packing: packing, rows: weights.rows, columns: weights.columns,
                panels: range,
                activations: stored.baseAddress! + tokens.lowerBound * activations.layout.rowBytes(weights.columns),
                output: output.baseAddress!, outputStride: stride, tokens: tokens.count, scratch: scratch.baseAddress)
              change(&product)
              catalogue.multiply(product)
            }
          }
        }
      }
    }
    return output
  }

  /// How far each output may be from the exact product: a rounding for each float operation on the way to a sum.
  /// Float kernels round twice a column; byte kernels up to five times a block of 32, on sums that are exact integers.
  func expected(_ activations: Activations) -> (values: [Double], bounds: [Double]) {
    let columns = weights.columns
    let roundings = [.f32, .bf16].contains(activations.layout) ? 2 * columns : 5 * (columns / 32) + 8
    let unit = Double(Float.ulpOfOne) / 2
    let factor = Double(roundings) * unit / (1 - Double(roundings) * unit)
    var values: [Double] = []
    var bounds: [Double] = []
    for token in 0..<activations.tokens {
      for row in 0..<weights.rows {
        var sum = 0.0
        var magnitude = 0.0
        for column in 0..<columns {
          let weight = Double(weights.decoded[row * columns + column])
          let minimum = Double(weights.minimums[row * columns + column])
          let value = activations.values[token * columns + column]
          sum += weight * value
          magnitude += (abs(weight - minimum) + abs(minimum)) * abs(value)
        }
        values.append(sum)
        bounds.append(factor * magnitude + 1e-37)
      }
    }
    return (values, bounds)
  }
}

/// Every instruction set that this processor can run.
let catalogues: [KernelCatalogue] =
  ["scalar", "avx2", "avxvnni", "avx512", "dotprod"].compactMap { level in
    guard let features = ProcessorFeatures(level: level) else { return nil }
    let usable = features.intersection(.detected)
    return features == usable || features.subtracting(usable) == .avx512bf16 ? KernelCatalogue(features: usable) : nil
  } + (ProcessorFeatures.detected.contains(.i8mm) ? [KernelCatalogue(features: .detected)] : [])
