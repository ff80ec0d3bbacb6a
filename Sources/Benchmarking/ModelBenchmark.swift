import Architectures
public import Generation
import Planning
import Runtime

/// Times a model's prefill and decoding beside what the machine can do at the same moments.
///
///     let benchmark = ModelBenchmark(model, tests: [.init(.prefill, tokens: 512), .init(.decode, tokens: 128)])
///     let report = try benchmark.run(repetitions: 5)
///
/// Tests and machine are measured in turns, once a repetition, so that what else the machine does falls on all alike.
public struct ModelBenchmark {
  public let model: LanguageModel
  public let tests: [Test]

  /// What is timed.
  public struct Test: Hashable, Sendable {
    public enum Kind: String, Sendable {
      /// Reading a prompt, with the logits of its last row.
      case prefill
      /// Making tokens one at a time.
      case decode
    }
    public let kind: Kind
    public let tokens: Int
    /// Positions that the sequence had before.
    public let depth: Int

    public init(_ kind: Kind, tokens: Int, depth: Int = 0) {
      (self.kind, self.tokens, self.depth) = (kind, tokens, depth)
    }
  }

  public init(_ model: LanguageModel, tests: [Test]) { (self.model, self.tests) = (model, tests) }

  /// Runs every test once to warm up, then `repetitions` times, and where `timingSteps` as often again with a clock in
  /// the executor, which the figures leave out.
  ///
  /// Throws `SessionError` where the model's context does not hold a test. `progress` hears the share that is done;
  /// `before` is called when a test is about to be timed, `after` with its seconds.
  public func run(
    repetitions: Int, timingSteps: Bool = false, progress: (Double) -> Void = { _ in }, before: () -> Void = {},
    after: (Test, Double) -> Void = { _, _ in }
  ) throws -> BenchmarkReport {
    let peaks = try MachinePeaks(team: ThreadTeam(count: model.threadCount))
    let session = try model.session()
    var seconds = [[Double]](repeating: [], count: tests.count)
    var tables = [[StepTable]](repeating: [], count: tests.count)
    var works = [StepWork](repeating: StepWork(), count: tests.count)
    let total = Double((repetitions + 1) * tests.count)
    for repetition in 0...repetitions {
      for (index, test) in tests.enumerated() {
        try prepare(session, depth: test.depth)
        if repetition > 0 { before() }
        peaks.sample()
        if repetition == 0 {
          works[index] = try work(of: test, in: session)
        } else {
          seconds[index].append(try time(test, in: session))
          after(test, seconds[index][repetition - 1])
          if timingSteps { tables[index].append(try timeSteps(test, in: session)) }
        }
        progress(Double(repetition * tests.count + index + 1) / total)
      }
    }
    peaks.sample()
    let results = tests.indices.map { BenchmarkResult(test: tests[$0], seconds: seconds[$0], work: works[$0]) }
    return BenchmarkReport(
      results: results, steps: timingSteps ? tables.map { StepTable(mediansOf: $0) } : [], peaks: peaks, model: model)
  }

  private func timeSteps(_ test: Test, in session: Session) throws -> StepTable {
    try prepare(session, depth: test.depth)
    let tokens = self.tokens(of: test)
    // The executors that take part get a clock when they are first seen, in a run that does not count.
    var timed: [Executor] = []
    for part in test.kind == .prefill ? [tokens] : [[tokens[0]]] {
      try session.step(part, rows: .last) { executor, _ in
        if executor.clock == nil { timed.append(executor) }
        executor.clock = executor.clock ?? StepClock(steps: executor.program.steps.count)
      }
    }
    defer { for executor in timed { executor.clock = nil } }
    try prepare(session, depth: test.depth)
    return try steps(of: test, in: session, tokens: tokens)
  }

  /// Tokens that look like none in particular, the same in every run.
  private func tokens(_ count: Int) -> [Int32] {
    var state: UInt64 = 1
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int32(state >> 33) % Int32(clamping: model.config.vocabularySize)
    }
  }

  private func tokens(of test: Test) -> [Int32] { Array(tokens(test.depth + test.tokens)[test.depth...]) }

  /// Makes the session hold `depth` tokens: forgets what follows where its states can, else reads them again.
  private func prepare(_ session: Session, depth: Int) throws {
    if depth == 0 { session.reset() } else { try session.replace(with: tokens(depth)) }
  }

  private func time(_ test: Test, in session: Session) throws -> Double {
    let tokens = self.tokens(of: test)
    let parts = test.kind == .prefill ? [tokens] : tokens.map { [$0] }
    let start = ContinuousClock.now
    for part in parts { try session.append(part) }
    return (ContinuousClock.now - start) / .seconds(1)
  }

  /// Runs a test for the first time and sums the work of its programs.
  private func work(of test: Test, in session: Session) throws -> StepWork {
    let tokens = self.tokens(of: test)
    var work = StepWork()
    for part in test.kind == .prefill ? [tokens] : tokens.map({ [$0] }) {
      let first = session.tokens.count
      var done = 0
      try session.step(part, rows: .last) { executor, rows in
        let count = min(part.count - done, model.options.chunk)
        work += executor.program.work(RunSize(tokens: count, depth: first + done, rows: rows))
        done += count
      }
    }
    return work
  }
}
