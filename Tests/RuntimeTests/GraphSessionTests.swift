import GraphIR
import Reference
import Runtime
import TensorCore
import TestSupport
import Testing

/// A graph of one's own, without a model around it.
@Suite struct GraphSessionTests {
  static func graph() throws -> Graph {
    let g = GraphBuilder()
    let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("table", [13, 8]))
    let (q, k, v) = (x.linear("q", 8).reshape(2, 4), x.linear("k", 8).reshape(2, 4), x.linear("v", 8).reshape(2, 4))
    return try g.finish(q.attend(k.append(to: "keys"), v.append(to: "values"), scale: 0.5))
  }

  static func weights(_ graph: Graph) -> (String) -> [Float] {
    let counts = Dictionary(uniqueKeysWithValues: graph.weights.map { ($0.name, $0.shape.reduce(1, *)) })
    return { OpExample.weight($0, count: counts[$0] ?? 0) }
  }

  @Test func `steps and kept values equal the reference`() throws {
    let graph = try Self.graph()
    let session = try GraphSession(graph, weights: Self.weights(graph), context: 40, keeping: ["pattern"])
    var reference = try ReferenceEvaluator(graph: graph, weights: Self.weights(graph), context: 40)
    for tokens: [Int32] in [[3, 1, 4, 1], [12], [Int32](repeating: 7, count: 30), [9, 2, 6]] {
      var pattern: HostTensor?
      let expected = try reference.step(tokens: tokens) { if $0.name == "pattern" { pattern = $1 } }
      let found = try session.step(tokens)
      #expect(found.shape == expected.shape)
      #expect(zip(found.values, expected.values).allSatisfy { abs($0 - $1) < 1e-5 })
      let (shares, others) = (try #require(session.value("pattern")).values, try #require(pattern).values)
      #expect(shares.count == others.count && zip(shares, others).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    #expect(session.position == 38 && session.value("nothing") == nil)
  }

  private func refuses(_ node: String, _ reason: String, _ body: () throws -> Void) {
    let error = #expect(throws: GraphError.self, performing: body)
    #expect(error?.node == node && error?.reason == reason, "\(String(describing: error))")
  }

  @Test func `what does not fit is refused by its name`() throws {
    let graph = try Self.graph()
    let session = try GraphSession(graph, weights: Self.weights(graph), context: 4)
    refuses("tokens", "has 13, not below 13") { _ = try session.step([1, 13]) }
    refuses("tokens", "has -1, not below 13") { _ = try session.step([-1]) }
    refuses("tokens", "are 5 after 0; the context is 4") {
      _ = try session.step([1, 2, 3, 4, 5])
    }
    refuses("tokens", "are 0 after 0; the context is 4") { _ = try session.step([]) }
    refuses("q.weight", "is given 63 numbers for [8, 8]") {
      _ = try GraphSession(
        graph, weights: { $0 == "q.weight" ? [Float](repeating: 0, count: 63) : Self.weights(graph)($0) }, context: 4)
    }
    let g = GraphBuilder()
    let places = g.input("positions", [.tokens], .int32).gather(from: g.weight("place", [3, 8]))
    let placed = try g.finish(g.input("tokens", [.tokens], .int32).gather(from: g.weight("table", [13, 8])) + places)
    refuses("positions", "choose from 3 rows; the context is 4") {
      _ = try GraphSession(placed, weights: Self.weights(placed), context: 4)
    }
    #expect(throws: (any Error).self) {
      try GraphSession(graph, weights: Self.weights(graph), context: 4, keeping: ["nothing"])
    }
  }
}
