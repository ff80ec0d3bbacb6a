public import JSON

/// The model that a recipe trains: a new one of given sizes, or one that exists.
public enum ModelRecipe: Hashable, Sendable {
  case new(ModelSizes)
  /// A file or folder that is trained further, on sequences of at most `context` rows (the model's own length, at most
  /// 1024, where none is given); with `adapter`, only its low-rank changes are.
  case existing(path: String, context: Int?, adapter: LowRankSettings?)

  init(_ reader: RecipeReader) throws(RecipeError) {
    if reader.value("path") != nil {
      let path = try reader.string("path")
      self = .existing(
        path: path, context: reader.value("context") == nil ? nil : try reader.int("context", in: 2...1 << 20),
        adapter: reader.value("lora") == nil ? nil : try LowRankSettings(reader.section("lora")))
    } else {
      self = .new(try ModelSizes(reader))
    }
    try reader.finish()
  }
}

/// Low-rank changes `W + (α / r) · B · A` of linear maps (arXiv 2106.09685).
public struct LowRankSettings: Hashable, Sendable {
  /// `r`, the rows of `A` and columns of `B`.
  public var rank: Int
  public var alpha: Double
  /// Parts of a layer, as `attn_q`; those that the model lacks are passed over.
  public var weights: [String]

  public static let usualWeights = ["attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output"]

  public init(rank: Int, alpha: Double? = nil, weights: [String] = LowRankSettings.usualWeights) {
    (self.rank, self.alpha, self.weights) = (rank, alpha ?? Double(2 * rank), weights)
  }

  init(_ reader: RecipeReader) throws(RecipeError) {
    rank = try reader.int("rank", default: 8, in: 1...4096)
    alpha = try reader.double("alpha", default: Double(2 * rank), in: 1e-6...1e6)
    weights = try reader.strings("weights", default: Self.usualWeights)
    if weights.isEmpty { throw reader.error("weights", "is empty") }
    try reader.finish()
  }
}

/// The sizes of a new model.
public struct ModelSizes: Hashable, Sendable {
  public var family: Family
  public var layers: Int
  public var heads: Int
  public var keyValueHeads: Int
  public var width: Int
  /// Of the feed-forward network.
  public var inner: Int
  public var context: Int
  /// Whether linear maps and layer norms have biases; Llama has none.
  public var hasBias: Bool
  /// Whether the head reads the token embedding's weights.
  public var tiedHead: Bool
  public var ropeBase: Double

  /// Architectures that can be begun from nothing.
  public enum Family: String, Hashable, Sendable, CaseIterable { case gpt2, llama }

  init(_ reader: RecipeReader) throws(RecipeError) {
    family = try reader.choice("family")
    layers = try reader.int("layers", in: 1...1000)
    heads = try reader.int("heads", in: 1...1 << 12)
    keyValueHeads = try reader.int("keyValueHeads", default: heads, in: 1...1 << 12)
    width = try reader.int("width", in: 1...1 << 18)
    let inner = try reader.int("inner", default: family == .gpt2 ? 4 * width : (width * 8 / 3 + 31) / 32 * 32)
    self.inner = inner
    context = try reader.int("context", in: 1...1 << 24)
    hasBias = try reader.bool("bias", default: family == .gpt2)
    tiedHead = try reader.bool("tiedHead", default: true)
    ropeBase = try reader.double("ropeBase", default: 10_000, in: 1...1e12)
    guard (1...1 << 20).contains(inner) else { throw reader.error("inner", "\(inner) is outside 1...\(1 << 20)") }
    guard width % heads == 0 else { throw reader.error("heads", "\(heads) heads cannot share a width of \(width)") }
    guard heads % keyValueHeads == 0 else {
      throw reader.error("keyValueHeads", "\(heads) query heads cannot share \(keyValueHeads) key-value heads")
    }
    switch family {
    case .gpt2 where keyValueHeads != heads: throw reader.error("keyValueHeads", "GPT-2 has one for each head")
    case .llama where hasBias: throw reader.error("bias", "Llama has none")
    case .llama where width / heads % 2 != 0:
      throw reader.error("heads", "a head of \(width / heads) elements cannot turn: its width must be even")
    default: break
    }
  }

  /// The `config.json` of this model, as transformers reads it.
  public func config(vocabularySize: Int, begin: Int32?, end: Int32?) -> JSON {
    func id(_ token: Int32?) -> JSON { token.map { .integer(Int($0)) } ?? .null }
    let shared: [JSON.Member] = [
      .init("vocab_size", .integer(vocabularySize)), .init("bos_token_id", id(begin)), .init("eos_token_id", id(end)),
      .init("tie_word_embeddings", .bool(tiedHead)), .init("torch_dtype", "float32"),
    ]
    switch family {
    case .gpt2:
      return .object(
        [
          .init("architectures", ["GPT2LMHeadModel"]), .init("model_type", "gpt2"), .init("n_layer", .integer(layers)),
          .init("n_head", .integer(heads)), .init("n_embd", .integer(width)), .init("n_positions", .integer(context)),
          .init("n_inner", .integer(inner)), .init("activation_function", "gelu_new"),
          .init("layer_norm_epsilon", 1e-5), .init("attn_pdrop", 0), .init("embd_pdrop", 0), .init("resid_pdrop", 0),
        ] + shared)
    case .llama:
      return .object(
        [
          .init("architectures", ["LlamaForCausalLM"]), .init("model_type", "llama"),
          .init("num_hidden_layers", .integer(layers)), .init("num_attention_heads", .integer(heads)),
          .init("num_key_value_heads", .integer(keyValueHeads)), .init("head_dim", .integer(width / heads)),
          .init("hidden_size", .integer(width)), .init("intermediate_size", .integer(inner)),
          .init("max_position_embeddings", .integer(context)), .init("hidden_act", "silu"),
          .init("rms_norm_eps", 1e-5), .init("rope_theta", .number(ropeBase)), .init("attention_bias", false),
          .init("mlp_bias", false),
        ] + shared)
    }
  }
}
