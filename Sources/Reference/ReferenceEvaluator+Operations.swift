import GraphIR

extension Evaluator {
  /// The value of one operation; states are replaced by what they hold after the step.
  static func evaluate(
    _ op: Op, _ operands: [HostArray<Scalar>], step: Step, states: inout [String: [Scalar]]
  ) throws -> HostArray<Scalar> {
    let x = operands.first ?? HostArray(shape: [0], values: [])
    let second = operands.dropFirst().first
    let third = operands.dropFirst(2).first
    switch op {
    case .input(let name, _, _): return try input(name, step)
    case .weight(let name, _): throw Misuse("weight \(name) was not read")

    case .gather: return try x.gathering(from: operands[1])
    case .linear: return x.linear(operands[1], bias: third)
    case .headLinear: return x.headLinear(operands[1])
    case .expertLinear: return try x.expertLinear(operands[1], choice: operands[2])

    case .rmsNorm(let epsilon): return x.rmsNorm(epsilon, weight: second)
    case .layerNorm(let epsilon): return x.layerNorm(epsilon, weight: second, bias: third)
    case .rope(let embedding): return try x.rotated(embedding, at: operands[1], context: step.context)

    case .append(let state):
      try step.requireOneSequence(state.name)
      let rows = states[state.name, default: []] + x.values
      guard rows.count == step.end * x.rowWidth else { throw Misuse("\(state.name) lacks rows of earlier positions") }
      states[state.name] = rows
      return HostArray(shape: [step.end] + (x.shape.count == 3 ? x.shape.dropFirst() : [1, x.columns]), values: rows)
    case .attentionScores(let scale, let softcap, let mask):
      return try x.attentionScores(operands[1], scale: scale, softcap: softcap, mask: mask, step: step)
    case .attentionPattern: return x.attentionPattern(sinks: second)
    case .attentionMix: return try x.attentionMix(operands[1])
    case .shortConvolution(let state):
      return x.shortConvolution(
        operands[1], bias: third, runs: step.runs, earlier: &states[state.name, default: []])
    case .recurrence(let rule, let state):
      return Recurrence(rule: rule, queries: x, keys: operands[1], values: operands[2], decay: operands[3])
        .run(rate: operands.dropFirst(4).first, runs: step.runs, state: &states[state.name, default: []])

    case .topK(let selection): return x.topK(selection)
    case .pick: return try x.picked(by: operands[1])
    case .weightedSum: return x.weightedSum(operands[1])

    case .unary(let function): return x.map { apply(function, to: $0) }
    case .binary(let function): return x.combined(with: operands[1]) { apply(function, to: $0, $1) }
    case .affine(let scale, let offset): return x.map { $0 * Scalar(scale) + Scalar(offset) }
    case .clamp(let lower, let upper): return x.map { max(Scalar(lower), min(Scalar(upper), $0)) }
    case .softmax: return x.mapRows { softmax($0) }
    case .normalizeSum(let epsilon): return x.normalizedSum(epsilon)
    case .cast(let type): return type == .int32 ? x.map(truncated) : x

    case .reshape(let sizes): return HostArray(shape: x.shape.prefix(1) + sizes, values: x.values)
    case .slice(let range):
      return HostArray(
        shape: x.shape.dropLast() + [range.count],
        values: (0..<x.rowCount).flatMap { x.row($0).dropFirst(range.lowerBound).prefix(range.count) })
    case .concatenate:
      let y = operands[1]
      return HostArray(
        shape: x.shape.dropLast() + [x.columns + y.columns],
        values: (0..<x.rowCount).flatMap { x.row($0) + y.row($0) })

    case .training(let op): return try training(op, operands, step: step)
    }
  }

  private static func input(_ name: String, _ step: Step) throws -> HostArray<Scalar> {
    switch name {
    case "tokens": return HostArray(shape: [step.tokens.count], values: step.tokens.map { Scalar($0) })
    case "positions": return HostArray(shape: [step.tokens.count], values: step.positions.map { Scalar($0) })
    case "rows": return HostArray(shape: [step.rows.count], values: step.rows.map { Scalar($0) })
    default:
      guard let values = step.inputs[name] else { throw Misuse("the step does not give this input") }
      return HostArray(shape: [values.count], values: values.map { Scalar($0) })
    }
  }
}
