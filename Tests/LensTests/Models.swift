import Architectures
import Checkpoints
import Foundation
import Generation
import GraphIR
import Kernels
import Lens
import Quantization
import Reference
import TensorCore
import TestSupport

/// Small models and what plain double precision makes of them.
enum Models {
  /// Families with softmax attention whose states the lens can go back in.
  static let families = [
    "deepseek-v2", "gemma2", "gemma3", "gpt-oss", "gpt2", "llama", "llama4", "mistral-window", "mixtral", "olmoe",
    "qwen3-moe", "smollm3-nope",
  ]

  static func oracle(_ family: String) -> String { TestData.url("oracles/\(family)").path }

  static func tokens(_ family: String) throws -> [Int32] {
    try SafetensorsFile(path: oracle(family) + "/oracle.safetensors").tensor("tokens").floats().map { Int32($0) }
  }

  /// Float32 throughout, so that only the order of sums differs from the reference.
  static func exact(_ path: String) throws -> LanguageModel {
    var options = ModelOptions()
    (options.threads, options.cacheFormat, options.arithmetic, options.context) = (2, .f32, .float32, 128)
    return try LanguageModel(path: path, options: options)
  }

  static func recording(_ model: LanguageModel, _ tokens: [Int32], budget: Int = 1 << 26) throws -> Recording {
    let recording = try Recording(Recording.recordable(model).session(), budget: budget)
    try recording.session.append(tokens)
    return recording
  }

  /// Every value of a run in double precision, by node name.
  static func reference(_ path: String, _ tokens: [Int32]) throws -> [String: HostArray<Double>] {
    let file = try ModelFile(path: path)
    let weights = try file.weights()
    var evaluator = try Evaluator<Double>(
      graph: file.graph, weights: { try weights.tensor($0).floats().map { Double($0) } }, context: 128)
    var values: [String: HostArray<Double>] = [:]
    _ = try evaluator.step(tokens: tokens) { values[$0.name] = $1 }
    return values
  }

  static func worst(_ a: [Float], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).reduce(0) { max($0, abs(Double($1.0) - $1.1)) } : .infinity
  }
}

/// Rows of a model's head as its file holds them.
struct TestWeights {
  private let weights: ModelWeights

  init(path: String) throws { weights = try ModelFile(path: path).weights() }

  func row(_ token: Int, of graph: Graph) throws -> [Double] {
    let name = graph.weights.contains { $0.name == "output.weight" } ? "output.weight" : "token_embd.weight"
    return try weights.tensor(name).floats(rows: token..<token + 1).map { Double($0) }
  }
}
