/// Text to token ids and back, as a model's files describe it.
///
/// A tokenizer is its stages, each a value: `normalizer` → `preTokenizer` → `model` → `postProcessor`, and `decoder` for
/// the way back. It is immutable and may be used from many threads.
///
///     let tokenizer = try Tokenizer.load(path: "tokenizer.json")
///     let ids = try tokenizer.encode("Hello", addSpecial: true)
///     let text = try tokenizer.decode(ids, skipSpecial: true)
public struct Tokenizer: Sendable {
  public internal(set) var vocabulary: Vocabulary
  public internal(set) var normalizer: Normalizer?
  public internal(set) var preTokenizer: PreTokenizer?
  public internal(set) var model: TokenModel
  public internal(set) var postProcessor = PostProcessor()
  public internal(set) var decoder: TokenDecoder
  public internal(set) var addedTokens: AddedTokens
  public internal(set) var special = SpecialTokens()

  /// The longest text that one call encodes, in bytes.
  public static let textLimit = 1 << 28

  /// The token ids of a UTF-8 text.
  ///
  /// `addSpecial` puts the tokens around it that the model expects (BOS, EOS, …); `parseSpecial` reads control tokens
  /// written out in the text (`<s>`) as those tokens. Throws on text that is not UTF-8 or is longer than `textLimit`.
  public func encode(_ text: some Collection<UInt8>, addSpecial: Bool = true, parseSpecial: Bool = false)
    throws(TokenizerError) -> [Int32]
  {
    let bytes = Array(text)
    guard bytes.count <= Self.textLimit else { throw .textTooLong(bytes: bytes.count, limit: Self.textLimit) }
    if let offset = bytes.withUnsafeBufferPointer(UTF8Text.firstInvalid) { throw .invalidUTF8(offset: offset) }
    var output: [Int32] = []
    output.reserveCapacity(bytes.count / 3 + 8)
    if addSpecial { output += postProcessor.prefix }
    var run = ModelRun(model, vocabulary, textLength: bytes.count)
    try forEachSection(bytes, parseSpecial: parseSpecial, normalize: normalize) { section throws(TokenizerError) in
      switch section {
      case .token(let id): output.append(id)
      case .text(var pieces):
        try preTokenizer?.apply(&pieces)
        run.encode(pieces, into: &output)
      }
    }
    if run.isIncomplete {
      throw .malformed("vocabulary", "it has no token for a part of this text, nor an unknown one")
    }
    if addSpecial { output += postProcessor.suffix }
    return output
  }

  public func encode(_ text: String, addSpecial: Bool = true, parseSpecial: Bool = false) throws(TokenizerError)
    -> [Int32]
  {
    try encode(Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial)
  }

  /// The bytes that these tokens stand for: exactly, so perhaps not UTF-8. `skipSpecial` leaves out control tokens.
  public func decode(_ ids: some Sequence<Int32>, skipSpecial: Bool = false) throws(TokenizerError) -> [UInt8] {
    var output: [UInt8] = []
    var state = TokenDecoder.State()
    for id in ids { try append(id, skipSpecial: skipSpecial, to: &output, &state) }
    decoder.finish(&output, &state)
    return output
  }

  /// The bytes that one token adds inside a text.
  public func bytes(of id: Int32) throws(TokenizerError) -> [UInt8] {
    var output: [UInt8] = []
    var state = TokenDecoder.State(isFirst: false)
    try append(id, skipSpecial: false, to: &output, &state)
    return output
  }

  /// The id of a token by its text as files write it: a control or added token first, then any.
  public func id(of text: String) -> Int32? {
    addedTokens.id(of: Array(text.utf8)) ?? vocabulary.id(of: text)
  }

  func append(_ id: Int32, skipSpecial: Bool, to output: inout [UInt8], _ state: inout TokenDecoder.State)
    throws(TokenizerError)
  {
    guard vocabulary.contains(id) else { throw .unknownToken(id: id, count: vocabulary.count) }
    let kind = vocabulary.kinds[Int(id)]
    if skipSpecial, kind == .control || kind == .unknown { return }
    decoder.append(vocabulary[id], kind, to: &output, &state)
  }
}

extension Tokenizer {
  func normalize(_ text: inout [UInt8]) throws(TokenizerError) { try normalizer?.apply(&text) }

  enum Section {
    case token(Int32)
    case text(Pieces)
  }

  /// Added tokens and the normalised texts between them, in order.
  func forEachSection(
    _ text: [UInt8], parseSpecial: Bool,
    normalize: (inout [UInt8]) throws(TokenizerError) -> Void, _ body: (Section) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    var isAtStart = true
    for part in addedTokens.split(text, isNormalized: false, parseSpecial: parseSpecial) {
      if let id = part.id {
        try body(.token(id))
      } else {
        var section = part.range == 0..<text.count ? text : Array(text[part.range])
        try normalize(&section)
        if addedTokens.hasNormalized {
          for inner in addedTokens.split(section, isNormalized: true, parseSpecial: parseSpecial) {
            if let id = inner.id {
              try body(.token(id))
            } else {
              try body(.text(Pieces(Array(section[inner.range]), isAtStart: isAtStart && inner.range.lowerBound == 0)))
            }
          }
        } else {
          try body(.text(Pieces(section, isAtStart: isAtStart)))
        }
      }
      isAtStart = false
    }
  }
}
