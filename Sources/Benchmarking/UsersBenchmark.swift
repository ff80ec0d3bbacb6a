import Architectures
import Foundation
public import Generation
import Runtime
import Synchronization

/// Times many generations that begin at the same moment, through a `Scheduler`.
///
/// Prompts are of different tokens, so that none starts from another's states; generation is greedy and goes on past the
/// model's own end.
public struct UsersBenchmark {
  public let model: LanguageModel
  public let users: Int
  public let promptTokens: Int
  public let newTokens: Int

  /// One repetition.
  public struct Result: Sendable {
    /// From the first submission to the last token.
    public let seconds: Double
    /// Tokens made by all users.
    public let tokens: Int
    /// Until the user that waited longest had a first token.
    public let lastFirstToken: Double
    /// Tokens made after that, and how long it took.
    public let decodeTokens: Int

    public var tokensPerSecond: Double { Double(tokens) / seconds }
    /// Of all users together, once every prompt is read.
    public var decodeTokensPerSecond: Double { Double(decodeTokens) / max(seconds - lastFirstToken, 1e-9) }
  }

  /// `model` must be loaded for so many sequences, with a context that holds prompt and new tokens.
  public init(_ model: LanguageModel, users: Int, promptTokens: Int, newTokens: Int) {
    (self.model, self.users, self.promptTokens, self.newTokens) = (model, users, promptTokens, newTokens)
  }

  /// Runs once to warm up and then `repetitions` times; `progress` hears the share that is done.
  ///
  /// Throws what a sequence fails with.
  public func run(repetitions: Int, progress: (Double) -> Void = { _ in }) throws -> UsersReport {
    let peaks = try MachinePeaks(team: ThreadTeam(count: model.threadCount))
    var results: [Result] = []
    for repetition in 0...repetitions {
      peaks.sample()
      let result = try once(repetition)
      if repetition > 0 { results.append(result) }
      progress(Double(repetition + 1) / Double(repetitions + 1))
    }
    return UsersReport(benchmark: self, results: results, peaks: peaks)
  }

  private func once(_ repetition: Int) throws -> Result {
    let scheduler = try Scheduler(model)
    defer { scheduler.close() }
    var options = GenerationOptions()
    (options.maximumTokens, options.ignoresEnd, options.sampling.temperature) = (newTokens, true, 0)
    let arrivals = Arrivals(users: users)
    let prompts = (0..<users).map { prompt(user: repetition * users + $0) }
    let start = ContinuousClock.now
    for (user, prompt) in prompts.enumerated() {
      try scheduler.submit(prompt, options: options) { arrivals.receive($0, user: user, after: start) }
    }
    return try arrivals.result()
  }

  private func prompt(user: Int) -> [Int32] {
    var state = UInt64(user) &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<promptTokens).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int32(state >> 33) % Int32(clamping: model.config.vocabularySize)
    }
  }
}

/// The repetitions of a benchmark of many users, and the machine's own rates during it.
public struct UsersReport {
  public let benchmark: UsersBenchmark
  public let results: [UsersBenchmark.Result]
  public let peaks: MachinePeaks

  /// The median of a figure, and the distance of its 10th from its 90th percentile as a share of it.
  public func median(of figure: (UsersBenchmark.Result) -> Double) -> (value: Double, spread: Double) {
    let values = results.map(figure)
    return (values.median, (values.quantile(0.9) - values.quantile(0.1)) / values.median)
  }
}

/// When each token came, filled on the scheduler's thread and awaited on another.
private final class Arrivals: @unchecked Sendable {
  private let done = DispatchSemaphore(value: 0)
  private let lock = Mutex(())
  private var times: [[Double]]
  private var running: Int
  private var failure: (any Error)?

  init(users: Int) { (times, running) = ([[Double]](repeating: [], count: users), users) }

  func receive(_ result: Swift.Result<Piece, any Error>, user: Int, after start: ContinuousClock.Instant) {
    let time = (ContinuousClock.now - start) / .seconds(1)
    lock.withLock { _ in
      switch result {
      case .success(let piece):
        if piece.id != nil { times[user].append(time) }
        if piece.finish == nil { return }
      case .failure(let error): failure = error
      }
      running -= 1
      if running == 0 { done.signal() }
    }
  }

  func result() throws -> UsersBenchmark.Result {
    done.wait()
    if let failure { throw failure }
    let all = times.flatMap(\.self)
    let lastFirst = times.compactMap(\.first).max() ?? 0
    return UsersBenchmark.Result(
      seconds: all.max() ?? 0, tokens: all.count, lastFirstToken: lastFirst,
      decodeTokens: all.count { $0 > lastFirst })
  }
}
