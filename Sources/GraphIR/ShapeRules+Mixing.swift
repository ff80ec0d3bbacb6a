import TensorCore

extension Op {
  /// Shapes of the operations that see other rows.
  func mixingShape(_ shapes: [Shape]) throws(Misfit) -> Shape {
    let x = shapes[0]
    switch self {
    case .append(let state):
      try require(state.isCache && elements(x.dropFirst()) == state.rowWidth, "keeps \(text(x)) in \(state)")
      return x.count == 3 ? [.context] + x.dropFirst() : [.context, 1, x[1]]
    case .attentionScores:
      let keys = shapes[1]
      try require(
        x.count == 3 && keys.count == 3 && keys[2] == x[2] && isMultiple(x[1], of: keys[1]),
        "queries \(text(x)) on keys \(text(keys))")
      return [x[0], x[1], keys[0]]
    case .attentionPattern:
      try require(shapes.count == 1 || shapes[1] == [x[1]], "sinks \(text(shapes[shapes.count - 1])) on \(text(x))")
      return x
    case .attentionMix:
      let values = shapes[1]
      try require(
        x.count == 3 && values.count == 3 && x[2] == values[0] && isMultiple(x[1], of: values[1]),
        "pattern \(text(x)) on values \(text(values))")
      return [x[0], x[1], values[2]]
    case .shortConvolution(.convolution(_, let channels, let taps)):
      try require(
        x.count == 2 && width(x) == channels && taps > 1 && shapes[1] == [x[1], .fixed(taps)]
          && (shapes.count < 3 || shapes[2] == [x[1]]), "weight \(text(shapes[1])) on \(text(x))")
      return x
    case .recurrence(let rule, .recurrent(_, let heads, let keyWidth, let valueWidth)):
      let (keys, values, decay) = (shapes[1], shapes[2], shapes[3])
      try require(
        x == keys && x.count == 3 && width(x) == keyWidth && values == [x[0], .fixed(heads), .fixed(valueWidth)]
          && isMultiple(.fixed(heads), of: x[1]), "queries \(text(x)), keys \(text(keys)), values \(text(values))")
      let gates = shapes.dropFirst(3)
      try require(
        gates.allSatisfy { $0 == decay } && decay == [x[0], .fixed(heads)] && gates.count == (rule == .decay ? 1 : 2),
        "decay \(text(decay)) for \(heads) heads")
      return values
    default: throw Misfit(reason: "a state of another kind")
    }
  }

  func require(_ fits: Bool, _ reason: @autoclosure () -> String) throws(Misfit) {
    if !fits { throw Misfit(reason: reason()) }
  }

  func checkCount(_ count: Int) throws(Misfit) {
    let allowed: ClosedRange<Int> =
      switch self {
      case .input, .weight: 0...0
      case .gather, .headLinear, .rope, .attentionScores, .attentionMix, .pick, .weightedSum, .binary, .concatenate:
        2...2
      case .linear, .shortConvolution: 2...3
      case .expertLinear: 3...3
      case .rmsNorm, .attentionPattern: 1...2
      case .layerNorm: 1...3
      case .recurrence: 4...5
      case .training(let op): Self.trainingCount(op)
      case .append, .topK, .unary, .affine, .clamp, .softmax, .normalizeSum, .cast, .reshape, .slice: 1...1
      }
    try require(allowed.contains(count), "takes \(allowed) operands, not \(count)")
  }

  func width(_ shape: Shape) -> Int { shape.last?.fixed ?? 1 }
  func elements(_ shape: some Sequence<Dim>) -> Int { shape.reduce(1) { $0 * ($1.fixed ?? 1) } }
  func isMultiple(_ a: Dim, of b: Dim) -> Bool {
    guard let a = a.fixed, let b = b.fixed, b > 0 else { return false }
    return a % b == 0
  }
  func text(_ shape: Shape) -> String { "[" + shape.map(\.description).joined(separator: ", ") + "]" }
}
