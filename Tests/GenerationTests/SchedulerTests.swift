import Foundation
import Generation
import Synchronization
import TestSupport
import Testing

/// Many sequences at once: each gets the pieces that it gets alone.
@Suite(.enabled(if: TestData.isExpected)) struct SchedulerTests {
  static func model(
    _ path: String, sequences: Int, context: Int = 128, chunk: Int = 16, threads: Int = 2
  ) throws -> LanguageModel {
    var options = ModelOptions()
    (options.threads, options.context, options.chunk, options.sequences) = (threads, context, chunk, sequences)
    return try LanguageModel(path: TestData.url(path).path, options: options)
  }

  /// Pieces of a session of its own.
  static func alone(_ model: LanguageModel, _ prompt: [Int32], _ options: GenerationOptions) throws -> [Piece] {
    let session = try model.session()
    try session.append(prompt)
    var generator = try TextGenerator(session, options: options)
    var pieces: [Piece] = []
    while let piece = try generator.next() { pieces.append(piece) }
    return pieces + [Piece(id: nil, text: generator.rest(), finish: generator.finish)]
  }

  /// Settings of every kind, by a seed.
  static func options(_ random: inout Generator, texts: Bool) -> GenerationOptions {
    var options = GenerationOptions()
    options.maximumTokens = Int(random.word() % 30)
    options.sampling.seed = UInt64(random.word())
    switch random.word() % 4 {
    case 0: options.sampling.temperature = 0
    case 1: (options.sampling.topK, options.sampling.topP, options.sampling.minP) = (0, 1, 0)
    case 2: (options.sampling.repetitionPenalty, options.sampling.presencePenalty) = (1.3, 0.5)
    default: options.sampling.logitBias = [5: 2, 7: -.infinity]
    }
    if texts, random.word() % 2 == 0 { options.stop = ["the", ". "] }
    return options
  }

  @Test(arguments: [1, 2, 3, 5]) func `random arrivals give the pieces of a session alone`(slots: Int) async throws {
    let model = try Self.model("stories260K/stories260K.gguf", sequences: slots)
    var random = Generator(seed: UInt64(slots))
    var settings = SchedulerOptions()
    settings.mixedRows = Int(random.word() % 12)
    let scheduler = try Scheduler(model, options: settings)
    var expected: [[Piece]] = []
    try await withThrowingTaskGroup(of: (Int, [Piece]).self) { group in
      for index in 0..<24 {
        let prompt = [1] + (0..<Int(random.word() % 60)).map { _ in Int32(random.word() % 500) + 3 }
        let options = Self.options(&random, texts: true)
        expected.append(try Self.alone(model, prompt, options))
        let delay = Duration.milliseconds(Int(random.word() % 4))
        group.addTask {
          try await Task.sleep(for: delay)
          var pieces: [Piece] = []
          for try await piece in try scheduler.stream(prompt, options: options) { pieces.append(piece) }
          return (index, pieces)
        }
      }
      for try await (index, pieces) in group { #expect(pieces == expected[index], "sequence \(index)") }
    }
    #expect(scheduler.load == (0, 0))
  }

  @Test(arguments: OracleTests.families) func `neighbours change no token of any family`(family: String) async throws {
    let model = try Self.model("oracles/\(family)", sequences: 3, context: 96)
    let scheduler = try Scheduler(model)
    var random = Generator(seed: 5)
    var options = GenerationOptions()
    options.maximumTokens = 12
    options.sampling.seed = 3
    var streams: [(prompt: [Int32], stream: GenerationStream)] = []
    for _ in 0..<6 {
      let prompt = (0..<1 + Int(random.word() % 40)).map { _ in Int32(random.word() % 90) }
      streams.append((prompt, try scheduler.stream(prompt, options: options)))
    }
    for (prompt, stream) in streams {
      var ids: [Int32] = []
      for try await piece in stream { if let id = piece.id { ids.append(id) } }
      let session = try model.session()
      try session.append(prompt)
      var sampler = Sampler(settings: options.sampling)
      var expected: [Int32] = []
      for _ in 0..<12 {
        expected.append(try sampler.sample(session.logits))
        try session.append([expected[expected.count - 1]])
      }
      #expect(ids == expected)
    }
  }

  @Test func `a shifted context goes on as alone`() async throws {
    let model = try Self.model("stories260K/stories260K.gguf", sequences: 2, context: 24, chunk: 8)
    let scheduler = try Scheduler(model)
    var options = GenerationOptions()
    (options.maximumTokens, options.whenFull, options.sampling) = (60, .shift(keep: 4), .greedy)
    let streams = try [[1], [1, 403, 407]].map { try ($0, scheduler.stream($0, options: options)) }
    for (prompt, stream) in streams {
      var pieces: [Piece] = []
      for try await piece in stream { pieces.append(piece) }
      #expect(pieces.contains { $0.forgotten > 0 })
      #expect(try pieces == Self.alone(model, prompt, options))
    }
    options.whenFull = .stop
    var finish: Finish?
    for try await piece in try scheduler.stream([1], options: options) { finish = piece.finish }
    #expect(finish == .contextFull)
  }

  @Test func `a cancelled sequence ends, also while its prompt is read or waits`() async throws {
    let model = try Self.model("stories260K/stories260K.gguf", sequences: 1, context: 512, chunk: 2)
    let scheduler = try Scheduler(model)
    let prompt = [Int32](repeating: 400, count: 500)
    let reading = try scheduler.stream(prompt)
    let waiting = try scheduler.stream(prompt)
    waiting.cancel()
    reading.cancel()
    for stream in [waiting, reading] {
      var pieces: [Piece] = []
      for try await piece in stream { pieces.append(piece) }
      #expect(pieces.map(\.finish) == [.cancelled])
    }
    var options = GenerationOptions()
    options.maximumTokens = 3
    var count = 0
    for try await _ in try scheduler.stream([1], options: options) { count += 1 }
    #expect(count == 4)
    // Whoever leaves the loop frees the place.
    options.maximumTokens = nil
    options.ignoresEnd = true
    for try await piece in try scheduler.stream([1], options: options) where piece.id != nil { break }
    for _ in 0..<500 where scheduler.load.running > 0 { try await Task.sleep(for: .milliseconds(2)) }
    #expect(scheduler.load == (0, 0))
  }

  @Test func `a closed scheduler ends its sequences`() async throws {
    let model = try Self.model("stories260K/stories260K.gguf", sequences: 1, context: 512, chunk: 2)
    let scheduler = try Scheduler(model)
    let streams = try (0..<3).map { _ in try scheduler.stream([Int32](repeating: 400, count: 400)) }
    scheduler.close()
    for stream in streams {
      var last: Piece?
      for try await piece in stream { last = piece }
      #expect(last?.finish == .cancelled)
    }
    #expect(throws: SchedulerError.closed) { try scheduler.stream([1]) }
  }

  @Test func `refusals change nothing`() async throws {
    let model = try Self.model("stories260K/stories260K.gguf", sequences: 1, context: 64)
    var settings = SchedulerOptions()
    settings.queue = 1
    let scheduler = try Scheduler(model, options: settings)
    #expect(throws: SessionError.self) { try scheduler.stream([]) }
    #expect(throws: SessionError.self) { try scheduler.stream([1, -1]) }
    #expect(throws: SessionError.self) { try scheduler.stream([Int32](repeating: 1, count: 65)) }
    var options = GenerationOptions()
    options.sampling.logitBias = [1 << 20: 1]
    await #expect(throws: SamplerError.self) { for try await _ in try scheduler.stream([1], options: options) {} }
    let prompt = [Int32](repeating: 400, count: 60)
    #expect(throws: SchedulerError.queueFull(limit: 1)) {
      for _ in 0..<20 { _ = try scheduler.stream(prompt) }
    }
  }

  /// A long prompt beside a running sequence: in no step more than the bound comes between two tokens.
  @Test func `a long prompt holds nobody up, nor does it wait for ever`() throws {
    let model = try Self.model("stories260K/stories260K.gguf", sequences: 3, context: 512, chunk: 64)
    var settings = SchedulerOptions()
    settings.mixedRows = 10
    let scheduler = try Scheduler(model, options: settings)
    let events = Mutex<[String]>([])
    let ended = DispatchSemaphore(value: 0)
    var options = GenerationOptions()
    (options.sampling, options.ignoresEnd) = (.greedy, true)
    func submit(_ name: String, _ prompt: [Int32], _ count: Int) throws {
      options.maximumTokens = count
      try scheduler.submit(prompt, options: options) { result in
        guard case .success(let piece) = result else { return }
        if piece.id != nil { events.withLock { $0.append(name) } }
        if piece.finish != nil { ended.signal() }
      }
    }
    try submit("running", [1], 120)
    while events.withLock({ $0.isEmpty }) { Thread.sleep(forTimeInterval: 0.001) }
    try submit("long", [Int32](repeating: 410, count: 300), 1)
    try submit("short", [Int32](repeating: 411, count: 12), 1)
    for _ in 0..<3 { ended.wait() }
    let order = events.withLock { $0 }
    let (long, short) = (try #require(order.firstIndex(of: "long")), try #require(order.firstIndex(of: "short")))
    #expect(short < long)
    // Nine rows a step are left for prompts: 312 rows take 35 steps, each of which brings the running one a token.
    #expect(long - short >= 25 && long < 119)
  }
}
