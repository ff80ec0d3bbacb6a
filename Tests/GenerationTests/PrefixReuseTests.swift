import Generation
import TestSupport
import Testing

/// Sequences that begin alike start from one another's states, with the tokens they would have anyway.
@Suite(.enabled(if: TestData.isExpected)) struct PrefixReuseTests {
  private static var options: GenerationOptions {
    var options = GenerationOptions()
    (options.maximumTokens, options.ignoresEnd) = (6, true)
    options.sampling.seed = 11
    return options
  }

  /// The ids of a sequence, and how much of its prompt was there.
  private func run(_ scheduler: Scheduler, _ prompt: [Int32]) async throws -> (ids: [Int32], reused: Int) {
    let stream = try scheduler.stream(prompt, options: Self.options)
    var ids: [Int32] = []
    for try await piece in stream { if let id = piece.id { ids.append(id) } }
    return (ids, stream.request.usage.reused)
  }

  private func alone(_ model: LanguageModel, _ prompt: [Int32]) throws -> [Int32] {
    let session = try model.session()
    var sampler = Sampler(settings: Self.options.sampling)
    try session.append(prompt)
    return try (0..<6).map { _ in
      let id = try sampler.sample(session.logits)
      try session.append([id])
      return id
    }
  }

  private func tokens(_ count: Int, seed: UInt64) -> [Int32] {
    var random = Generator(seed: seed)
    return (0..<count).map { _ in Int32(random.word() % 90) }
  }

  /// A next turn, another ending, a beginning alone, and something else.
  @Test(arguments: OracleTests.families) func `every family goes on from what is kept`(family: String) async throws {
    let model = try SchedulerTests.model("oracles/\(family)", sequences: 4, context: 128, chunk: 9)
    let scheduler = try Scheduler(model)
    let first = tokens(40, seed: 1)
    let answer = try await run(scheduler, first)
    #expect(try answer.ids == alone(model, first))
    #expect(answer.reused == 0)
    let turn = first + answer.ids.dropLast() + tokens(10, seed: 2)
    for (prompt, least) in [
      (turn, 45), (first + tokens(7, seed: 3), 40), (Array(first[..<30]) + tokens(9, seed: 4), 0),
      (Array(first[..<30]) + tokens(5, seed: 5), 30), (tokens(20, seed: 6), 0), (turn, 30),
    ] {
      let result = try await run(scheduler, prompt)
      #expect(try result.ids == alone(model, prompt))
      #expect(result.reused >= least, "\(prompt.count)")
    }
  }

  @Test(arguments: OracleTests.families) func `sequences that run share too`(family: String) async throws {
    let model = try SchedulerTests.model("oracles/\(family)", sequences: 3, context: 160, chunk: 12)
    let scheduler = try Scheduler(model)
    let shared = tokens(50, seed: 7)
    let prompts: [[Int32]] = (0..<9).map { (index: Int) -> [Int32] in
      Array(shared[..<(20 + index * 3)]) + tokens(4 + index, seed: 100 + UInt64(index))
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for prompt in prompts {
        group.addTask {
          let result = try await run(scheduler, prompt)
          #expect(try result.ids == alone(model, prompt))
        }
      }
      try await group.waitForAll()
    }
  }

  @Test(arguments: ["llama", "mamba2", "qwen3-next", "mistral-window"])
  func `a session that holds just these tokens reads none again`(family: String) throws {
    let session = try OracleTests.model(family).session()
    try session.append(tokens(60, seed: 8))
    let logits = session.logits
    try session.replace(with: session.tokens)
    #expect(session.logits == logits)
    try session.replace(with: Array(session.tokens[..<59]))
    try session.append([session.tokens[0]])
    try session.replace(with: tokens(60, seed: 8))
    #expect(session.logits == logits)
  }
}
