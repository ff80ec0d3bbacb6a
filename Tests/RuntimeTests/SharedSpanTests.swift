import GraphIR
import Planning
import Reference
import TensorCore
import TestSupport
import Testing

/// Single rows of one key-value head whose contexts of several spans are shared out among threads.
@Suite struct SharedSpanTests {
  /// Two spans of 512 positions and a part of a third.
  static let kept = 1030
  static let decoded = 3
  static let tokens = (0..<kept + decoded).map { Int32(($0 * 7 + $0 / 5) % OpExample.vocabulary) }

  static func graph() throws -> Graph {
    try OddGraphTests.graph { _, x in
      let keys = OddGraphTests.heads(x, "k", 1, 8).append(to: "k")
      let values = OddGraphTests.heads(x, "v", 1, 8).append(to: "v")
      return OddGraphTests.heads(x, "q", 2, 8).attend(keys, values, scale: 0.5).reshape(16)
    }
  }

  static func weights(_ graph: Graph) -> [String: [Float]] {
    graph.weights.reduce(into: [:]) { $0[$1.name] = OpExample.weight($1.name, count: $1.shape.reduce(1, *)) }
  }

  /// The outputs of the tokens after `kept` others, token by token.
  static func planned(_ graph: Graph, threads: Int, cache: BlockFormat) throws -> [Float] {
    var options = OpExampleTests.options
    (options.context, options.cacheFormat) = (kept + decoded, cache)
    let weights = weights(graph)
    let tensors = graph.weights.reduce(into: [:]) { $0[$1.name] = Tensor(weights[$1.name]!, shape: $1.shape) }
    var run = try PlannedRun(graph, weights: tensors, capacity: 64, threads: threads, options: options)
    let output = graph.nodes[graph.output].name
    _ = run.step(Array(tokens.prefix(kept)), rows: [], output: output)
    return run.step(Array(tokens.suffix(decoded)), output: output, piece: 1)
  }

  @Test(arguments: [BlockFormat.f32, .f16, .q8_0]) func `threads that share a context change no bit`(
    cache: BlockFormat
  ) throws {
    let graph = try Self.graph()
    let alone = try Self.planned(graph, threads: 1, cache: cache)
    #expect(alone.count == Self.decoded * 16)
    for threads in [2, 3] {
      #expect(try Self.planned(graph, threads: threads, cache: cache) == alone, "\(threads) threads")
    }
  }

  @Test func `a shared context equals the reference`() throws {
    let graph = try Self.graph()
    let weights = Self.weights(graph)
    var evaluator = try ReferenceEvaluator(
      graph: graph, weights: { weights[$0]! }, context: Self.kept + Self.decoded)
    let expected = try evaluator.step(tokens: Self.tokens).values.suffix(Self.decoded * 16)
    let values = try Self.planned(graph, threads: 2, cache: .f32)
    #expect(values.count == expected.count)
    for (value, target) in zip(values, expected) {
      #expect(abs(value - target) <= 1e-5 * max(1, abs(target)), "\(value) is not \(target)")
    }
  }
}
