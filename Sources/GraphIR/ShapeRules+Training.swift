import TensorCore

extension Op {
  /// Shapes of the operations that only training uses.
  func trainingResult(_ op: TrainingOp, _ operands: [Operand]) throws(Misfit) -> Operand {
    let shapes = operands.map(\.shape)
    let x = shapes[0]
    switch op {
    case .crossEntropy, .crossEntropyGradient:
      try require(
        x.count == 2 && shapes[1] == [x[0]] && operands[1].type == .int32 && (shapes.count < 3 || shapes[2] == [x[0]]),
        "targets \(text(shapes[1])) of \(operands[1].type) on \(text(x))")
      return (op == .crossEntropy ? [x[0]] : x, .float32)
    case .transposedLinear(let map): return (try transposedShape(map, shapes), .float32)
    case .outerSum(let map): return (try outerShape(map, shapes), .float32)
    case .scatterSum(let rows):
      let values = shapes[1]
      try require(
        operands[0].type == .int32 && values.count == x.count + 1 && values.dropLast() == x[...],
        "scatters \(text(values)) by \(text(x))")
      return ([rows, values[values.count - 1]], .float32)
    case .unpick(let count):
      try require(shapes[1] == x && operands[1].type == .int32 && count > 0, "returns \(text(x)) to \(count) places")
      return (x.dropLast() + [.fixed(count)], .float32)
    case .sum(let shape):
      try require(spreads(shape, over: x), "\(text(x)) does not add up to \(text(shape))")
      return (shape, .float32)
    case .spread(let shape):
      try require(spreads(x, over: shape), "\(text(x)) does not spread over \(text(shape))")
      return (shape, .float32)
    case .pad(let before, let after):
      try require(!x.isEmpty && before >= 0 && after >= 0, "pads \(text(x)) by \(before) and \(after)")
      return (x.dropLast() + [.fixed(before + width(x) + after)], .float32)
    case .unaryGradient, .rmsNormGradient, .layerNormGradient, .attentionPatternGradient:
      try require(shapes[1] == x, "a gradient \(text(x)) of \(text(shapes[1]))")
      return (x, .float32)
    case .dropout, .attentionDropout:
      let isPattern = if case .attentionDropout = op { true } else { false }
      try require(
        !x.isEmpty && shapes[1] == [x[0]] && operands[1].type == .int32 && (!isPattern || x.count == 3),
        "keys \(text(shapes[1])) of \(operands[1].type) on \(text(x))")
      return (x, .float32)
    case .attentionCollect, .shortConvolutionGradient, .shortConvolutionWeightGradient, .recurrenceGradient:
      return (try trainingMixingShape(op, shapes), .float32)
    }
  }

  static func trainingCount(_ op: TrainingOp) -> ClosedRange<Int> {
    switch op {
    case .sum, .spread, .pad: 1...1
    case .crossEntropyGradient, .transposedLinear(.experts), .outerSum(.experts): 3...3
    case .crossEntropy, .transposedLinear, .outerSum, .scatterSum, .unpick, .unaryGradient, .rmsNormGradient,
      .layerNormGradient, .dropout, .attentionDropout, .attentionPatternGradient, .attentionCollect,
      .shortConvolutionGradient, .shortConvolutionWeightGradient:
      2...2
    case .recurrenceGradient(let rule): rule == .decay ? 5...5 : 6...6
    }
  }

  func spreads(_ y: Shape, over x: Shape) -> Bool {
    y.count <= x.count && zip(x.reversed(), y.reversed()).allSatisfy { $0 == $1 || $1 == 1 }
  }

  private func transposedShape(_ map: LinearMap, _ shapes: [Shape]) throws(Misfit) -> Shape {
    let (g, w) = (shapes[0], shapes[1])
    let fits =
      switch map {
      case .rows: w.count == 2 && g.last == w[0]
      case .heads: w.count == 3 && g.count == 3 && g[1] == w[0] && g[2] == w[1]
      case .experts(let count):
        w.count == 3 && w[0] == .fixed(count) && g.count == 3 && g[2] == w[1] && shapes[2] == g.dropLast()
      }
    try require(fits, "weight \(text(w)), transposed, on \(text(g))")
    return g.dropLast() + [w[w.count - 1]]
  }

  private func outerShape(_ map: LinearMap, _ shapes: [Shape]) throws(Misfit) -> Shape {
    let (g, x) = (shapes[0], shapes[1])
    try require(g.count > 1 && x.count > 1, "rows \(text(g)) with \(text(x))")
    let ends = [g[g.count - 1], x[x.count - 1]]
    switch map {
    case .rows:
      try require(g.dropLast() == x.dropLast(), "rows \(text(g)) with \(text(x))")
      return ends
    case .heads:
      try require(g.count == 3 && g.dropLast() == x.dropLast(), "heads \(text(g)) with \(text(x))")
      return [g[1]] + ends
    case .experts(let count):
      let choice = shapes[2]
      try require(
        g.count == 3 && choice == g.dropLast() && (x.count == 2 ? x[0] == g[0] : x.dropLast() == choice[...]),
        "experts \(text(choice)) on \(text(g)) with \(text(x))")
      return [.fixed(count)] + ends
    }
  }

  private func trainingMixingShape(_ op: TrainingOp, _ shapes: [Shape]) throws(Misfit) -> Shape {
    let (x, second) = (shapes[0], shapes[1])
    switch op {
    case .attentionCollect(let heads):
      try require(
        x.count == 3 && second.count == 3 && x[0] == second[0] && x[1] == second[1]
          && isMultiple(x[1], of: .fixed(heads)), "collects \(text(second)) by \(text(x)) for \(heads) heads")
      return [x[2], .fixed(heads), second[2]]
    case .shortConvolutionGradient:
      try require(x.count == 2 && second.count == 2 && second[0] == x[1], "weight \(text(second)) on \(text(x))")
      return x
    case .shortConvolutionWeightGradient(let taps):
      try require(x.count == 2 && second == x && taps > 1, "rows \(text(second)) on \(text(x))")
      return [x[1], .fixed(taps)]
    default:
      let (keys, values, gates) = (shapes[2], shapes[3], shapes.dropFirst(4))
      try require(
        second.count == 3 && second == keys && values == x && x.count == 3 && isMultiple(x[1], of: second[1])
          && gates.allSatisfy { $0 == x.dropLast() }, "queries \(text(second)), values \(text(values)), \(text(x))")
      let heads = elements(x.dropFirst().prefix(1))
      return [x[0], .fixed(2 * elements(keys.dropFirst()) + elements(values.dropFirst()) + gates.count * heads)]
    }
  }
}
