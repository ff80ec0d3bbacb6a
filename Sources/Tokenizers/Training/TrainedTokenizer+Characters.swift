import JSON

extension TrainedTokenizer {
  /// A tokenizer whose tokens are single characters: those given, in the order of their code points, then special ones.
  ///
  /// It is byte-level BPE whose merges never cross a character, so every reader of `tokenizer.json` and of GGUF has it;
  /// a character beyond ASCII also brings the bytes and parts that it is merged from, after the characters. A text with
  /// other characters cannot be encoded. Throws `TokenizerError.untrainable` without a character.
  public init(characters: some Sequence<Unicode.Scalar>, specialTokens: [String] = []) throws(TokenizerError) {
    let characters = Set(characters).sorted()
    guard !characters.isEmpty else { throw .untrainable("there is no text to learn from") }
    func text(_ bytes: some Sequence<UInt8>) -> String {
      var text = ""
      for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(ByteAlphabet.scalars[Int(byte)])!) }
      return text
    }
    var tokens: [String] = []
    var known: Set<String> = []
    func add(_ token: String) { if known.insert(token).inserted { tokens.append(token) } }
    for character in characters { add(text(Array(String(character).utf8))) }
    var merges: [(String, String)] = []
    var merged: Set<String> = []
    for character in characters {
      let bytes = Array(String(character).utf8)
      guard bytes.count > 1 else { continue }
      for byte in bytes { add(text([byte])) }
      for end in 1..<bytes.count {
        let (left, right) = (text(bytes[..<end]), text([bytes[end]]))
        add(left + right)
        if merged.insert(left + right).inserted { merges.append((left, right)) }
      }
    }
    let specials = specialTokens.enumerated().map { (id: tokens.count + $0.offset, text: $0.element) }
    try self.init(
      tokens: tokens + specialTokens, merges: merges, specials: specials, pattern: TrainingPattern.gpt2)
  }

  /// The same tokenizer with special tokens put around every text, and `tokenizer_config.json` to go with it.
  ///
  /// `begin` and `end` are texts of special tokens: what a text starts from, and what it ends with. `adds` says which of
  /// them encoding puts there itself.
  public func framed(
    begin: String?, end: String?, adds: Set<Frame>
  ) throws(TokenizerError) -> TrainedTokenizer {
    var items: [JSON] = [["Sequence": ["id": "A", "type_id": 0]]]
    var specials: [JSON.Member] = []
    func item(_ text: String) throws(TokenizerError) -> JSON {
      guard let id = tokenizer.id(of: text) else { throw .malformed("tokenizer.json", "there is no token \(text)") }
      if !specials.contains(where: { $0.key == text }) {
        specials.append(
          .init(text, ["id": .string(text), "ids": [.integer(Int(id))], "tokens": [.string(text)]]))
      }
      return ["SpecialToken": ["id": .string(text), "type_id": 0]]
    }
    if let begin, adds.contains(.begin) { items.insert(try item(begin), at: 0) }
    if let end, adds.contains(.end) { items.append(try item(end)) }
    let pair: [JSON] = items + [["Sequence": ["id": "B", "type_id": 1]]]
    let stage: JSON = [
      "type": "TemplateProcessing", "single": .array(items), "pair": .array(pair),
      "special_tokens": .object(specials),
    ]
    let file = JSON.object(
      (json.object ?? []).map { $0.key == "post_processor" && !adds.isEmpty ? .init($0.key, stage) : $0 })
    var members: [JSON.Member] = [.init("tokenizer_class", "PreTrainedTokenizerFast")]
    if let begin { members.append(.init("bos_token", .string(begin))) }
    if let end { members.append(.init("eos_token", .string(end))) }
    members += [
      .init("add_bos_token", .bool(adds.contains(.begin))), .init("add_eos_token", .bool(adds.contains(.end))),
      .init("clean_up_tokenization_spaces", false),
    ]
    return try TrainedTokenizer(json: file, config: .object(members))
  }

  /// An end of a text.
  public enum Frame: Hashable, Sendable { case begin, end }
}
