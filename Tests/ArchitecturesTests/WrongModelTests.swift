import Architectures
import Checkpoints
import Foundation
import GraphIR
import JSON
import TensorCore
import TestSupport
import Testing

/// Models that cannot be used say what is wrong and where.
struct WrongModelTests {
  static let llama: JSON = [
    "model_type": "llama", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 4,
    "intermediate_size": 12, "max_position_embeddings": 16,
  ]

  static func changed(_ key: String, _ value: JSON?) -> JSON {
    .object((llama.object ?? []).filter { $0.key != key } + (value.map { [JSON.Member(key, $0)] } ?? []))
  }

  @Test(
    arguments: [
      ("hidden_size", nil, "config.json: hidden_size or n_embd: is missing"),
      ("hidden_size", "big", "config.json: hidden_size: is \"big\"; a whole number is wanted"),
      ("num_hidden_layers", 1_000_000_000, "num_hidden_layers or n_layer: 1000000000 is outside 1...10000"),
      ("num_hidden_layers", -3, "-3 is outside 1...10000"),
      ("num_attention_heads", 0, "0 is outside"),
      ("num_key_value_heads", 3, "2 query heads cannot share 3 key-value heads"),
      ("head_dim", 7, "cannot rotate 7 of 7 elements"),
      ("hidden_act", "cube", "hidden_act: \"cube\" is not supported"),
      ("model_type", "mystery", "model_type: the architecture 'mystery' is not known"),
      ("model_type", nil, "model_type: is missing"),
      ("rope_scaling", ["rope_type": "spiral"], "rope_scaling.rope_type: 'spiral' is not supported"),
      ("rope_scaling", ["rope_type": "linear"], "rope_scaling.factor: is missing"),
      ("rms_norm_eps", 2.5, "rms_norm_eps: 2.5 is outside"),
    ] as [(String, JSON?, String)])
  func `a wrong setting is named`(key: String, value: JSON?, message: String) throws {
    let error = #expect(throws: ConfigError.self) {
      try Registry.architecture(for: ConfigReader(json: Self.changed(key, value), file: "config.json"))
    }
    #expect(error.map { "\($0)".contains(message) } == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test func `sizes beyond counting are refused`() throws {
    let config: JSON = [
      "model_type": "llama", "hidden_size": 1_048_576, "num_hidden_layers": 10_000, "num_attention_heads": 16,
      "vocab_size": 16_777_216, "intermediate_size": 4_194_304, "max_position_embeddings": 4_294_967_296,
    ]
    let architecture = try Registry.architecture(for: ConfigReader(json: config, file: "config.json"))
    #expect(throws: GraphError.self) { try architecture.graph() }
  }

  private func weights(_ change: (inout MemoryTensors) -> Void, prefix: String = "") throws -> ModelWeights {
    let architecture = try Registry.architecture(for: ConfigReader(json: Self.llama, file: "config.json"))
    let graph = try architecture.graph()
    var tensors = MemoryTensors()
    for (name, shape) in graph.weights {
      let stored = try #require(architecture.recipe(for: WeightName(name))?.sources.first)
      tensors[prefix + stored] = Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape)
    }
    change(&tensors)
    return try ModelWeights(of: graph, architecture: architecture, stored: tensors, isGGUF: false, path: "folder")
  }

  @Test func `a missing weight is named, with what was looked for`() throws {
    let error = #expect(throws: CheckpointError.self) {
      try weights { $0["model.layers.0.mlp.up_proj.weight"] = nil }
    }
    #expect(
      error?.description
        == "folder: 'blk.0.ffn_up.weight': this weight is missing: the checkpoint has no model.layers.0.mlp.up_proj.weight"
    )
  }

  @Test func `a weight of another shape is named, with both shapes`() throws {
    let weights = try weights { $0["model.norm.weight"] = Tensor([1, 2, 3], shape: [3]) }
    let error = #expect(throws: CheckpointError.self) { try weights.tensor("output_norm.weight") }
    #expect(error?.description == "folder: 'output_norm.weight': has the shape [3]; the configuration says [8]")
  }

  @Test func `integers are no weights`() throws {
    let bytes = try Buffer(count: 64)
    let weights = try weights {
      $0["model.layers.0.self_attn.q_proj.weight"] = Tensor(shape: [8, 8], format: .i8, buffer: bytes)
    }
    let error = #expect(throws: CheckpointError.self) { try weights.tensor("blk.0.attn_q.weight") }
    #expect(error?.description == "folder: 'blk.0.attn_q.weight': is stored as i8, as no weight can be")
  }

  @Test func `queries of the wrong height are an error`() throws {
    let weights = try weights { $0["model.layers.0.self_attn.q_proj.weight"] = Tensor([1, 2], shape: [2, 1]) }
    #expect(throws: CheckpointError.self) { try weights.tensor("blk.0.attn_q.weight") }
  }

  @Test(arguments: ["", "language_model."])
  func `weights of a multimodal model are found`(prefix: String) throws {
    let weights = try weights({ _ in }, prefix: prefix)
    #expect(try weights.tensor("blk.0.ffn_down.weight").shape == [8, 12])
  }
}
