/// The stage that turns one part of a text into tokens.
public enum TokenModel: Sendable {
  case bytePair(BytePair)
  case unigram(Unigram)
  case wordPiece(WordPiece)
  /// Whole parts are looked up; others are `unknown`.
  case wordLevel(unknown: Int32)
  /// A model without a vocabulary encodes nothing.
  case none

  /// The kind's name as files write it.
  public var name: String {
    switch self {
    case .bytePair: "BPE"
    case .unigram: "Unigram"
    case .wordPiece: "WordPiece"
    case .wordLevel: "WordLevel"
    case .none: "none"
    }
  }
}

/// Encodes the parts of one text; keeps what it learns and its buffers between parts.
struct ModelRun {
  private let vocabulary: Vocabulary
  private let model: TokenModel
  private var cache: WordCache
  private var bytePair = BytePairBuffers()
  private var unigram = UnigramBuffers()
  /// What became of each word, where that is asked for; then nothing is taken from what was learnt.
  var words: [TokenizerTrace.Word]?
  /// Text was met that the model has no token for, not even an unknown one.
  private(set) var isIncomplete = false

  init(_ model: TokenModel, _ vocabulary: Vocabulary, textLength: Int) {
    (self.model, self.vocabulary) = (model, vocabulary)
    cache = WordCache(textLength: textLength)
  }

  /// Appends the tokens of every part.
  mutating func encode(_ pieces: Pieces, into output: inout [Int32]) {
    pieces.text.withUnsafeBufferPointer { text in
      for range in pieces.ranges { encode(text, range.lowerBound, range.upperBound, &output) }
    }
  }

  private mutating func encode(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ output: inout [Int32]) {
    guard case .bytePair(let model) = model, model.border != nil || model.protected != nil else {
      word(text, start, end, &output)
      return
    }
    var from = start
    while from < end {
      if let match = model.protected?.trie.longestMatch(text, from, end), let texts = model.protected?.texts {
        output.append(vocabulary.id(of: texts[Int(match.value)]) ?? model.unknown)
        words?.append(TokenizerTrace.Word(bytes: Array(text[from..<match.end]), tokens: output.suffix(1)))
        from = match.end
        continue
      }
      var to = end
      if let border = model.border { to = border.next(text, from, end) }
      if let protected = model.protected { to = protected.next(text, from, to, end) }
      word(text, from, to, &output)
      from = to
    }
  }

  private mutating func word(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ output: inout [Int32]) {
    if words != nil { return note(text, start, end, &output) }
    guard let base = text.baseAddress, end &- start <= WordCache.longestWord else {
      compute(text, start, end, &output)
      return
    }
    let hash = byteHash(base + start, end &- start)
    if cache.find(base + start, end &- start, hash, &output) { return }
    let mark = output.count
    compute(text, start, end, &output)
    cache.insert(base + start, end - start, hash, output[mark...])
  }

  /// Computes a word and keeps how.
  private mutating func note(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ output: inout [Int32]) {
    let mark = output.count
    bytePair.log = BytePairBuffers.Log()
    compute(text, start, end, &output)
    words?.append(TokenizerTrace.Word(text, start..<end, bytePair.log, tokens: output[mark...]))
    bytePair.log = nil
  }

  private mutating func compute(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ output: inout [Int32]) {
    switch model {
    case .bytePair(let model): model.encode(text, start, end, vocabulary, &bytePair, &output)
    case .unigram(let model): if !model.encode(text, start, end, &unigram, &output) { isIncomplete = true }
    case .wordPiece(let model): model.encode(text, start, end, &output)
    case .wordLevel(let unknown):
      let id = vocabulary.find(text.baseAddress! + start, end - start)
      output.append(id < 0 ? unknown : id)
    case .none: break
    }
  }
}
