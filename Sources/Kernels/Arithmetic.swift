import CKernels

/// How products with quantised weights are computed.
public enum Arithmetic: String, Hashable, Sendable, CaseIterable {
  /// Activations stay float32 and weights are decoded exactly.
  case float32
  /// Activations become bytes for quantised weights, and bfloat16 for such weights where the processor multiplies those; they stay
  /// float32 for others.
  case quantised
}

/// The fastest for this processor, by layout; every one gives the same bytes.
private let quantisers: [matmul_quantiser?] = (0..<MATMUL_LAYOUTS.rawValue).map {
  matmul_quantiser_for(matmul_activation($0), ProcessorFeatures.current.rawValue)
}

/// How a row of activations lies in memory for a kernel.
public enum ActivationLayout: String, Hashable, Sendable, CaseIterable {
  /// Plain float32.
  case f32
  /// Bfloat16, rounded to nearest, ties to even; an even number of them.
  case bf16
  /// Blocks of 32 bytes with a float32 scale (largest magnitude / 127) and sums, 52 bytes a block.
  case q8
  /// Blocks of 128 bytes with a float32 scale (largest magnitude / 127) and sums, 188 bytes a block, for weights with super-blocks.
  case q8Wide = "q8_128"

  /// Columns that are written together: a row's columns are a multiple of it, save for bf16.
  public var blockWidth: Int {
    switch self {
    case .f32: 1
    case .bf16: 2
    case .q8: Int(MATMUL_WIDTH)
    case .q8Wide: Int(MATMUL_WIDE)
    }
  }

  /// Bytes of a row. A part of a row that starts at a multiple of `blockWidth` starts at its `rowBytes`.
  public func rowBytes(_ columns: Int) -> Int {
    let blocks = (columns + blockWidth - 1) / blockWidth
    return switch self {
    case .f32, .bf16: blocks * MemoryLayout<Float>.stride
    case .q8: blocks * MemoryLayout<matmul_q8_block>.stride
    case .q8Wide: blocks * MemoryLayout<matmul_q8_wide>.stride
    }
  }

  var kernelLayout: matmul_activation {
    switch self {
    case .f32: MATMUL_F32
    case .bf16: MATMUL_BF16
    case .q8: MATMUL_Q8
    case .q8Wide: MATMUL_Q8_WIDE
    }
  }

  init(_ layout: matmul_activation) {
    switch layout {
    case MATMUL_BF16: self = .bf16
    case MATMUL_Q8: self = .q8
    case MATMUL_Q8_WIDE: self = .q8Wide
    default: self = .f32
    }
  }

  /// Writes a row of activations in this layout. The result is the same on every processor, and a block's depends on nothing but its
  /// own values.
  public func quantise(
    row: UnsafePointer<Float>, columns: Int, into destination: UnsafeMutableRawPointer
  ) {
    if let quantiser = quantisers[Int(kernelLayout.rawValue)] {
      quantiser(row, columns, destination)
    } else {
      destination.copyMemory(from: row, byteCount: rowBytes(columns))
    }
  }
}
