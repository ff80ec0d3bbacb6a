import Stories
import Tokenizers

/// Stories of the package's grammar, each a sequence of its own between two marks; none is told twice.
struct StoryData: TrainingData {
  let settings: StorySettings
  let context: Int
  let tokenizer: TrainedTokenizer
  let heldOut: [TrainingSequence]
  private let markToken: Int32

  static let mark = "<|endoftext|>"
  /// Seeds of the stories that tokens are learnt from and of those held out; a run's own are mixed with its seed.
  private static let (tokenSeed, heldOutSeed, trainingSeed): (UInt64, UInt64, UInt64) = (0x7061, 0x6865, 0x7472)

  /// Learns the tokens, unless a run that goes on kept its own.
  init(
    _ settings: StorySettings, context: Int, kept: TrainedTokenizer? = nil, progress: (Double) -> Void = { _ in }
  ) throws {
    (self.settings, self.context) = (settings, context)
    tokenizer = try kept ?? Self.learn(settings, progress)
    guard let mark = tokenizer.tokenizer.id(of: Self.mark) else {
      throw DataError(path: "stories", reason: "the tokenizer has no \(Self.mark)")
    }
    markToken = mark
    let (learnt, apart) = (tokenizer.tokenizer, StoryWriter(seed: Self.heldOutSeed))
    heldOut = try (0..<settings.heldOut).map {
      try Self.sequence(apart.story($0).text, learnt, mark: mark, context: context)
    }
  }

  private static func learn(_ settings: StorySettings, _ progress: (Double) -> Void) throws -> TrainedTokenizer {
    var trainer = try BytePairTrainer(
      BytePairTrainer.Settings(vocabularySize: settings.vocabulary, specialTokens: [mark], pattern: .gpt2))
    let writer = StoryWriter(seed: tokenSeed)
    for number in 0..<settings.learntFrom {
      try trainer.add(writer.story(number).text)
      if number % 500 == 0 { progress(Double(number) / Double(settings.learntFrom)) }
    }
    return try trainer.train().framed(begin: mark, end: mark, adds: [.begin])
  }

  var vocabularySize: Int { tokenizer.tokenizer.vocabulary.count }
  var longestRows: Int { context }
  var hasAnswers: Bool { false }
  var summary: String { "stories without end in \(vocabularySize) tokens; \(heldOut.count) stories held out" }

  func sequences(step: Int, seed: UInt64, count: Int) throws -> [TrainingSequence] {
    var random = TrainingRandom(Self.trainingSeed, seed)
    let writer = StoryWriter(seed: random.next())
    return try (0..<count).map { index in
      try Self.sequence(writer.story(step * count + index).text, tokenizer.tokenizer, mark: markToken, context: context)
    }
  }

  private static func sequence(
    _ text: String, _ tokenizer: Tokenizer, mark: Int32, context: Int
  ) throws -> TrainingSequence {
    let ids = try [mark] + tokenizer.encode(text, addSpecial: false) + [mark]
    return TrainingSequence(Array(ids.prefix(context + 1)))
  }
}
