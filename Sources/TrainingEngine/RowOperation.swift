import CKernels
import GraphIR

/// An operation whose result in a row needs only that row of its first operand; `width` is the last dimension's size.
enum RowOperation: Sendable {
  case copy
  /// Rows of the second operand, a table `[count, width]`, at the first's indices.
  case gather(width: Int)
  /// The same at the batch's integers.
  case embed(width: Int)
  case unary(row_unary)
  /// `g · f′(x)` of `g` and `x`.
  case unaryGradient(row_unary)
  case binary(row_binary, Spread)
  case affine(scale: Float, offset: Float)
  case clamp(lower: Float, upper: Float)
  case truncate
  /// By the second operand's keys, which are integers.
  case dropout(DropoutMask)
  case softmax(width: Int)
  case normalizeSum(epsilon: Float, width: Int)
  case rmsNorm(epsilon: Float, width: Int)
  case layerNorm(epsilon: Float, width: Int)
  case normGradient(epsilon: Float, width: Int, isCentred: Bool)
  /// By the second operand's positions, which are integers.
  case rope(RotaryTable, RotaryEmbedding, width: Int)
  case sum(Spread)
  case spread(Spread)
  case pad(before: Int, width: Int, after: Int)
  case slice(Range<Int>, width: Int)
  case join(Int, Int)
  case topK(Selection, width: Int)
  case pick(width: Int)
  case unpick(width: Int)
  case weightedSum(width: Int)
  /// The second operand is integers.
  case crossEntropy
  case crossEntropyGradient

  /// Whether a row of the result needs only that row of its operands, or a row for all, and is as wide as the first's.
  var isRowwise: Bool {
    switch self {
    case .rmsNorm, .layerNorm, .softmax, .normalizeSum, .binary, .affine, .clamp, .unary, .unaryGradient, .dropout:
      true
    default: false
    }
  }

  /// Whether an element of the result needs only that element of operands with as many columns, or a row for all.
  var isElementwise: Bool {
    switch self {
    case .unary, .unaryGradient, .affine, .clamp, .dropout, .binary(_, .alike): true
    case .binary(_, .tiled(let period)): period > 0
    default: false
    }
  }
}

extension DropoutMask {
  var kernel: dropout_mask { dropout_mask(salt: salt, threshold: threshold, scale: scale) }
}

extension Unary {
  var kernel: row_unary {
    switch self {
    case .silu: ROW_SILU
    case .sigmoid: ROW_SIGMOID
    case .gelu: ROW_GELU
    case .geluTanh: ROW_GELU_TANH
    case .relu: ROW_RELU
    case .reluSquared: ROW_RELU_SQUARED
    case .tanh: ROW_TANH
    case .exp: ROW_EXP
    case .softplus: ROW_SOFTPLUS
    case .log1p: ROW_LOG1P
    case .floor: ROW_FLOOR
    case .negate: ROW_NEGATE
    }
  }
}

extension Binary {
  var kernel: row_binary {
    switch self {
    case .add: ROW_ADD
    case .subtract: ROW_SUBTRACT
    case .multiply: ROW_MULTIPLY
    case .divide: ROW_DIVIDE
    case .minimum: ROW_MINIMUM
    case .maximum: ROW_MAXIMUM
    }
  }
}
