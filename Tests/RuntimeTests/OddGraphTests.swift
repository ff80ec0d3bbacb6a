import GraphIR
import Kernels
import Planning
import Runtime
import TensorCore
import TestSupport
import Testing

/// Graphs that are allowed but that no model of ours draws: planned exactly, or refused with a reason.
@Suite struct OddGraphTests {
  typealias Body = @Sendable (GraphBuilder, Value) -> Value

  /// `body` of rows `[T, 12]`.
  static func graph(_ body: Body) throws -> Graph {
    let g = GraphBuilder()
    let table = g.weight("table", [OpExample.vocabulary, 12])
    return try g.finish(body(g, g.input("tokens", [.tokens], .int32).gather(from: table)))
  }

  static func heads(_ x: Value, _ name: String, _ heads: Int, _ width: Int) -> Value {
    x.linear(name, heads * width).reshape(heads, width)
  }

  static let exact: [(name: String, body: Body)] = [
    (
      "two attentions over one ring",
      { _, x in
        let keys = heads(x, "k", 2, 4).append(to: "k", retention: .last(3))
        let values = heads(x, "v", 2, 4).append(to: "v", retention: .last(3))
        let first = heads(x, "q", 2, 4).attend(keys, values, scale: 0.5, mask: .window(3)).reshape(8)
        let query = heads(first, "q2", 2, 4)
        return x.builder.scope("second") { query.attend(keys, values, scale: 0.5, mask: .window(3)) }
      }
    ),
    (
      "keys in a ring, values all kept",
      { _, x in
        let keys = heads(x, "k", 2, 4).append(to: "k", retention: .last(3))
        let values = heads(x, "v", 2, 4).append(to: "v")
        return heads(x, "q", 2, 4).attend(keys, values, scale: 0.5, mask: .window(3))
      }
    ),
    (
      "fewer heads of keys than of values",
      { _, x in
        let keys = heads(x, "k", 1, 4).append(to: "k")
        return heads(x, "q", 4, 4).attend(keys, heads(x, "v", 2, 3).append(to: "v"), scale: 0.5)
      }
    ),
    (
      "part of kept keys and values",
      { _, x in
        let keys = heads(x, "k", 2, 6).append(to: "k", retention: .last(4))
        let values = heads(x, "v", 2, 6).append(to: "v", retention: .last(4))
        return heads(x, "q", 2, 4).attend(keys.slice(2..<6), values.slice(1..<4), scale: 0.5, mask: .window(4))
      }
    ),
    (
      "positions of two kinds",
      { g, x in
        let embedding = RotaryEmbedding(width: 4, base: 100)
        let asked = g.input("rows", [.rows], .int32)
        let turned = x.rope(embedding, at: g.input("positions", [.tokens], .int32))
        return asked.gather(from: turned).rope(embedding, at: asked)
      }
    ),
    (
      "one choice for two sets of experts",
      { _, x in
        let choice = x.linear("gate", 3).topK(Selection(count: 2))
        return x.expertLinear("few", 4, experts: 3, choice: choice)
          .joined(x.expertLinear("many", 4, experts: 7, choice: choice))
      }
    ),
    (
      "a gate between experts",
      { _, x in
        let choice = x.linear("gate", 5).topK(Selection(count: 2))
        func map(_ x: Value, _ name: String, _ width: Int) -> Value {
          x.expertLinear(name, width, experts: 5, choice: choice)
        }
        return map(map(x, "first", 40).unary(.silu) * map(x, "second", 40), "third", 7)
      }
    ),
    (
      "a gate between sets of experts of different sizes",
      { _, x in
        let choice = x.linear("gate", 3).topK(Selection(count: 2))
        let gate = x.expertLinear("few", 4, experts: 3, choice: choice).unary(.silu)
        return (gate * x.expertLinear("many", 4, experts: 7, choice: choice))
          .expertLinear("last", 3, experts: 3, choice: choice)
      }
    ),
    (
      "experts of a part of a row",
      { _, x in
        let choice = x.linear("gate", 3).topK(Selection(count: 2))
        return x.slice(1..<9).reshape(2, 4).expertLinear("w", 5, experts: 3, choice: choice)
      }
    ),
    (
      "choices of each head",
      { _, x in
        let scores = x.reshape(2, 6).slice(1..<6)
        return scores.picked(by: scores.topK(Selection(count: 3)))
      }
    ),
    ("sums of each head", { _, x in x.reshape(2, 3, 2).weightedSum(x.slice(2..<8).reshape(2, 3)) }),
    (
      "whole numbers of a part of each head",
      { _, x in
        x.affine(scale: 5).reshape(3, 4).slice(1..<3).cast(.int32).cast(.float32)
      }
    ),
    ("a norm weight for each of many runs", { _, x in x.reshape(3, 4).rmsNorm("n", epsilon: 0.1, perHead: true) }),
  ]

  @Test(arguments: exact.indices, [1, 3, 8]) func `odd graphs are planned exactly`(index: Int, capacity: Int) throws {
    let (name, body) = Self.exact[index]
    let graph = try Self.graph(body)
    let weights = graph.weights.reduce(into: [:]) {
      $0[$1.name] = OpExample.weight($1.name, count: $1.shape.reduce(1, *))
    }
    // Positions of asked rows only agree where a step is one piece.
    if name == "positions of two kinds", capacity < 8 { return }
    let asked: [[Int]?] = [nil, nil, nil, nil]
    let expected = try RandomGraphTests.reference(graph, weights, asked: asked)
    let way = RandomGraphTests.Way(capacity: capacity, threads: 2, piece: 8, taps: [])
    let results = try RandomGraphTests.planned(graph, weights, asked: asked, way)
    for (output, rows) in results {
      #expect(RandomGraphTests.largestError(rows, expected[output] ?? []) < 1e-5, "\(name)")
    }
  }

  static let refused: [(name: String, body: Body)] = [
    ("made of weights alone", { g, x in x * g.weight("w", [12]).affine(offset: 1) }),
    ("a spread over inner runs", { g, x in x.reshape(2, 2, 3) * g.weight("w", [2, 3]) }),
    (
      "experts that the weight lacks",
      { _, x in x.expertLinear("w", 4, experts: 3, choice: x.topK(Selection(count: 2))) }
    ),
    (
      "a mask wider than the state",
      { _, x in
        let keys = heads(x, "k", 2, 4).append(to: "k", retention: .last(3))
        return heads(x, "q", 2, 4).attend(keys, keys, scale: 0.5, mask: .causal)
      }
    ),
  ]

  @Test(arguments: refused.indices) func `graphs without a plan are refused`(index: Int) throws {
    let (name, body) = Self.refused[index]
    let graph = try Self.graph(body)
    #expect(throws: PlanError.self, "\(name)") {
      try Program(
        planning: graph, capacity: 8, options: OpExampleTests.options, catalogue: .current, format: { _ in .f32 })
    }
  }

  @Test func `a cache in blocks is not cut within one`() throws {
    let graph = try Self.graph { _, x in
      let kept = x.linear("k", 64).appendLatent(to: "kv")
      return Self.heads(x, "q", 2, 64).attend(kept, kept.slice(8..<64), scale: 0.5)
    }
    var options = OpExampleTests.options
    options.cacheFormat = .q8_0
    #expect(throws: PlanError.self) {
      try Program(planning: graph, capacity: 8, options: options, catalogue: .current, format: { _ in .f32 })
    }
  }
}
