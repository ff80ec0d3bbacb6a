/// Learns a byte-level BPE vocabulary from text.
///
///     var trainer = try BytePairTrainer(BytePairTrainer.Settings(vocabularySize: 4096, specialTokens: ["<|end|>"]))
///     try trainer.add(file: "corpus.txt")
///     let trained = try trainer.train()
///     let ids = try trained.tokenizer.encode("Once upon a time")
///
/// The text is read as a stream and kept as its different words with their counts. The merges are those of the
/// `BpeTrainer` of Hugging Face's `tokenizers`, given the same text as one item: the most frequent pair of neighbours
/// first, and of equally frequent ones the pair with the lower left id, then the lower right id. Counts are 64 bits wide
/// here and 32 there.
public struct BytePairTrainer: Sendable {
  let settings: Settings
  var words = WordCounts()
  private var stream: TrainingStream

  public struct Settings: Sendable, Hashable {
    /// Special tokens, the 256 bytes and merged tokens together. Fewer come of a text with too few pairs.
    public var vocabularySize: Int
    /// Pairs that are rarer are not merged.
    public var minimumCount: Int
    /// They get the first ids, in this order. Where one stands in the text, the text is cut and the token left out.
    public var specialTokens: [String]
    public var pattern: TrainingPattern

    public init(
      vocabularySize: Int, minimumCount: Int = 2, specialTokens: [String] = ["<|endoftext|>"],
      pattern: TrainingPattern = .llama3
    ) {
      (self.vocabularySize, self.minimumCount) = (vocabularySize, minimumCount)
      (self.specialTokens, self.pattern) = (specialTokens, pattern)
    }
  }

  /// Throws `TokenizerError.untrainable` on a vocabulary that has no room for bytes and special tokens, or is larger than
  /// a tokenizer's may be, and on special tokens that are shorter than two bytes or given twice.
  public init(_ settings: Settings) throws(TokenizerError) {
    let specials = settings.specialTokens
    guard specials.allSatisfy({ $0.utf8.count >= 2 }) else {
      throw .untrainable("a special token has at least two bytes")
    }
    guard Set(specials).count == specials.count else { throw .untrainable("a special token is given twice") }
    let least = 256 + specials.count
    guard settings.vocabularySize >= least else {
      throw .untrainable(
        "a vocabulary of \(settings.vocabularySize) has no room for 256 bytes and \(specials.count) special tokens; "
          + "the least is \(least)")
    }
    guard settings.vocabularySize <= Vocabulary.limit else {
      throw .untrainable("a vocabulary of \(settings.vocabularySize); the most is \(Vocabulary.limit)")
    }
    self.settings = settings
    stream = try TrainingStream(settings)
  }

  /// Counts the words of one whole text. Throws `TokenizerError.invalidUTF8`.
  public mutating func add(_ text: some Collection<UInt8>) throws(TokenizerError) {
    try stream.append(Array(text), isLast: true, to: &words)
  }

  public mutating func add(_ text: String) throws(TokenizerError) { try add(Array(text.utf8)) }

  /// Counts the words of a file that is one text. `progress` gets the bytes read so far.
  ///
  /// Reads a part of the file at a time; the words are those of the whole. Throws `TokenizerError.unreadable` on a file
  /// that cannot be read or is not UTF-8, and says where.
  public mutating func add(file path: String, progress: (Int) -> Void = { _ in }) throws(TokenizerError) {
    let file = try FileParts(path: path)
    var read = 0
    do throws(TokenizerError) {
      while true {
        let part = try file.next()
        try stream.append(part, isLast: part.isEmpty, to: &words)
        if part.isEmpty { return }
        read += part.count
        progress(read)
      }
    } catch {
      stream.reset()
      guard case .invalidUTF8(let offset) = error else { throw error }
      throw .unreadable(path: path, "not UTF-8 at byte \(offset)")
    }
  }

  /// The number of different words so far.
  public var wordCount: Int { words.count }

  /// The vocabulary of everything added. `progress` gets the tokens so far.
  ///
  /// Throws `TokenizerError.untrainable` where no text was added.
  public func train(progress: (Int) -> Void = { _ in }) throws(TokenizerError) -> TrainedTokenizer {
    guard words.count > 0 else { throw .untrainable("there is no text to learn from") }
    var merging = TrainingMerges(words, settings)
    merging.run(progress: progress)
    return try TrainedTokenizer(settings, tokens: merging.tokens, merges: merging.rules)
  }
}
