public import GraphIR
import TensorCore

/// Values in float32.
public typealias ReferenceEvaluator = Evaluator<Float>

/// Evaluates a graph in plain Swift, one operation after the other: slow, obvious, what every fast path must match.
///
/// Values are kept as `Scalar` and sums are double precision. States keep every row ever appended; masks decide what
/// is seen.
public struct Evaluator<Scalar: ReferenceScalar> {
  public let graph: Graph
  /// Positions that one sequence may have.
  public let context: Int
  /// The position that the next token takes.
  public private(set) var position = 0

  var weights: [Int: HostArray<Scalar>]
  /// For each node, the values that nothing reads after it.
  private let released: [[Int]]
  /// Rows of the smallest table that tokens index.
  private let vocabulary: Int
  private var states: [String: [Scalar]] = [:]

  /// Reads every weight; throws what `weights` throws, and `ReferenceError` where a weight has another size or the
  /// graph has an input that no step gives.
  ///
  /// Steps give `tokens [T]`, `positions [T]` and `rows [R]`, training steps `targets [R]`, `target_weights [R]` and
  /// `token_weights [T]` too.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public init(graph: Graph, weights load: (String) throws -> [Scalar], context: Int) throws {
    (self.graph, self.context) = (graph, context)
    var weights: [Int: HostArray<Scalar>] = [:]
    var vocabulary = 1 << 24
    for (index, node) in graph.nodes.enumerated() {
      switch node.op {
      case .weight(let name, let shape):
        let values = try load(name)
        let count = shape.reduce(1, *)
        guard values.count == count else {
          throw ReferenceError.weightSize(name: name, expected: count, found: values.count)
        }
        weights[index] = HostArray(shape: shape, values: values)
      case .input("tokens", [.tokens], .int32), .input("positions", [.tokens], .int32),
        .input("rows", [.rows], .int32), .input("targets", [.rows], .int32),
        .input("target_weights", [.rows], .float32), .input("token_weights", [.tokens], .float32),
        .input("dropout_keys", [.tokens], .int32):
        break
      case .input(let name, _, _): throw ReferenceError.unknownInput(name)
      case .gather:
        if case .input("tokens", _, _) = graph.nodes[node.inputs[0]].op {
          vocabulary = min(vocabulary, graph.nodes[node.inputs[1]].shape[0].size())
        }
      default: break
      }
    }
    (self.weights, self.vocabulary) = (weights, vocabulary)
    released = Self.releases(graph)
  }

  /// Takes in tokens at the next positions and returns the graph's output.
  ///
  /// `rows` are the step's rows whose logits are asked for, by default all. `observe` sees every value but weights, in
  /// the order of the graph. A step that throws `ReferenceError` leaves the evaluator as it was.
  public mutating func step(
    tokens: [Int32], rows: [Int]? = nil, observe: ((Node, HostArray<Scalar>) -> Void)? = nil
  ) throws -> HostArray<Scalar> {
    let step = try checkedStep(tokens, rows ?? Array(tokens.indices))
    var next = states
    let outputs = try run(step, states: &next, observe: observe)
    states = next
    position += tokens.count
    return outputs[0]
  }

  /// Forgets every token.
  public mutating func reset() { (states, position) = ([:], 0) }

  /// The values of the graph's outputs, in their order.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func run(
    _ step: Step, states: inout [String: [Scalar]], observe: ((Node, HostArray<Scalar>) -> Void)?
  ) throws -> [HostArray<Scalar>] {
    var values = [HostArray<Scalar>?](repeating: nil, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      if let weight = weights[index] {
        values[index] = weight
        continue
      }
      do {
        let operands = node.inputs.map { values[$0]! }
        let value = try Self.evaluate(node.op, operands, step: step, states: &states)
        let shape = node.shape.map { $0.size(step.bindings) }
        guard value.shape == shape else { throw Misuse("makes \(value.shape) where \(shape) is said") }
        values[index] = value
        observe?(node, value)
      } catch let misuse as Misuse {
        throw ReferenceError.operation(node: node.name, reason: misuse.reason)
      }
      for value in released[index] { values[value] = nil }
    }
    return graph.outputs.map { values[$0.node]! }
  }

  private func checkedStep(_ tokens: [Int32], _ rows: [Int]) throws(ReferenceError) -> Step {
    guard tokens.count <= context - position else {
      throw .contextFull(position: position + tokens.count - 1, context: context)
    }
    let step = Step(tokens: tokens, rows: rows, start: position, runs: [tokens.indices], context: context)
    try check(step)
    return step
  }

  /// Tokens must be in the vocabulary, rows among the step's.
  func check(_ step: Step) throws(ReferenceError) {
    guard !step.tokens.isEmpty else { throw .noTokens }
    for (offset, token) in step.tokens.enumerated() where !(0..<vocabulary).contains(Int(token)) {
      throw .tokenOutOfRange(token: Int(token), position: step.start + offset, vocabulary: vocabulary)
    }
    for row in step.rows where !step.tokens.indices.contains(row) {
      throw .rowOutOfRange(row: row, count: step.tokens.count)
    }
  }

  private static func releases(_ graph: Graph) -> [[Int]] {
    var lastReader = Array(graph.nodes.indices)
    for (index, node) in graph.nodes.enumerated() { for input in node.inputs { lastReader[input] = index } }
    for output in graph.outputs { lastReader[output.node] = graph.nodes.count }
    var released = [[Int]](repeating: [], count: graph.nodes.count)
    for (value, reader) in lastReader.enumerated() where reader < graph.nodes.count { released[reader].append(value) }
    return released
  }
}
