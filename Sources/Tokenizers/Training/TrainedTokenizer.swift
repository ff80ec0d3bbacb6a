public import JSON

/// What training gives: a `tokenizer.json` and the tokenizer that it describes.
public struct TrainedTokenizer: Sendable {
  /// The whole `tokenizer.json`, as `tokenizers` reads it.
  public let json: JSON
  public let tokenizer: Tokenizer

  init(_ settings: BytePairTrainer.Settings, tokens: [[UInt8]], merges: [PairCounts.Pair]) throws(TokenizerError) {
    let texts = tokens.map { String(decoding: $0, as: UTF8.self) }
    let added = settings.specialTokens.enumerated().map { id, text in
      JSON.object([
        .init("id", .integer(id)), .init("content", .string(text)), .init("single_word", false),
        .init("lstrip", false), .init("rstrip", false), .init("normalized", false), .init("special", true),
      ])
    }
    let model = JSON.object([
      .init("type", "BPE"), .init("dropout", .null), .init("unk_token", .null),
      .init("continuing_subword_prefix", .null), .init("end_of_word_suffix", .null), .init("fuse_unk", false),
      .init("byte_fallback", false), .init("ignore_merges", false),
      .init("vocab", .object(texts.enumerated().map { .init($0.element, .integer($0.offset)) })),
      .init(
        "merges",
        .array(merges.map { .array([.string(texts[Int($0.left)]), .string(texts[Int($0.right)])]) })),
    ])
    let level = JSON.object([
      .init("type", "ByteLevel"), .init("add_prefix_space", true), .init("trim_offsets", true),
      .init("use_regex", true),
    ])
    json = .object([
      .init("version", "1.0"), .init("truncation", .null), .init("padding", .null),
      .init("added_tokens", .array(added)),
      .init("normalizer", .null), .init("pre_tokenizer", settings.pattern.json), .init("post_processor", .null),
      .init("decoder", level), .init("model", model),
    ])
    tokenizer = try Tokenizer(huggingFace: json, config: nil)
  }
}
