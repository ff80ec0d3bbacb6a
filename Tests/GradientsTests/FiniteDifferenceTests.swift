import GradientFixtures
import Gradients
import GraphIR
import Reference
import TensorCore
import TestSupport
import Testing

/// Every rule against central differences in float64.
@Suite struct FiniteDifferenceTests {
  /// Two sequences in one step, so that one must not see the other.
  static let sequences: [[Int32]] = [[3, 1, 4, 1, 5, 9], [2, 6, 5, 3]]
  static let step = 1e-5

  @Test(arguments: OpExamples.all.filter { $0.name != "unary floor" })
  func `a rule equals differences`(example: OpExample) throws {
    let graph = try scalarLoss(of: example.graph())
    try Self.compare(graph, rows: example.rows == nil ? nil : [7, 0, 3, 3, 9])
  }

  @Test(arguments: OpExamples.training)
  func `an operation of training has a rule or is refused by name`(example: OpExample) throws {
    let graph = try scalarLoss(of: example.graph())
    let ruled = ["crossEntropy", "scatterSum", "unpick", "sum", "spread", "pad", "dropout", "attention"]
    if ruled.contains(where: { example.name == $0 || example.name.hasPrefix("\($0) ") }) {
      try Self.compare(graph)
    } else {
      let error = #expect(throws: GradientError.self) { try graph.withGradients() }
      #expect(error?.reason == "is itself a gradient and has none")
    }
  }

  @Test func `what has no gradient is refused by name`() throws {
    let floor = try #require(OpExamples.all.first { $0.name == "unary floor" })
    let graph = try scalarLoss(of: floor.graph())
    let error = #expect(throws: GradientError.self) { try graph.withGradients() }
    #expect(error?.op == "floor")
    #expect(error?.node.contains("floor") == true)
  }

  @Test func `kept states and gradients of gradients are refused by name`() throws {
    let g = GraphBuilder()
    let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("table", [OpExample.vocabulary, 4]))
    let kept = x.linear("k", 4).reshape(2, 2).append(to: "k")
    let graph = try g.finish(x.reshape(2, 2).attend(kept, kept, scale: 1).summed(to: [1, 1, 1]).summed(to: [1]))
    #expect(throws: GradientError.self) { try graph.withGradients() }
    let once = try scalarLoss(of: try #require(OpExamples.all.first { $0.name == "linear" }).graph()).withGradients()
    let builder = GraphBuilder(continuing: once)
    let slope = builder.value(try #require(once.node(named: "grad.w.weight")))
    let twice = try builder.finish(slope.summed(to: [1, 1]).summed(to: [1]))
    let error = #expect(throws: GradientError.self) { try twice.withGradients() }
    #expect(error?.op == "outerSum")
  }

  @Test func `a loss has one element`() throws {
    let example = try #require(OpExamples.all.first { $0.name == "linear" })
    #expect(throws: GradientError.self) { try example.graph().withGradients() }
    #expect(throws: GraphError.self) { try example.graph().trainingLoss() }
  }

  @Test(arguments: [false, true]) func `losses equal differences`(isRouted: Bool) throws {
    let g = GraphBuilder()
    let table = g.weight("table", [OpExample.vocabulary, 6])
    var x = g.input("tokens", [.tokens], .int32).gather(from: table)
    if isRouted {
      for layer in 0..<2 {
        x = g.scope("blocks.\(layer)", weights: "blk.\(layer)") {
          x + x.mixture(experts: 5, used: 2)
        }
      }
    }
    let logits = g.input("rows", [.rows], .int32).gather(from: x).linear(table).named("logits")
    let graph = try g.finish(logits).trainingLoss(Objective(loadBalancing: isRouted ? 0.5 : 0))
    let rows = [0, 2, 3, 9, 9]
    try Self.compare(
      graph, rows: rows,
      inputs: [
        "targets": [1, 0, 12, 4, 5], "target_weights": [0.5, 0, 0.25, 1, 0.125],
        "token_weights": [0.1, 0.2, 0, 0.1, 0.1, 0.05, 0.05, 0.1, 0.2, 0.1],
      ])
  }

  // MARK: Support

  /// Compares the gradients of all weights with differences.
  static func compare(
    _ graph: Graph, rows: [Int]? = nil, inputs: [String: [Double]] = [:], recomputing: Recomputation = .none
  ) throws {
    let training = try graph.withGradients(recomputing: recomputing)
    let load = { (graph: Graph) in
      let sizes = Dictionary(uniqueKeysWithValues: graph.weights.map { ($0.name, $0.shape.reduce(1, *)) })
      return { (name: String) in OpExample.weight(name, count: sizes[name] ?? 0).map { Double($0) } }
    }
    let gradients = try PreciseEvaluator(graph: training, weights: load(training), context: OpExample.context)
      .evaluate(sequences: sequences, rows: rows, inputs: inputs)
    var evaluator = try PreciseEvaluator(graph: graph, weights: load(graph), context: OpExample.context)
    func loss(_ name: String, _ values: [Double]) throws -> Double {
      try evaluator.setWeight(name, to: values)
      return try #require(try evaluator.evaluate(sequences: sequences, rows: rows, inputs: inputs).values.first)
        .values[0]
    }
    for (name, shape) in graph.weights {
      let values = load(graph)(name)
      let gradient = gradients["grad.\(name)"]
      #expect(gradient == nil || gradient?.shape == shape)
      let slopes = gradient?.values ?? [Double](repeating: 0, count: values.count)
      let scale = slopes.reduce(1) { max($0, abs($1)) }
      for index in values.indices {
        var changed = values
        changed[index] = values[index] + step
        let above = try loss(name, changed)
        changed[index] = values[index] - step
        let difference = (above - (try loss(name, changed))) / (2 * step)
        #expect(abs(slopes[index] - difference) <= 1e-6 * scale, "\(name)[\(index)]: \(slopes[index]), \(difference)")
      }
      _ = try loss(name, values)
    }
  }
}

extension Value {
  /// A mixture of experts in its plainest form.
  fileprivate func mixture(experts: Int, used: Int) -> Value {
    builder.scope("mlp") {
      let logits = linear("gate", experts).named("router_logits")
      let scores = logits.softmax()
      let choice = scores.topK(Selection(count: used)).named("expert_indices")
      return expertLinear("up", width, experts: experts, choice: choice).unary(.silu)
        .weightedSum(scores.picked(by: choice).normalizeSum())
    }
  }
}
