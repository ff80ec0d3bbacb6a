import Architectures
import Checkpoints
import Foundation
import GraphIR
import JSON
import Quantization
import TensorCore
import TestSupport
import Testing

/// Experts as published checkpoints store them.
struct ExpertRecipeTests {
  private func bytes(_ json: JSON, _ key: String) throws -> Data {
    try #require(json[key]?.string.flatMap { Data(base64Encoded: $0) })
  }

  private func tensor(_ data: Data, _ shape: [Int]) throws -> Tensor {
    let buffer = try Buffer(count: data.count)
    data.withUnsafeBytes { buffer.bytes.copyMemory(from: $0) }
    return Tensor(shape: shape, format: .i8, buffer: buffer)
  }

  @Test func `packed experts of gpt-oss are the numbers that transformers unpacks`() throws {
    let json = try TestData.json(fixture: "packed_experts.json")
    let (experts, inner, hidden) = (
      try #require(json["experts"]?.int), try #require(json["inner"]?.int), try #require(json["hidden"]?.int)
    )
    let config: JSON = [
      "model_type": "gpt_oss", "hidden_size": .integer(hidden), "intermediate_size": .integer(inner),
      "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 8,
      "num_local_experts": .integer(experts), "num_experts_per_tok": 1, "sliding_window": 16,
    ]
    let architecture = try Registry.architecture(for: ConfigReader(json: config, file: "config.json"))
    let block = "model.layers.0.mlp.experts"
    var stored = MemoryTensors()
    stored["\(block).gate_up_proj_blocks"] = try tensor(
      try bytes(json, "gate_up_blocks"), [experts, 2 * inner, hidden / 32, 16])
    stored["\(block).gate_up_proj_scales"] = try tensor(
      try bytes(json, "gate_up_scales"), [experts, 2 * inner, hidden / 32])
    stored["\(block).down_proj_blocks"] = try tensor(try bytes(json, "down_blocks"), [experts, hidden, inner / 32, 16])
    stored["\(block).down_proj_scales"] = try tensor(try bytes(json, "down_scales"), [experts, hidden, inner / 32])
    for (part, shape) in [
      ("gate", [experts, inner, hidden]), ("up", [experts, inner, hidden]),
      ("down", [experts, hidden, inner]),
    ] {
      let recipe = try #require(architecture.recipe(for: WeightName("blk.0.ffn_\(part)_exps.weight")))
      let made = try recipe.tensor(from: stored)
      #expect(made.format == .mxfp4)
      #expect(made.shape == shape)
      let expected = try bytes(json, part).map { Float(Int8(bitPattern: $0)) / 8 }
      #expect(made.floats() == expected, "\(part)")
    }
  }

  @Test(.enabled(if: TestData.isExpected, "shared test data is not here"))
  func `joined experts give the same weights as single ones`() throws {
    let folder = TestData.url("oracles/qwen3-moe").path
    let model = try ModelFile(path: folder)
    let single = try SafetensorsFolder(path: folder)
    var joined = MemoryTensors()
    for name in single.names where !name.contains(".experts.") { joined[name] = try single.tensor(name) }
    for layer in 0..<2 {
      let block = "model.layers.\(layer).mlp.experts"
      let map = { (kind: String) in try (0..<8).map { try single.tensor("\(block).\($0).\(kind)_proj.weight").floats() }
      }
      let (gate, up, down) = (try map("gate"), try map("up"), try map("down"))
      joined["\(block).gate_up_proj"] = Tensor(zip(gate, up).flatMap { $0 + $1 }, shape: [8, 64, 64])
      joined["\(block).down_proj"] = Tensor(down.flatMap { $0 }, shape: [8, 64, 32])
    }
    let weights = try model.weights()
    let others = try ModelWeights(
      of: model.graph, architecture: model.architecture, stored: joined, isGGUF: false, path: "joined")
    for name in weights.names {
      #expect(try weights.tensor(name).floats() == others.tensor(name).floats(), "\(name)")
    }
  }
}
