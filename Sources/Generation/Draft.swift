import Tokenizers

/// Guesses how a sequence goes on. A guess can save steps and never changes a token.
public protocol Draft: AnyObject {
  /// At most `most` tokens that may follow `tokens`; `sampler` is about to choose the first of them.
  func propose(after tokens: [Int32], most: Int, sampler: Sampler) throws -> [Int32]
}

/// Guesses that what followed the last few tokens before follows again: for text that repeats its prompt.
public final class PromptLookup: Draft {
  /// Lengths of the ending that is looked for, the longest first.
  private static let lengths = [4, 3, 2]

  public init() {}

  public func propose(after tokens: [Int32], most: Int, sampler: Sampler) -> [Int32] {
    tokens.withUnsafeBufferPointer { tokens in
      for length in Self.lengths where tokens.count > length {
        let ending = tokens.count - length
        // The latest place counts: it is the likeliest to go on alike.
        var place = ending - 1
        while place >= 0 {
          if tokens[place] == tokens[ending], Self.equal(tokens, place, ending, length) {
            let start = place + length
            return Array(tokens[start..<min(tokens.count, start + most)])
          }
          place -= 1
        }
      }
      return []
    }
  }

  private static func equal(_ tokens: UnsafeBufferPointer<Int32>, _ a: Int, _ b: Int, _ length: Int) -> Bool {
    for index in 0..<length where tokens[a + index] != tokens[b + index] { return false }
    return true
  }
}

/// Guesses with a smaller model of the same vocabulary, which draws with the same random numbers.
public final class DraftModel: Draft {
  private let session: Session
  private var sampler: Sampler?
  private let vocabulary: Int

  /// Throws where the two models' tokens are not the same.
  public init(_ model: LanguageModel, for target: LanguageModel) throws {
    try model.checkSameTokens(as: target)
    session = try model.session()
    vocabulary = min(target.engine.vocabulary, model.engine.vocabulary)
  }

  public func propose(after tokens: [Int32], most: Int, sampler: Sampler) throws -> [Int32] {
    guard most > 0, tokens.count < session.model.context, tokens.allSatisfy({ $0 < vocabulary }) else { return [] }
    var own = self.sampler ?? Sampler(settings: sampler.settings)
    defer { self.sampler = own }
    own.follow(sampler)
    try session.replace(with: tokens)
    var proposed: [Int32] = []
    let count = min(most, session.trialRows)
    guard count > 0 else { return [] }
    try session.trial(of: count) {
      while proposed.count < count {
        let token = try own.sample(session.logits)
        guard token < vocabulary else { return }
        proposed.append(token)
        if proposed.count == count { return }
        own.observe(token)
        try session.append([token])
      }
    }
    return proposed
  }
}

extension LanguageModel {
  /// Throws where a token of this model is another one in `other`; without tokenizers their numbers must be equal.
  func checkSameTokens(as other: LanguageModel) throws(SessionError) {
    guard let mine = tokenizer, let theirs = other.tokenizer else {
      if tokenizer == nil, other.tokenizer == nil, engine.vocabulary == other.engine.vocabulary { return }
      throw .missing("\(tokenizer == nil ? path : other.path): the model has no tokenizer, so no draft can be checked")
    }
    for id in 0..<Int32(min(mine.vocabulary.count, theirs.vocabulary.count))
    where mine.vocabulary[id] != theirs.vocabulary[id] {
      throw .missing(
        "\(path): token \(id) is '\(Self.text(id, mine))' here and '\(Self.text(id, theirs))' in \(other.path); a draft "
          + "needs the same tokens")
    }
    guard mine.special.bos == theirs.special.bos, mine.special.eos == theirs.special.eos else {
      throw .missing("\(path): its BOS or EOS is not that of \(other.path); a draft needs the same tokens")
    }
  }

  private static func text(_ id: Int32, _ tokenizer: Tokenizer) -> String {
    String(decoding: tokenizer.vocabulary[id].prefix(40), as: UTF8.self)
  }
}
