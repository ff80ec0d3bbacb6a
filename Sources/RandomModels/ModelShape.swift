public import JSON

/// The sizes of a known model, as its published configuration gives them.
public struct ModelShape: Hashable, Sendable {
  public let name: String
  /// What its `config.json` would say.
  public let config: JSON

  /// The shape of a name, if there is one.
  public init?(name: String) {
    guard let match = Self.all.first(where: { $0.name == name }) else { return nil }
    self = match
  }

  private init(_ name: String, _ config: JSON) { (self.name, self.config) = (name, config) }

  public static let all: [ModelShape] = [
    // Llama 3.2 1B.
    .init(
      "llama-1b",
      [
        "model_type": "llama", "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 8192, "vocab_size": 128_256,
        "rms_norm_eps": 1e-5, "rope_theta": 500_000, "max_position_embeddings": 131_072, "tie_word_embeddings": true,
      ]),
    // Qwen3 0.6B.
    .init(
      "qwen3-0.6b",
      [
        "model_type": "qwen3", "hidden_size": 1024, "num_hidden_layers": 28, "num_attention_heads": 16,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 3072, "vocab_size": 151_936,
        "rms_norm_eps": 1e-6, "rope_theta": 1_000_000, "max_position_embeddings": 40_960, "tie_word_embeddings": true,
      ]),
    // GPT-2, the smallest.
    .init(
      "gpt2",
      [
        "model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50_257,
        "layer_norm_epsilon": 1e-5,
      ]),
    // OLMoE at half its width: 64 experts, 8 of them a token.
    .init(
      "moe-64x8",
      [
        "model_type": "olmoe", "hidden_size": 1024, "num_hidden_layers": 16, "num_attention_heads": 16,
        "num_key_value_heads": 16, "intermediate_size": 1024, "num_experts": 64, "num_experts_per_tok": 8,
        "norm_topk_prob": false, "vocab_size": 50_304, "rms_norm_eps": 1e-5, "rope_theta": 10_000,
        "max_position_embeddings": 4096, "tie_word_embeddings": false,
      ]),
    // Llama 3.1 8B.
    .init(
      "llama-8b",
      [
        "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14_336, "vocab_size": 128_256,
        "rms_norm_eps": 1e-5, "rope_theta": 500_000, "max_position_embeddings": 131_072, "tie_word_embeddings": false,
      ]),
    // Two small layers, to try things with.
    .init(
      "tiny",
      [
        "model_type": "llama", "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 64, "intermediate_size": 512, "vocab_size": 1024, "rms_norm_eps": 1e-5,
        "rope_theta": 10_000, "max_position_embeddings": 8192, "tie_word_embeddings": true,
      ]),
  ]
}
