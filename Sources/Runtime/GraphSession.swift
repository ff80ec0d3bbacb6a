public import GraphIR
import Kernels
import Planning
import TensorCore

/// A graph of one's own as the engine runs it: planned for this processor, in float32, with the states of one sequence.
///
///     let session = try GraphSession(graph, weights: { numbers[$0] ?? [] }, context: 64)
///     let output = try session.step([3, 1, 4])
public final class GraphSession {
  /// Tokens that were read.
  public private(set) var position = 0
  private let context: Int
  private let vocabulary: Int
  private let output: String
  private let executor: Executor

  /// Plans `graph` for texts of up to `context` tokens and packs its weights, `[shape]` in rows each; `names` are
  /// values to keep beside the first output.
  ///
  /// Throws `GraphError` for a weight of another count and for fewer positions than `context`, `PlanError` for what
  /// cannot be planned, `AllocationError`, and what `weights` throws.
  public init(
    _ graph: Graph, weights: @escaping (String) throws -> [Float], context: Int, keeping names: Set<String> = [],
    threads: Int = 0
  ) throws {
    guard context > 0, let first = graph.outputs.first else {
      throw GraphError(node: "graph", reason: "has \(graph.outputs.count) outputs for \(context) tokens")
    }
    self.context = context
    output = graph.nodes[first.node].name
    vocabulary = graph.leastRows(chosenBy: "tokens") ?? Int(Int32.max)
    if let rows = graph.leastRows(chosenBy: "positions"), rows < context {
      throw GraphError(node: "positions", reason: "choose from \(rows) rows; the context is \(context)")
    }
    var options = PlanOptions()
    (options.context, options.outputRows) = (context, context)
    (options.cacheFormat, options.taps) = (.f32, names.union([output]))
    let program = try Program(planning: graph, capacity: context, options: options, catalogue: .current) { _ in .f32 }
    let shapes = Dictionary(graph.weights.map { ($0.name, $0.shape) }) { shape, _ in shape }
    let source = WeightMemory.Source { name in
      let (values, shape) = (try weights(name), shapes[name] ?? [])
      guard values.count == shape.reduce(1, *) else {
        throw GraphError(node: name, reason: "is given \(values.count) numbers for \(shape)")
      }
      return Tensor(values, shape: shape)
    }
    let team = ThreadTeam(count: threads)
    let memory = try WeightMemory(for: program, from: source, team: team)
    let states = try StateStore(
      states: program.states, keys: program.keyStates, context: context, slots: 1, format: .f32)
    executor = try Executor(program: program, weights: memory, states: states, team: team, catalogue: .current)
  }

  /// Runs the next tokens after those that were read and returns the first output of all of them.
  ///
  /// Throws `GraphError` for tokens that the graph's tables lack or that do not fit the context.
  @discardableResult
  public func step(_ tokens: [Int32]) throws(GraphError) -> TappedValue {
    guard !tokens.isEmpty, tokens.count <= context - position else {
      throw GraphError(node: "tokens", reason: "are \(tokens.count) after \(position); the context is \(context)")
    }
    if let token = tokens.first(where: { $0 < 0 || $0 >= vocabulary }) {
      throw GraphError(node: "tokens", reason: "has \(token), not below \(vocabulary)")
    }
    tokens.withUnsafeBufferPointer { tokens in
      Array(0..<Int32(tokens.count)).withUnsafeBufferPointer { rows in
        executor.run(tokens: tokens, runs: [Run(slot: 0, start: position, count: tokens.count)], rows: rows)
      }
    }
    position += tokens.count
    guard let value = value(output) else { throw GraphError(node: output, reason: "was not kept") }
    return value
  }

  /// A kept value of the last step's tokens; nil for other names.
  public func value(_ name: String) -> TappedValue? { executor.tap(name) }
}
