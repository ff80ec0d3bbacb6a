public import GraphIR

/// Values in float64, for finite differences.
public typealias PreciseEvaluator = Evaluator<Double>

extension Evaluator {
  /// Evaluates whole sequences side by side, each from position 0, and returns the outputs by name.
  ///
  /// Sequences do not see each other, and the evaluator's own sequence neither takes part nor changes. Rows count over
  /// all sequences; `inputs` are `targets [R]`, `target_weights [R]` and `token_weights [T]`, where the graph has them.
  public func evaluate(
    sequences: [[Int32]], rows: [Int]? = nil, inputs: [String: [Double]] = [:],
    observe: ((Node, HostArray<Scalar>) -> Void)? = nil
  ) throws -> [String: HostArray<Scalar>] {
    var runs: [Range<Int>] = []
    for sequence in sequences {
      guard sequence.count <= context else {
        throw ReferenceError.contextFull(position: sequence.count - 1, context: context)
      }
      let first = runs.last?.upperBound ?? 0
      if !sequence.isEmpty { runs.append(first..<first + sequence.count) }
    }
    let tokens = sequences.flatMap { $0 }
    let step = Step(
      tokens: tokens, rows: rows ?? Array(tokens.indices), start: 0, runs: runs, context: context, inputs: inputs)
    try check(step)
    var states: [String: [Scalar]] = [:]
    let values = try run(step, states: &states, observe: observe)
    return Dictionary(zip(graph.outputs.map(\.name), values)) { first, _ in first }
  }

  /// Gives a weight other values of the same count.
  public mutating func setWeight(_ name: String, to values: [Scalar]) throws(ReferenceError) {
    for (index, node) in graph.nodes.enumerated() {
      guard case .weight(name, let shape) = node.op else { continue }
      let count = shape.reduce(1, *)
      guard values.count == count else {
        throw .weightSize(name: name, expected: count, found: values.count)
      }
      weights[index]?.values = values
    }
  }

  /// The value of one operation that keeps no state from step to step, over `rowCount` rows of sequences `runs`.
  package static func evaluate(
    _ op: Op, _ operands: [HostArray<Scalar>], rowCount: Int, askedRowCount: Int, runs: [Range<Int>], context: Int
  ) throws -> HostArray<Scalar> {
    let step = Step(
      tokens: [Int32](repeating: 0, count: rowCount), rows: [Int](repeating: 0, count: askedRowCount), start: 0,
      runs: runs, context: context)
    var states: [String: [Scalar]] = [:]
    return try evaluate(op, operands, step: step, states: &states)
  }
}
