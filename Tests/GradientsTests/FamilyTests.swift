import Architectures
import Checkpoints
import Foundation
import Gradients
import GraphIR
import Quantization
import Reference
import TestSupport
import Testing

/// Every family's whole gradient, along one direction through all its weights, against differences in float64.
@Suite(.enabled(if: TestData.isExpected, "shared test data is not here")) struct FamilyTests {
  static let families = [
    "deepseek-v2", "deepseek-v3", "gemma2", "gemma3", "gpt-oss", "gpt2", "llama", "llama-yarn", "llama3-rope", "llama4",
    "mamba2", "mistral-window", "mixtral", "olmoe", "phi3", "qwen2", "qwen3", "qwen3-moe", "qwen3-next", "smollm3-nope",
  ]
  static let sequences: [[Int32]] = [(0..<19).map { $0 * 7 % 61 + 3 }, [5, 90, 17]]

  @Test(arguments: families) func `a family's gradient equals differences`(family: String) throws {
    let model = try ModelFile(path: TestData.url("oracles/\(family)").path)
    let source = try model.weights()
    let weights = try source.names.reduce(into: [String: [Double]]()) {
      $0[$1] = try source.tensor($1).floats().map { Double($0) }
    }
    let count = Self.sequences.joined().count
    let inputs = [
      "targets": (0..<count).map { Double($0 * 11 % 64) }, "target_weights": (0..<count).map { Double($0 % 3) },
      "token_weights": [Double](repeating: 1 / Double(count), count: count),
    ]
    let objective = Objective(loadBalancing: 0.5)
    let graph = try model.graph.differentiated(objective, recomputing: .layers)
    let gradients = try PreciseEvaluator(graph: graph, weights: { weights[$0] ?? [] }, context: 64)
      .evaluate(sequences: Self.sequences, inputs: inputs)

    let loss = try model.graph.trainingLoss(objective)
    var evaluator = try PreciseEvaluator(graph: loss, weights: { weights[$0] ?? [] }, context: 64)
    var generator = Generator(seed: 7)
    let directions = weights.keys.sorted().reduce(into: [String: [Double]]()) { result, name in
      result[name] = generator.normal(weights[name]?.count ?? 0).map { Double($0) }
    }
    func moved(_ step: Double) throws -> Double {
      for (name, direction) in directions {
        try evaluator.setWeight(name, to: zip(weights[name] ?? [], direction).map { $0 + step * $1 })
      }
      return try #require(evaluator.evaluate(sequences: Self.sequences, inputs: inputs)["loss"]).values[0]
    }
    let step = 1e-6
    let difference = (try moved(step) - moved(-step)) / (2 * step)
    let slope = directions.reduce(0.0) { sum, direction in
      sum + zip(gradients["grad.\(direction.key)"]?.values ?? [], direction.value).reduce(0.0) { $0 + $1.0 * $1.1 }
    }
    #expect(abs(slope) > 1e-3)
    #expect(abs(slope - difference) <= 1e-5 * abs(difference), "\(slope), not \(difference)")
  }
}
