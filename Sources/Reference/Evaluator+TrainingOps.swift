import GraphIR
import TensorCore

extension Evaluator {
  /// The value of an operation that only training uses.
  static func training(
    _ op: TrainingOp, _ operands: [HostArray<Scalar>], step: Step
  ) throws -> HostArray<Scalar> {
    let x = operands[0]
    let y = operands.count > 1 ? operands[1] : x
    switch op {
    case .crossEntropy: return try x.crossEntropy(targets: y)
    case .crossEntropyGradient: return try x.crossEntropyGradient(targets: y, gradient: operands[2])

    case .transposedLinear(.rows): return x.transposedLinear(y) { _ in 0 }
    case .transposedLinear(.heads): return x.transposedLinear(y) { $0 % x.shape[1] }
    case .transposedLinear(.experts(let count)):
      return try x.transposedLinear(y) { try index(operands[2].values[$0], below: count) }
    case .outerSum(.rows): return x.outerSum(y, matrices: nil) { _ in 0 }
    case .outerSum(.heads): return x.outerSum(y, matrices: x.shape[1]) { $0 % x.shape[1] }
    case .outerSum(.experts(let count)):
      return try x.outerSum(y, matrices: count) { try index(operands[2].values[$0], below: count) }
    case .scatterSum(let rows): return try x.scatterSum(y, rows: rows.size(step.bindings))
    case .unpick(let count): return try x.unpicked(by: y, count: count)

    case .sum(let shape): return x.sum(to: shape.map { $0.size(step.bindings) })
    case .spread(let shape):
      let sizes = shape.map { $0.size(step.bindings) }
      return HostArray(shape: sizes, values: [Scalar](repeating: 0, count: sizes.reduce(1, *))).combined(with: x, +)
    case .pad(let before, let after):
      return HostArray(
        shape: x.shape.dropLast() + [before + x.columns + after],
        values: (0..<x.rowCount).flatMap { row in
          [Scalar](repeating: 0, count: before) + x.row(row) + [Scalar](repeating: 0, count: after)
        })

    case .unaryGradient(let function):
      return x.combined(with: y) { Scalar($0.double * slope(of: function, at: $1.double)) }
    case .rmsNormGradient(let epsilon): return x.normGradient(y, epsilon, isCentred: false)
    case .layerNormGradient(let epsilon): return x.normGradient(y, epsilon, isCentred: true)

    case .dropout(let mask): return try x.dropped(by: y, mask)
    case .attentionDropout(let mask): return try x.droppedPattern(by: y, mask, runs: step.runs)

    case .attentionPatternGradient: return x.attentionPatternGradient(y)
    case .attentionCollect(let heads): return x.attentionCollect(y, heads: heads)
    case .shortConvolutionGradient: return x.shortConvolutionGradient(weight: y, runs: step.runs)
    case .shortConvolutionWeightGradient(let taps):
      return x.shortConvolutionWeightGradient(y, taps: taps, runs: step.runs)
    case .recurrenceGradient(let rule):
      return Recurrence(rule: rule, queries: y, keys: operands[2], values: operands[3], decay: operands[4])
        .gradient(x, rate: operands.dropFirst(5).first, runs: step.runs)
    }
  }
}
