import GraphIR
import TensorCore

extension Differentiation {
  // MARK: Attention

  /// `dp[t, h, s] = g[t, h] · v[s, h / group]`, `dv[s, j] = Σₜₕ p[t, h, s] · g[t, h]`.
  func mix(_ gradient: Value, _ node: Node) throws {
    let (pattern, values) = (node.inputs[0], node.inputs[1])
    if needs[pattern] {
      guard let mask = mask(of: pattern) else { throw refusal(node, "mixes by a pattern that attention did not make") }
      give(pattern, g.record(.attentionScores(scale: 1, softcap: nil, mask: mask), [gradient, value(values)]))
    }
    give(values, collect(value(pattern), gradient, like: values))
  }

  /// Softmax's gradient; a sink takes what the other scores of its head lose.
  func pattern(_ gradient: Value, _ inputs: [Int], _ index: Int) {
    let scores = g.record(.training(.attentionPatternGradient), [value(index), gradient])
    give(inputs[0], scores)
    if inputs.count > 1, needs[inputs[1]] {
      let heads = shape(index)[1]
      let sums = scores.summed(to: scores.shape.dropLast() + [1]).reshape(heads.size())
      give(inputs[1], sums.summed(to: [heads]).unary(.negate))
    }
  }

  /// `dq[t, h] = scale · Σₛ d[t, h, s] · k[s, h / group]`, `dk[s, j] = scale · Σₜₕ d[t, h, s] · q[t, h]`, `d` after the
  /// softcap's own slope.
  func scores(_ gradient: Value, _ inputs: [Int], scale: Float, softcap: Float?, mask: AttentionMask) {
    var slopes = gradient
    if let softcap {
      let (q, k) = (value(inputs[0]), value(inputs[1]))
      let bounded = g.record(.attentionScores(scale: scale / softcap, softcap: nil, mask: mask), [q, k])
      slopes = unaryGradient(.tanh, gradient, bounded)
    }
    give(inputs[0], g.record(.attentionMix, [slopes, value(inputs[1])]) * scale)
    give(inputs[1], collect(slopes, value(inputs[0]), like: inputs[1]) * scale)
  }

  private func collect(_ weights: Value, _ rows: Value, like held: Int) -> Value {
    g.record(.training(.attentionCollect(heads: shape(held)[1].size())), [weights, rows])
  }

  private func mask(of pattern: Int) -> AttentionMask? {
    var node = graph.nodes[pattern]
    if case .training(.attentionDropout) = node.op { node = graph.nodes[node.inputs[0]] }
    guard case .attentionPattern = node.op,
      case .attentionScores(_, _, let mask) = graph.nodes[node.inputs[0]].op
    else { return nil }
    return mask
  }

  // MARK: Convolution and recurrence

  func convolution(_ gradient: Value, _ inputs: [Int]) {
    give(inputs[0], g.record(.training(.shortConvolutionGradient), [gradient, value(inputs[1])]))
    let taps = shape(inputs[1])[1].size()
    give(inputs[1], g.record(.training(.shortConvolutionWeightGradient(taps: taps)), [gradient, value(inputs[0])]))
    if inputs.count > 2 { give(inputs[2], gradient.summed(to: shape(inputs[2]))) }
  }

  /// One operation gives all gradients side by side; each operand takes its columns.
  func recurrence(_ gradient: Value, _ inputs: [Int], _ rule: RecurrenceRule) {
    let operands = inputs.map { value($0) }
    let all = g.record(.training(.recurrenceGradient(rule)), [gradient] + operands)
    var start = 0
    for input in inputs {
      let sizes = shape(input).dropFirst().map { $0.size() }
      let end = start + sizes.reduce(1, *)
      let columns = start..<end
      give(input, sizes.count > 1 ? g.record(.reshape(sizes), [all.slice(columns)]) : all.slice(columns))
      start = end
    }
  }
}
