import JSON
import Tokenizers

/// Words of a few letters followed by the same letters in order: `C A B | A B C |`.
///
/// The mark `|` ends the word and, after the answer, the sequence. Of words with four letters or more, two of five are
/// held out by a hash of the word, whatever the seed: the model never learns from them.
struct SortData: TrainingData {
  let settings: SortSettings
  let heldOut: [TrainingSequence]

  static let mark = "<|end|>"
  /// Shorter words are too few to keep any apart.
  static let shortestHeldOut = 4

  init(_ settings: SortSettings) {
    self.settings = settings
    let letters = settings.letters.count
    var words: [TrainingSequence] = []
    for length in Self.shortestHeldOut..<max(Self.shortestHeldOut, settings.longest + 1) {
      // Of long words some thousand are enough.
      let all = (0..<length).reduce(1) { product, _ in min(product * letters, 1 << 20) }
      let step = max(1, all / 8192)
      for number in stride(from: 0, to: all, by: step) {
        let word = Self.word(number, length: length, letters: letters)
        if Self.isHeldOut(word) { words.append(Self.sequence(word, letters: letters)) }
      }
    }
    heldOut = words
  }

  var vocabularySize: Int { settings.letters.count + 1 }
  var longestRows: Int { 2 * settings.longest + 1 }
  var hasAnswers: Bool { true }
  var summary: String {
    "words of 1 to \(settings.longest) letters of \(settings.letters); \(heldOut.count) words held out"
  }

  func sequences(step: Int, seed: UInt64, count: Int) -> [TrainingSequence] {
    (0..<count).map { index in
      var random = TrainingRandom(seed, UInt64(step), UInt64(index))
      while true {
        let isUsual = random.below(2) == 0
        let length = isUsual ? settings.usual : 1 + random.below(settings.longest)
        let word = (0..<length).map { _ in Int32(random.below(settings.letters.count)) }
        if !Self.isHeldOut(word) { return Self.sequence(word, letters: settings.letters.count) }
      }
    }
  }

  /// Whether validation keeps a word, given as its letters' numbers.
  static func isHeldOut(_ word: [Int32]) -> Bool {
    guard word.count >= shortestHeldOut else { return false }
    var random = TrainingRandom(word.reduce(UInt64(word.count)) { $0 &* 31 &+ UInt64($1) + 1 })
    return random.below(5) < 2
  }

  private static func word(_ number: Int, length: Int, letters: Int) -> [Int32] {
    var rest = number
    return (0..<length).map { _ in
      defer { rest /= letters }
      return Int32(rest % letters)
    }
  }

  private static func sequence(_ word: [Int32], letters: Int) -> TrainingSequence {
    let mark = Int32(letters)
    return TrainingSequence(
      word + [mark] + word.sorted() + [mark],
      counts: [Bool](repeating: false, count: word.count) + [Bool](repeating: true, count: word.count + 1))
  }

  /// One token a letter, then the mark, which encoding puts behind every text.
  func tokenizer() throws -> TrainedTokenizer {
    try TrainedTokenizer(characters: settings.letters.unicodeScalars, specialTokens: [Self.mark])
      .framed(begin: nil, end: Self.mark, adds: [.end])
  }
}
