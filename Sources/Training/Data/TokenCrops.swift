/// A text as one row of tokens; a sequence begins anywhere in it and is as long as the context.
struct TokenCrops: TrainingData {
  let tokens: [Int32]
  let context: Int
  let vocabularySize: Int
  let heldOut: [TrainingSequence]

  /// Throws `DataError` where the text is shorter than one sequence.
  init(_ tokens: [Int32], heldOut: [Int32], context: Int, vocabularySize: Int, path: String) throws {
    guard tokens.count > context + 1 else {
      throw DataError(
        path: path, reason: "\(tokens.count) tokens to learn from are less than a context of \(context) and one more")
    }
    (self.tokens, self.context, self.vocabularySize) = (tokens, context, vocabularySize)
    self.heldOut = heldOut.parts(context: context)
  }

  var longestRows: Int { context }
  var hasAnswers: Bool { false }
  var summary: String {
    "\(tokens.count) tokens of \(vocabularySize) kinds; \(heldOut.reduce(0) { $0 + $1.rowCount }) tokens held out"
  }

  func sequences(step: Int, seed: UInt64, count: Int) -> [TrainingSequence] {
    var random = TrainingRandom(seed, UInt64(step))
    return (0..<count).map { _ in
      let start = random.below(tokens.count - context)
      return TrainingSequence(Array(tokens[start..<start + context + 1]))
    }
  }
}

extension [Int32] {
  /// All of these tokens as sequences of at most `context` rows; the last token of one is the first of the next.
  func parts(context: Int) -> [TrainingSequence] {
    stride(from: 0, to: count - 1, by: context).map { start in
      TrainingSequence(Array(self[start..<Swift.min(count, start + context + 1)]))
    }
  }
}
