import CKernels
import GraphIR
import Kernels
import Planning

/// A row operation without references to count.
struct RowCode {
  var work: RowWork
  var inputs: UnsafeBufferPointer<Operand>
  var output: Operand
}

/// A stored table of rows.
struct TableCode {
  var rows: UnsafeRawPointer
  var format: UInt32
  var rowBytes: Int
  var count: Int
  var columns: Int
}

enum RowWork {
  case embed(TableCode)
  case gather
  case rmsNorm(epsilon: Float)
  case layerNorm(epsilon: Float)
  case rotation(UnsafeBufferPointer<Double>, magnitude: Float)
  case rope(width: Int, interleaved: Bool)
  case append(state: Int, chunk: Operand?)
  case commit(state: Int)
  case topK(Selection)
  case pick
  case weightedSum
  case unary(row_unary)
  case binary(row_binary)
  case gated(row_unary)
  case affine(scale: Float, offset: Float)
  case clamp(lower: Float, upper: Float)
  case softmax
  case normalizeSum(epsilon: Float)
  case cast(ElementType)
  case join
  case copy
  case quantise(ActivationLayout)

  init(
    _ operation: RowOperation, table: (Int) -> TableCode, frequencies: ([Double]) -> UnsafeBufferPointer<Double>
  ) {
    self =
      switch operation {
      case .embed(let index): .embed(table(index))
      case .gather: .gather
      case .rmsNorm(let epsilon): .rmsNorm(epsilon: epsilon)
      case .layerNorm(let epsilon, _): .layerNorm(epsilon: epsilon)
      case .rotation(let turns, let magnitude): .rotation(frequencies(turns), magnitude: magnitude)
      case .rope(let width, let interleaved): .rope(width: width, interleaved: interleaved)
      case .append(let state, let chunk): .append(state: state, chunk: chunk)
      case .commit(let state): .commit(state: state)
      case .topK(let selection): .topK(selection)
      case .pick: .pick
      case .weightedSum: .weightedSum
      case .unary(let function): .unary(Self.kernel(function))
      case .binary(let function): .binary(Self.kernel(function))
      case .gated(let function): .gated(Self.kernel(function))
      case .affine(let scale, let offset): .affine(scale: scale, offset: offset)
      case .clamp(let lower, let upper): .clamp(lower: lower, upper: upper)
      case .softmax: .softmax
      case .normalizeSum(let epsilon): .normalizeSum(epsilon: epsilon)
      case .cast(let type): .cast(type)
      case .join: .join
      case .copy: .copy
      case .quantise(let layout): .quantise(layout)
      }
  }

  static func kernel(_ function: Unary) -> row_unary {
    switch function {
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

  private static func kernel(_ function: Binary) -> row_binary {
    switch function {
    case .add: ROW_ADD
    case .subtract: ROW_SUBTRACT
    case .multiply: ROW_MULTIPLY
    case .divide: ROW_DIVIDE
    case .minimum: ROW_MINIMUM
    case .maximum: ROW_MAXIMUM
    }
  }
}
