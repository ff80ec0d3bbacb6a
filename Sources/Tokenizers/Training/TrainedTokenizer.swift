public import JSON

/// What training gives: a `tokenizer.json` and the tokenizer that it describes.
public struct TrainedTokenizer: Sendable {
  /// The whole `tokenizer.json`, as `tokenizers` reads it.
  public let json: JSON
  public let tokenizer: Tokenizer

  /// `tokenizer_config.json`, where the texts around a text are known.
  public let config: JSON?

  init(_ settings: BytePairTrainer.Settings, tokens: [[UInt8]], merges: [PairCounts.Pair]) throws(TokenizerError) {
    let texts = tokens.map { String(decoding: $0, as: UTF8.self) }
    try self.init(
      tokens: texts, merges: merges.map { (texts[Int($0.left)], texts[Int($0.right)]) },
      specials: settings.specialTokens.enumerated().map { (id: $0.offset, text: $0.element) },
      pattern: settings.pattern)
  }

  /// Of tokens by their ids, in GPT-2's byte alphabet, and the merges that make them.
  init(
    tokens: [String], merges: [(String, String)], specials: [(id: Int, text: String)], pattern: TrainingPattern
  ) throws(TokenizerError) {
    let added = specials.map { id, text in
      JSON.object([
        .init("id", .integer(id)), .init("content", .string(text)), .init("single_word", false),
        .init("lstrip", false), .init("rstrip", false), .init("normalized", false), .init("special", true),
      ])
    }
    let model = JSON.object([
      .init("type", "BPE"), .init("dropout", .null), .init("unk_token", .null),
      .init("continuing_subword_prefix", .null), .init("end_of_word_suffix", .null), .init("fuse_unk", false),
      .init("byte_fallback", false), .init("ignore_merges", false),
      .init("vocab", .object(tokens.enumerated().map { .init($0.element, .integer($0.offset)) })),
      .init("merges", .array(merges.map { .array([.string($0.0), .string($0.1)]) })),
    ])
    let level = JSON.object([
      .init("type", "ByteLevel"), .init("add_prefix_space", true), .init("trim_offsets", true),
      .init("use_regex", true),
    ])
    let file = JSON.object([
      .init("version", "1.0"), .init("truncation", .null), .init("padding", .null),
      .init("added_tokens", .array(added)),
      .init("normalizer", .null), .init("pre_tokenizer", pattern.json), .init("post_processor", .null),
      .init("decoder", level), .init("model", model),
    ])
    try self.init(json: file, config: nil)
  }

  init(json: JSON, config: JSON?) throws(TokenizerError) {
    (self.json, self.config) = (json, config)
    tokenizer = try Tokenizer(huggingFace: json, config: config)
  }
}

extension TrainedTokenizer {
  /// Reads a `tokenizer.json`, or that of a folder, with `tokenizer_config.json` beside it.
  ///
  /// Throws `TokenizerError` that names the file.
  public init(path: String) throws(TokenizerError) {
    let file = path.hasSuffix(".json") ? path : path + "/tokenizer.json"
    let config = (file.hasSuffix("/tokenizer.json") ? String(file.dropLast(14)) : file) + "tokenizer_config.json"
    let settings = try? Tokenizer.parsed(config)
    try self.init(json: Tokenizer.parsed(file), config: settings)
  }
}
