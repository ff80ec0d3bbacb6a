import Foundation
import GraphIR
import JSON
import Reference
import TestSupport
import Testing

/// Every example against what numpy computes over the whole sequence in float64.
@Suite struct OpExampleTests {
  static let expected = Result { try TestData.json(fixture: "ops.json") }

  @Test(arguments: OpExamples.all + OpExamples.training) func `an example equals numpy`(example: OpExample) throws {
    let entry = try #require(Self.expected.get()[example.name], "numpy does not compute it")
    let expected = try #require(entry["values"]?.array).map { try #require($0.double) }
    let width = try #require(entry["width"]?.int)

    let weights = try example.weights()
    var evaluator = try ReferenceEvaluator(
      graph: example.graph(), weights: { weights[$0] ?? [] }, context: OpExample.context)
    var values: [Float] = []
    for (index, tokens) in example.steps.enumerated() {
      let output = try evaluator.step(tokens: tokens, rows: example.rows?[index])
      #expect(output.shape.dropFirst().reduce(1, *) == width)
      values += output.values
    }
    #expect(values.count == expected.count)
    for (index, (value, target)) in zip(values, expected).enumerated() {
      let error = abs(Double(value) - target)
      #expect(error <= 3e-6 * max(1, abs(target)), "element \(index) is \(value), not \(target)")
    }
  }

  @Test(arguments: OpExamples.all) func `one token at a time gives the same bits`(example: OpExample) throws {
    guard example.rows == nil else { return }
    let weights = try example.weights()
    let graph = try example.graph()
    var whole = try ReferenceEvaluator(graph: graph, weights: { weights[$0] ?? [] }, context: OpExample.context)
    var single = whole
    let tokens = example.steps.flatMap { $0 }
    let all = try whole.step(tokens: tokens)
    let each = try tokens.flatMap { try single.step(tokens: [$0]).values }
    #expect(all.values == each)
  }

  @Test func `numpy computes no other example`() throws {
    let names = try #require(Self.expected.get().object?.map(\.key))
    let examples = (OpExamples.all + OpExamples.training).map(\.name)
    #expect(Set(names) == Set(examples))
    #expect(Set(examples).count == examples.count)
  }
}
