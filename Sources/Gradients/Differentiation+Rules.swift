import GraphIR
import TensorCore

extension Differentiation {
  /// One rule for each operation: what its operands get of its gradient.
  func propagate(_ gradient: Value, of node: Node, _ index: Int) throws {
    let inputs = node.inputs
    switch node.op {
    case .input, .weight, .topK: break
    case .gather: gather(gradient, inputs)
    case .linear: linear(gradient, inputs, .rows)
    case .headLinear: linear(gradient, inputs, .heads)
    case .expertLinear: linear(gradient, inputs, .experts(shape(inputs[1])[0].size()))

    case .rmsNorm(let epsilon):
      norm(gradient, inputs, .rmsNorm(epsilon: epsilon), .rmsNormGradient(epsilon: epsilon))
    case .layerNorm(let epsilon):
      norm(gradient, inputs, .layerNorm(epsilon: epsilon), .layerNormGradient(epsilon: epsilon))
    case .rope(var embedding):
      embedding.isReversed.toggle()
      give(inputs[0], gradient.rope(embedding, at: value(inputs[1])))

    case .append:
      throw refusal(node, "reads rows of earlier steps, which have no gradient")
    case .attentionScores(let scale, let softcap, let mask):
      scores(gradient, inputs, scale: scale, softcap: softcap, mask: mask)
    case .attentionPattern: pattern(gradient, inputs, index)
    case .attentionMix: try mix(gradient, node)
    case .shortConvolution: convolution(gradient, inputs)
    case .recurrence(let rule, _): recurrence(gradient, inputs, rule)

    case .pick:
      give(inputs[0], gradient.unpicked(by: value(inputs[1]), count: shape(inputs[0]).last?.fixed ?? 1))
    case .weightedSum: weightedSum(gradient, inputs)

    case .unary(.floor): throw refusal(node, "has no gradient")
    case .unary(.negate): give(inputs[0], gradient.unary(.negate))
    case .unary(let function):
      give(inputs[0], unaryGradient(function, gradient, value(inputs[0])))
    case .binary(let function): binary(function, gradient, inputs, index)
    case .affine(let scale, _): give(inputs[0], scale == 1 ? gradient : gradient * scale)
    case .clamp(let lower, let upper):
      let x = value(inputs[0])
      let above = unaryGradient(.relu, gradient, x.affine(offset: -lower))
      give(inputs[0], unaryGradient(.relu, above, x.affine(scale: -1, offset: upper)))
    case .softmax:
      let p = value(index)
      give(inputs[0], p * (gradient - sumOfRow(p * gradient)))
    case .normalizeSum(let epsilon):
      let (x, y) = (value(inputs[0]), value(index))
      let sum = sumOfRow(x).affine(offset: epsilon)
      give(inputs[0], (gradient - sumOfRow(y * gradient)).binary(.divide, sum))
    case .cast: give(inputs[0], gradient)

    case .reshape:
      let sizes = shape(inputs[0]).dropFirst().map { $0.size() }
      give(inputs[0], g.record(.reshape(Array(sizes)), [gradient]))
    case .slice(let range): give(inputs[0], part: range, gradient)
    case .concatenate:
      let (first, second) = (shape(inputs[0]).last?.fixed ?? 1, shape(inputs[1]).last?.fixed ?? 1)
      give(inputs[0], gradient.slice(0..<first))
      give(inputs[1], gradient.slice(first..<first + second))
    case .training(let op): try training(op, gradient, node)
    }
  }

  func shape(_ index: Int) -> Shape { graph.nodes[index].shape }

  func refusal(_ node: Node, _ reason: String) -> GradientError {
    GradientError(node: node.name, op: node.op.mnemonic, reason: reason)
  }

  func unaryGradient(_ function: Unary, _ gradient: Value, _ x: Value) -> Value {
    g.record(.training(.unaryGradient(function)), [gradient, x])
  }

  /// Sums along the last dimension, which stays as 1.
  private func sumOfRow(_ x: Value) -> Value { x.summed(to: x.shape.dropLast() + [1]) }

  private func gather(_ gradient: Value, _ inputs: [Int]) {
    give(inputs[1], g.record(.training(.scatterSum(shape(inputs[1])[0])), [value(inputs[0]), gradient]))
  }

  /// `dx = Wᵀ · g`, `dW = Σ g ⊗ x`, `db = Σ g`.
  private func linear(_ gradient: Value, _ inputs: [Int], _ map: LinearMap) {
    var (choice, bias): (Value?, Int?)
    if inputs.count > 2 {
      if case .experts = map { choice = value(inputs[2]) } else { bias = inputs[2] }
    }
    let choices = choice.map { [$0] } ?? []
    if needs[inputs[0]] {
      var rows = g.record(.training(.transposedLinear(map)), [gradient, value(inputs[1])] + choices)
      let x = shape(inputs[0])
      // Every chosen expert read the same row.
      if rows.shape.count > x.count { rows = rows.summed(to: [x[0], 1, x[1]]).reshape(rows.width) }
      give(inputs[0], rows)
    }
    give(inputs[1], g.record(.training(.outerSum(map)), [gradient, value(inputs[0])] + choices))
    if let bias { give(bias, gradient.summed(to: shape(bias))) }
  }

  private func norm(_ gradient: Value, _ inputs: [Int], _ op: Op, _ gradientOp: TrainingOp) {
    let x = value(inputs[0])
    var scaled = gradient
    if inputs.count > 1 {
      if needs[inputs[0]] { scaled = gradient * value(inputs[1]) }
      give(inputs[1], (gradient * g.record(op, [x])).summed(to: shape(inputs[1])))
    }
    if inputs.count > 2 { give(inputs[2], gradient.summed(to: shape(inputs[2]))) }
    give(inputs[0], g.record(.training(gradientOp), [scaled, x]))
  }

  /// `dx[t, k] = w[t, k] · g[t]`, `dw[t, k] = g[t] · x[t, k]`.
  private func weightedSum(_ gradient: Value, _ inputs: [Int]) {
    let (x, weights) = (value(inputs[0]), value(inputs[1]))
    let row = g.record(.reshape([1, gradient.width]), [gradient])
    give(inputs[0], row.spread(to: x.shape) * weights.reshape(weights.width, 1))
    give(inputs[1], sumOfRow(x * row).reshape(weights.width))
  }

  private func binary(_ function: Binary, _ gradient: Value, _ inputs: [Int], _ index: Int) {
    let (a, b) = (inputs[0], inputs[1])
    switch function {
    case .add:
      give(a, gradient)
      give(b, gradient.summed(to: shape(b)))
    case .subtract:
      give(a, gradient)
      give(b, gradient.summed(to: shape(b)).unary(.negate))
    case .multiply:
      give(a, gradient * value(b))
      give(b, (gradient * value(a)).summed(to: shape(b)))
    case .divide:
      let share = gradient.binary(.divide, value(b))
      give(a, share)
      give(b, (share * value(index)).summed(to: shape(b)).unary(.negate))
    case .minimum, .maximum:
      // All of it goes to the operand that was taken; where both are equal, to the second.
      let difference = value(a) - value(b)
      let first = unaryGradient(.relu, gradient, function == .maximum ? difference : difference.unary(.negate))
      give(a, first)
      give(b, (gradient - first).summed(to: shape(b)))
    }
  }
}
