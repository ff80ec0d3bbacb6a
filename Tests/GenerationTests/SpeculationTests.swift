import Foundation
import Generation
import Runtime
import TestSupport
import Testing

/// Guessing ahead changes no token, whatever is guessed.
@Suite(.enabled(if: TestData.isExpected)) struct SpeculationTests {
  /// Knows what comes and gets some of it wrong.
  final class Foreknowledge: Draft {
    let tokens: [Int32]
    var random: Generator
    var (asked, longest) = (0, 0)

    init(_ tokens: [Int32], seed: UInt64) { (self.tokens, random) = (tokens, Generator(seed: seed)) }

    func propose(after known: [Int32], most: Int, sampler: Sampler) -> [Int32] {
      asked += 1
      longest = max(longest, most)
      return tokens.dropFirst(known.count).prefix(most).map { random.word() % 5 == 0 ? ($0 + 1) % 90 : $0 }
    }
  }

  static func pieces(_ session: Session, _ options: GenerationOptions, _ draft: (any Draft)?) throws -> [Piece] {
    var generator = try TextGenerator(session, options: options, draft: draft)
    var pieces: [Piece] = []
    while let piece = try generator.next() {
      pieces.append(piece)
      #expect(generator.count == pieces.count)
    }
    return pieces + [Piece(id: nil, text: generator.rest(), finish: generator.finish)]
  }

  static func options(seed: UInt64?, count: Int) -> GenerationOptions {
    var options = GenerationOptions()
    (options.maximumTokens, options.ignoresEnd) = (count, true)
    if let seed {
      (options.sampling.seed, options.sampling.presencePenalty) = (seed, 0.4)
    } else {
      options.sampling = .greedy
    }
    return options
  }

  @Test(arguments: OracleTests.families, [nil, 4]) func `right and wrong guesses give the tokens without them`(
    family: String, seed: UInt64?
  ) throws {
    let model = try SchedulerTests.model("oracles/\(family)", sequences: 1, context: 120)
    let prompt: [Int32] = [5, 3, 8, 13, 21, 34, 55, 2]
    let options = Self.options(seed: seed, count: 70)
    let plain = try model.session()
    try plain.append(prompt)
    let expected = try Self.pieces(plain, options, nil)

    let session = try model.session()
    try session.append(prompt)
    let draft = Foreknowledge(prompt + expected.compactMap(\.id), seed: seed ?? 1)
    #expect(try Self.pieces(session, options, draft) == expected)
    #expect(draft.asked > 3 && draft.asked < 60)
    #expect(draft.longest > 1)
    // What the session holds after it is good to go on from.
    try session.replace(with: session.tokens + [1, 2])
    let other = try model.session()
    try other.append(session.tokens)
    #expect(session.logits == other.logits)
  }

  @Test(arguments: [("llama", "llama"), ("mamba2", "mamba2"), ("qwen3-next", "qwen3-next"), ("gemma3", "mamba2")])
  func `a draft model changes no token`(target: String, small: String) throws {
    let model = try SchedulerTests.model("oracles/\(target)", sequences: 1, context: 90)
    let prompt: [Int32] = [5, 3, 8, 13]
    for seed in [nil, 9] as [UInt64?] {
      let options = Self.options(seed: seed, count: 60)
      let draft: DraftModel
      do {
        draft = try DraftModel(SchedulerTests.model("oracles/\(small)", sequences: 1, context: 90), for: model)
      } catch let error as SessionError {
        // Different numbers of tokens are refused.
        #expect(target != small, "\(error)")
        return
      }
      let (plain, session) = (try model.session(), try model.session())
      try plain.append(prompt)
      try session.append(prompt)
      let expected = try Self.pieces(plain, options, nil)
      var generator = try TextGenerator(session, options: options, draft: draft)
      var ids: [Int32] = []
      while let piece = try generator.next() { if let id = piece.id { ids.append(id) } }
      #expect(ids == expected.compactMap(\.id))
      let report = try #require(generator.speculationReport)
      #expect(report.tokens == 59 && report.proposed > 0)
      // A model is its own best draft, also where it draws.
      if target == small { #expect(report.accepted == report.proposed) }
    }
  }

  @Test(arguments: [nil, 3]) func `text that repeats is looked up`(seed: UInt64?) throws {
    let model = try SchedulerTests.model("stories260K/stories260K.gguf", sequences: 1, context: 300)
    let text =
      "One day, Lily saw a big red ball. She liked it. One day, Lily saw a big red ball. She liked it. One day,"
    var options = Self.options(seed: seed, count: 80)
    options.sampling.temperature = seed == nil ? 0 : 0.3
    options.stop = ["happily"]
    let (plain, session) = (try model.session(), try model.session())
    try plain.append(model.encode(text))
    try session.append(model.encode(text))
    let expected = try Self.pieces(plain, options, nil)
    var generator = try TextGenerator(session, options: options, draft: PromptLookup())
    var pieces: [Piece] = []
    while let piece = try generator.next() { pieces.append(piece) }
    #expect(pieces + [Piece(id: nil, text: generator.rest(), finish: generator.finish)] == expected)
    let report = try #require(generator.speculationReport)
    #expect(report.accepted > 0 && report.steps < report.tokens)
  }

  @Test func `a shifted and a full context end as without guesses`() throws {
    let model = try SchedulerTests.model("stories260K/stories260K.gguf", sequences: 1, context: 24, chunk: 8)
    for policy in [ContextPolicy.shift(keep: 2), .stop] {
      var options = Self.options(seed: nil, count: 60)
      options.whenFull = policy
      let (plain, session) = (try model.session(), try model.session())
      for each in [plain, session] { try each.append([1, 403, 407]) }
      let expected = try Self.pieces(plain, options, nil)
      let guessed = try Self.pieces(session, options, PromptLookup())
      #expect(guessed == expected)
    }
  }

  @Test func `lookup finds the latest place of the longest ending`() {
    let sampler = Sampler(settings: .greedy)
    func guess(_ tokens: [Int32], _ most: Int) -> [Int32] {
      PromptLookup().propose(after: tokens, most: most, sampler: sampler)
    }
    #expect(guess([1, 2, 3, 9, 1, 2, 4, 8, 1, 2], 2) == [4, 8])
    #expect(guess([0, 1, 2, 3, 9, 1, 2, 4, 8, 0, 1, 2], 9) == [3, 9, 1, 2, 4, 8, 0, 1, 2])
    #expect(guess([7, 7, 7], 4) == [7])
    #expect(guess([1, 2, 3], 4) == [])
    #expect(guess([], 4) == [])
  }
}
