/// How a text becomes tokens: what every stage makes of it.
public struct TokenizerTrace: Sendable {
  /// A stretch of the text: a token that was found in it as it stands, or text that went through the stages.
  public enum Part: Sendable {
    case token(Int32)
    case text(Text)
  }

  public struct Text: Sendable {
    /// The pre-tokeniser's stages in order, each with the parts that it leaves.
    public var cuts: [Stage] = []
    /// The parts that the model encodes on their own.
    public var words: [Word] = []
  }

  /// A stage by name, and the text or parts after it.
  public struct Stage: Sendable {
    public let name: String
    public let parts: [[UInt8]]
  }

  /// One word and the tokens it becomes.
  public struct Word: Sendable {
    public let bytes: [UInt8]
    /// The characters or bytes that merging begins with; empty where nothing is merged.
    public var symbols: [[UInt8]] = []
    /// In the order they happen.
    public var merges: [Merge] = []
    public let tokens: [Int32]
  }

  /// Two neighbours become one.
  public struct Merge: Sendable, Hashable {
    /// Lower ranks merge first.
    public let rank: Int
    /// Bytes of the word before the left one.
    public let offset: Int
    public let left: [UInt8]
    public let right: [UInt8]
    /// The token that both make.
    public let token: Int32
  }

  /// Tokens put before and after the text.
  public internal(set) var prefix: [Int32] = []
  public internal(set) var suffix: [Int32] = []
  /// The normaliser's stages in order, each with the whole of what it leaves, stretch by stretch.
  public internal(set) var normalisations: [[Stage]] = []
  public internal(set) var parts: [Part] = []

  /// All tokens in order: those of `encode`.
  public var tokens: [Int32] {
    prefix
      + parts.flatMap { part in
        switch part {
        case .token(let id): [id]
        case .text(let text): text.words.flatMap(\.tokens)
        }
      } + suffix
  }
}

extension TokenizerTrace.Word {
  /// A word of `text` and what merging did with it.
  init(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ log: BytePairBuffers.Log?, tokens: ArraySlice<Int32>
  ) {
    func slice(_ start: Int32, _ end: Int32) -> [UInt8] { Array(text[Int(start)..<Int(end)]) }
    bytes = Array(text[range])
    symbols = (log?.symbols ?? []).map { slice($0.start, $0.end) }
    merges = (log?.merges ?? []).map { merge in
      TokenizerTrace.Merge(
        rank: Int(merge.rank), offset: Int(merge.left) - range.lowerBound, left: slice(merge.left, merge.middle),
        right: slice(merge.middle, merge.end), token: merge.id)
    }
    self.tokens = Array(tokens)
  }

  init(bytes: [UInt8], tokens: ArraySlice<Int32>) { (self.bytes, self.tokens) = (bytes, Array(tokens)) }
}

extension Tokenizer {
  /// Every stage between a text and its tokens, which are those of `encode`; throws as it does.
  ///
  /// Much slower than `encode` and with memory for every step: for texts that a person looks at.
  public func trace(_ text: String, addSpecial: Bool = true, parseSpecial: Bool = false) throws(TokenizerError)
    -> TokenizerTrace
  {
    let bytes = Array(text.utf8)
    guard bytes.count <= Self.textLimit else { throw .textTooLong(bytes: bytes.count, limit: Self.textLimit) }
    var trace = TokenizerTrace()
    if addSpecial { (trace.prefix, trace.suffix) = (postProcessor.prefix, postProcessor.suffix) }
    var normalisations: [[TokenizerTrace.Stage]] = []
    var parts: [TokenizerTrace.Part] = []
    var isIncomplete = false
    try forEachSection(bytes, parseSpecial: parseSpecial) { text throws(TokenizerError) in
      var stages: [TokenizerTrace.Stage] = []
      for stage in normalizer?.stages ?? [] {
        try stage.apply(&text)
        stages.append(.init(name: stage.title, parts: [text]))
      }
      normalisations.append(stages)
    } _: { section throws(TokenizerError) in
      switch section {
      case .token(let id): parts.append(.token(id))
      case .text(var pieces):
        var text = TokenizerTrace.Text()
        for stage in preTokenizer?.stages ?? [] {
          try stage.apply(&pieces)
          text.cuts.append(.init(name: stage.title, parts: pieces.parts.map { Array($0) }))
        }
        var run = ModelRun(model, vocabulary, textLength: 0)
        run.words = []
        var output: [Int32] = []
        run.encode(pieces, into: &output)
        isIncomplete = isIncomplete || run.isIncomplete
        text.words = run.words ?? []
        parts.append(.text(text))
      }
    }
    if isIncomplete { throw .malformed("vocabulary", "it has no token for a part of this text, nor an unknown one") }
    (trace.normalisations, trace.parts) = (normalisations, parts)
    return trace
  }
}
