import Architectures
import Checkpoints
import Foundation
import GradientFixtures
import Gradients
import GraphIR
import JSON
import Quantization
import Reference
import TensorCore
import TestSupport
import Testing

@Suite struct TorchTests {
  @Test(arguments: TorchStep.families) func `gradients equal PyTorch's`(family: String) throws {
    let step = try TorchStep(family)
    let weights = try step.weights()
    let graph = try step.model.graph.differentiated(step.objective)
    let outputs = try ReferenceEvaluator(graph: graph, weights: { weights[$0] ?? [] }, context: 32)
      .evaluate(sequences: step.sequences, inputs: step.inputs)
    let loss = try #require(outputs["loss"]).values[0]
    #expect(abs(Double(loss) - (try #require(step.record["loss"]?.double))) <= 1e-5)
    for name in weights.keys.sorted() {
      let expected = try #require(try step.slope(of: name, weights: weights), "PyTorch has no \(name)")
      let found = try #require(outputs["grad.\(name)"], "no gradient of \(name)").values
      #expect(found.count == expected.count)
      let error = norm(zip(found, expected).map { $0 - $1 })
      #expect(norm(expected) > 1e-6, "\(name) has no gradient to speak of")
      #expect(error <= 1e-4 * norm(expected), "\(name): \(error) of \(norm(expected))")
    }
  }

  @Test(arguments: TorchStep.families) func `ten steps of AdamW lose what PyTorch's lose`(family: String) throws {
    let step = try TorchStep(family)
    let settings = try #require(step.record["adamw"])
    let expected = try #require(settings["losses"]?.array).map { try #require($0.double) }
    func setting(_ name: String) throws -> Double { try #require(settings[name]?.double) }
    let (rate, decay, epsilon) = (try setting("rate"), try setting("decay"), try setting("epsilon"))
    let (beta1, beta2) = (try setting("beta1"), try setting("beta2"))

    let weights = try step.weights()
    let graph = try step.model.graph.differentiated(step.objective) { !$0.hasSuffix("ssm_a") }
    var evaluator = try ReferenceEvaluator(graph: graph, weights: { weights[$0] ?? [] }, context: 32)
    var moments = weights.mapValues { (first: [Double](repeating: 0, count: $0.count), second: $0.map { _ in 0.0 }) }
    var current = weights.mapValues { $0.map { Double($0) } }
    #expect(expected.count == 10)
    for (number, target) in expected.enumerated() {
      let outputs = try evaluator.evaluate(sequences: step.sequences, inputs: step.inputs)
      #expect(abs(Double(try #require(outputs["loss"]).values[0]) - target) <= 1e-4, "step \(number)")
      for (name, shape) in graph.weights {
        guard let gradient = outputs["grad.\(name)"] else { continue }
        // What a checkpoint keeps as a vector does not decay.
        let isMatrix = shape.count > 1
        for (i, g) in gradient.values.enumerated() {
          let g = Double(g)
          moments[name]!.first[i] = beta1 * moments[name]!.first[i] + (1 - beta1) * g
          moments[name]!.second[i] = beta2 * moments[name]!.second[i] + (1 - beta2) * g * g
          let first = moments[name]!.first[i] / (1 - power(beta1, number + 1))
          let second = moments[name]!.second[i] / (1 - power(beta2, number + 1))
          if isMatrix { current[name]![i] *= 1 - rate * decay }
          current[name]![i] -= rate * first / (second.squareRoot() + epsilon)
        }
        try evaluator.setWeight(name, to: current[name]!.map { Float($0) })
      }
    }
  }

  private func norm(_ values: [Float]) -> Double {
    values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}
