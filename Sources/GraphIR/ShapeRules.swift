import TensorCore

/// Why operands do not fit an operation.
struct Misfit: Error { let reason: String }

extension Op {
  typealias Operand = (shape: Shape, type: ElementType)

  /// The shape and element type this operation makes from its operands.
  func result(_ operands: [Operand]) throws(Misfit) -> Operand {
    try checkCount(operands.count)
    let x = operands.first?.shape ?? []
    switch self {
    case .input(_, let shape, let type): return (shape, type)
    case .weight(let name, let sizes):
      try require(sizes.allSatisfy { $0 > 0 }, "weight \(name) has sizes \(sizes)")
      return (sizes.map(Dim.fixed), .float32)
    case .gather: return try gatherResult(operands)
    case .linear, .headLinear, .expertLinear: return (try linearShape(operands.map(\.shape)), .float32)
    case .rmsNorm, .layerNorm:
      for weight in operands.dropFirst() {
        try require(
          Array(x.suffix(weight.shape.count)) == weight.shape, "norm weight \(text(weight.shape)) on \(text(x))")
      }
      return (x, .float32)
    case .rope(let embedding):
      try require(
        x.count >= 2 && embedding.width > 0 && embedding.width % 2 == 0 && embedding.width <= width(x),
        "rotates \(embedding.width) of \(text(x))")
      try require(operands[1].type == .int32, "positions must be int32")
      return (x, .float32)
    case .append, .attentionScores, .attentionPattern, .attentionMix, .shortConvolution, .recurrence:
      return (try mixingShape(operands.map(\.shape)), .float32)
    case .topK, .pick, .weightedSum: return try routingResult(operands)
    case .unary, .affine, .clamp, .softmax, .normalizeSum: return (x, .float32)
    case .binary: return (try binaryShape(x, operands[1].shape), .float32)
    case .cast(let type): return (x, type)
    case .reshape(let sizes):
      try require(
        !sizes.isEmpty && x.dropFirst().allSatisfy { $0.fixed != nil }
          && elements(x.dropFirst()) == sizes.reduce(1, *),
        "reshapes \(text(x)) to [\(x.first ?? 1), \(sizes)]")
      return (Array(x.prefix(1)) + sizes.map(Dim.fixed), operands[0].type)
    case .slice(let range):
      try require(
        range.lowerBound >= 0 && range.upperBound <= width(x) && !range.isEmpty, "slices \(range) of \(text(x))")
      return (x.dropLast() + [.fixed(range.count)], operands[0].type)
    case .training(let op): return try trainingResult(op, operands)
    case .concatenate:
      let y = operands[1].shape
      try require(x.count == y.count && x.dropLast() == y.dropLast(), "joins \(text(x)) and \(text(y))")
      return (x.dropLast() + [.fixed(width(x) + width(y))], operands[0].type)
    }
  }

  private func gatherResult(_ operands: [Operand]) throws(Misfit) -> Operand {
    let (index, table) = (operands[0], operands[1])
    try require(index.type == .int32 && table.shape.count == 2, "gathers rows of \(text(table.shape)) by \(index.type)")
    return (index.shape + [table.shape[1]], table.type)
  }

  private func linearShape(_ shapes: [Shape]) throws(Misfit) -> Shape {
    let (x, w) = (shapes[0], shapes[1])
    try require(w.last == x.last, "weight \(text(w)) on \(text(x))")
    if case .linear = self {
      try require(w.count == 2 && (shapes.count < 3 || shapes[2] == [w[0]]), "weight \(text(w)) with such a bias")
      return x.dropLast() + [w[0]]
    }
    try require(w.count == 3, "weight \(text(w)) must have three dimensions")
    if case .headLinear = self {
      try require(x.count == 3 && x[1] == w[0], "weight \(text(w)) on heads \(text(x))")
      return [x[0], w[0], w[1]]
    }
    let choice = shapes[2]
    try require(choice.count == 2 && (x.count == 2 || x.dropLast() == choice), "experts \(text(choice)) on \(text(x))")
    return choice + [w[1]]
  }

  private func binaryShape(_ x: Shape, _ y: Shape) throws(Misfit) -> Shape {
    try require(spreads(y, over: x), "\(text(y)) does not spread over \(text(x))")
    return x
  }

  private func routingResult(_ operands: [Operand]) throws(Misfit) -> Operand {
    let x = operands[0].shape
    switch self {
    case .topK(let selection):
      try require(selection.count > 0 && selection.count <= width(x), "chooses \(selection.count) of \(text(x))")
      if let groups = selection.groups {
        let size = groups.count > 0 ? width(x) / groups.count : 0
        try require(
          size > 0 && width(x) % groups.count == 0 && (1...groups.count).contains(groups.used)
            && (1...size).contains(groups.best) && selection.count <= groups.used * size,
          "chooses \(selection.count) from \(groups.used) of \(groups.count) groups of \(text(x))")
      }
      return (x.dropLast() + [.fixed(selection.count)], .int32)
    case .pick:
      try require(operands[1].type == .int32 && operands[1].shape.dropLast() == x.dropLast(), "picks from \(text(x))")
      return (operands[1].shape, operands[0].type)
    default:
      try require(
        x.count >= 2 && Array(x.dropLast()) == operands[1].shape, "weights \(text(operands[1].shape)) on \(text(x))")
      return (x.dropLast(2) + [x[x.count - 1]], .float32)
    }
  }
}
