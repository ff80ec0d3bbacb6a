import GradientFixtures
import Gradients
import GraphIR
import Reference
import TensorCore
import TestSupport
import Testing
import TrainingEngine

/// A graph on the engine, with weights and gradients by name.
struct EngineRun {
  let engine: TrainingEngine
  let layout: ParameterLayout
  var parameters: [Float]
  var gradients: [Float]

  init(
    _ graph: Graph, weights: (String) -> [Float], options: TrainingEngineOptions,
    wanting isWanted: (String) -> Bool = { _ in true }
  ) throws {
    layout = ParameterLayout(graph, wanting: isWanted)
    engine = try TrainingEngine(graph, parameters: layout, options: options, frozen: weights)
    parameters = [Float](repeating: 0, count: layout.count)
    gradients = parameters
    for tensor in layout.tensors {
      parameters.replaceSubrange(tensor.range, with: weights(tensor.name))
      for index in tensor.range { gradients[index] = .nan }
    }
  }

  mutating func run(_ batch: TrainingBatch, accumulating: Bool = false) throws -> Float {
    try parameters.withUnsafeBufferPointer { parameters in
      let base = try #require(parameters.baseAddress)
      return try gradients.withUnsafeMutableBufferPointer { gradients in
        try engine.run(batch, parameters: base, gradients: gradients.baseAddress, accumulating: accumulating)
      }
    }
  }

  /// The loss alone.
  func loss(_ batch: TrainingBatch) throws -> Float {
    try parameters.withUnsafeBufferPointer {
      let base = try #require($0.baseAddress)
      return try engine.run(batch, parameters: base)
    }
  }

  func gradient(_ name: String) throws -> [Float] { Array(gradients[try #require(layout[name]).range]) }
}

extension TrainingBatch {
  init(sequences: [[Int32]], inputs: [String: [Double]] = [:], rows: [Int]? = nil) {
    var start = 0
    let runs = sequences.map { tokens in
      defer { start += tokens.count }
      return Sequence(start: start, count: tokens.count)
    }
    self.init(
      tokens: sequences.flatMap { $0 }, sequences: runs, targets: inputs["targets", default: []].map { Int32($0) },
      targetWeights: inputs["target_weights", default: []].map { Float($0) },
      tokenWeights: inputs["token_weights", default: []].map { Float($0) }, rows: rows.map { $0.map { Int32($0) } })
  }
}

/// Every shared example that has a gradient, against `Reference`.
@Suite struct EngineExampleTests {
  static let sequences: [[Int32]] = [[3, 1, 4, 1, 5, 9], [2, 6, 5, 3]]

  static func graph(_ example: OpExample) throws -> Graph? {
    do {
      return try scalarLoss(of: example.graph()).withGradients()
    } catch is GradientError {
      return nil
    }
  }

  @Test(arguments: OpExamples.all + OpExamples.training) func `an example equals the reference`(example: OpExample)
    throws
  {
    let loss = try scalarLoss(of: example.graph())
    let rows = example.rows == nil ? nil : [7, 0, 3, 3, 9]
    try Self.check(Self.graph(example) ?? loss, Self.sequences, rows: rows)
  }

  @Test(arguments: [3, 1100]) func `maps with many matrices equal the reference`(tokens: Int) throws {
    let g = GraphBuilder()
    let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("table", [OpExample.vocabulary, 150]))
    let choice = x.linear("gate", 9).topK(Selection(count: 2))
    let inner = x.expertLinear("up", 140, experts: 9, choice: choice).unary(.tanh)
    let mixed = inner.expertLinear("down", 150, experts: 9, choice: choice).reshape(300)
    let heads = mixed.reshape(2, 150).headLinear("heads", 135).reshape(270)
    let sequences = [(0..<Int32(tokens)).map { ($0 * $0 + 3) % Int32(OpExample.vocabulary) }]
    try Self.check(scalarLoss(of: g.finish(heads * 0.1)).withGradients(), sequences, rows: nil)
  }

  /// The loss and all gradients of a graph on the engine against the reference.
  static func check(_ graph: Graph, _ sequences: [[Int32]], rows: [Int]?) throws {
    let count = sequences.joined().count
    var options = TrainingEngineOptions(maximumTokens: max(16, count))
    options.threads = 2
    options.context = max(OpExample.context, count)
    options.choosesRows = rows != nil
    let sizes = Dictionary(uniqueKeysWithValues: graph.weights.map { ($0.name, $0.shape.reduce(1, *)) })
    let weights = { OpExample.weight($0, count: sizes[$0] ?? 0) }
    var run = try EngineRun(graph, weights: weights, options: options)
    let found = try run.run(TrainingBatch(sequences: sequences, rows: rows))

    let expected = try ReferenceEvaluator(graph: graph, weights: weights, context: options.context ?? 0)
      .evaluate(sequences: sequences, rows: rows)
    let target = try #require(expected[graph.outputs[0].name]).values[0]
    #expect(abs(found - target) <= 1e-5 * max(1, abs(target)), "\(found), not \(target)")
    for tensor in run.layout.tensors where graph.outputs.count > 1 {
      let slopes = expected["grad.\(tensor.name)"]?.values ?? [Float](repeating: 0, count: tensor.count)
      let scale = slopes.reduce(1) { max($0, abs($1)) }
      for (value, slope) in zip(try run.gradient(tensor.name), slopes) {
        #expect(abs(value - slope) <= 1e-5 * scale, "\(tensor.name): \(value), not \(slope)")
      }
    }
  }
}
