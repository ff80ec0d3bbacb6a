import Architectures
import Checkpoints
import Foundation
import GraphIR
import Quantization
import Reference
import Scenes
import TensorCore
import TestSupport

/// Graphs of the test data, and their values for a prompt.
enum SceneModels {
  static let families = [
    "deepseek-v2", "deepseek-v3", "gemma2", "gemma3", "gpt-oss", "gpt2", "llama", "llama-yarn", "llama3-rope", "llama4",
    "mamba2", "mistral-window", "mixtral", "olmoe", "phi3", "qwen2", "qwen3", "qwen3-moe", "qwen3-next", "smollm3-nope",
  ]
  static let published = [
    "configs/deepseek-v2-lite.json", "configs/deepseek-v3.json", "configs/gpt-oss-20b.json",
    "configs/llama-4-scout.json", "configs/mamba2-2.7b.json", "configs/mixtral-8x7b.json",
    "configs/qwen3-next-80b-a3b.json", "plans/gemma-3-27b.json", "plans/llama-3.1-70b.json",
    "plans/nemotron-super-49b.json",
  ]

  static func graph(_ family: String) throws -> Graph {
    try ModelFile(path: TestData.url("oracles/\(family)").path).graph
  }

  static func published(_ name: String) throws -> Graph {
    try ModelFile(path: TestData.fixture(name).path).graph
  }

  /// A graph with every value of one prompt, in double precision.
  struct Run {
    let graph: Graph
    let context: Int
    var values: [String: HostArray<Double>] = [:]

    init(_ graph: Graph, context: Int, weights: ModelWeights, tokens: [Int32]) throws {
      (self.graph, self.context) = (graph, context)
      var loaded: [String: HostArray<Double>] = [:]
      for weight in graph.weights {
        let values = try weights.tensor(weight.name).floats().map { Double($0) }
        loaded[weight.name] = HostArray(shape: weight.shape, values: values)
      }
      var evaluator = try Evaluator<Double>(graph: graph, weights: { loaded[$0]!.values }, context: context)
      var seen = loaded
      _ = try evaluator.step(tokens: tokens) { seen[$0.name] = $1 }
      values = seen
    }

    func read(_ cells: Cells) -> [Double]? {
      guard let value = values[graph.nodes[cells.node].name] else { return nil }
      return (0..<cells.size).map { number in
        var (rest, flat, stride) = (number, 0, 1)
        for dimension in cells.count.indices.reversed() {
          flat += (cells.lower[dimension] + rest % cells.count[dimension]) * stride
          rest /= cells.count[dimension]
          stride *= value.shape[dimension]
        }
        return value.values[flat]
      }
    }
  }

  static func run(_ family: String) throws -> Run {
    let file = try ModelFile(path: TestData.url("oracles/\(family)").path)
    let oracle = try SafetensorsFile(path: TestData.url("oracles/\(family)/oracle.safetensors").path)
    let tokens = try oracle.tensor("tokens").floats().prefix(9).map { Int32($0) }
    return try Run(file.graph, context: 128, weights: file.weights(), tokens: tokens)
  }

  static func nanoSort() throws -> Run {
    let source = try MinGPT(JSONTensors(path: TestData.url("nano-sort/gpt-nano-sort-model.json").path))
    let architecture = try Registry.architecture(for: ConfigReader(json: source.config, file: "config.json"))
    let graph = try architecture.graph()
    let weights = try ModelWeights(
      of: graph, architecture: architecture, stored: source.tensors, isGGUF: false, path: "nano-sort")
    let partials = try JSONTensors(path: TestData.url("nano-sort/gpt-nano-sort-t0-partials.json").path)
    let tokens = try partials.tensor("idx").floats(rows: 0..<1).map { Int32($0) }
    return try Run(graph, context: architecture.config.contextLength, weights: weights, tokens: tokens)
  }
}
