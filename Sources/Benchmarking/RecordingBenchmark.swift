import Architectures
public import Generation
public import Lens

/// What it costs to watch: a model decodes plainly and recorded, in turns, and the first pictures are timed.
///
///     let report = try RecordingBenchmark(model, depth: 2048, tokens: 32).run(repetitions: 5)
public struct RecordingBenchmark {
  public let model: LanguageModel
  /// Positions that the text has before.
  public let depth: Int
  /// Tokens that are made one at a time.
  public let tokens: Int

  /// Figures in seconds, one a repetition.
  public struct Report: Sendable {
    public let depth: Int
    public let tokens: Int
    /// Making the tokens, without and with a recording.
    public internal(set) var plain: [Double] = []
    public internal(set) var recorded: [Double] = []
    /// Reading the text before, without and with a recording.
    public internal(set) var plainPrefill: [Double] = []
    public internal(set) var recordedPrefill: [Double] = []
    /// After the text is read: all heads of all layers at a glance.
    public internal(set) var glance: [Double] = []
    /// After the text is read: the logit lens of every layer at the last position.
    public internal(set) var lens: [Double] = []
    /// What the recording holds in the end.
    public internal(set) var memory: RecordingMemory?

    /// How much longer a token takes while it is recorded, as a share.
    public var slowdown: Double { recorded.median / plain.median - 1 }
  }

  public init(_ model: LanguageModel, depth: Int, tokens: Int) {
    (self.model, self.depth, self.tokens) = (model, depth, tokens)
  }

  /// Runs once to warm up and then `repetitions` times; `progress` hears the share that is done.
  ///
  /// Throws `LensError` for a model that cannot be recorded, `SessionError` where the context holds too little.
  public func run(repetitions: Int, progress: (Double) -> Void = { _ in }) throws -> Report {
    let watched = try Recording.recordable(model)
    let (plain, recorded) = (try model.session(), try watched.session())
    let recording = try Recording(recorded)
    let lens = try LogitLens(watched)
    let text = Self.tokens(depth + tokens, vocabulary: model.config.vocabularySize)
    var report = Report(depth: depth, tokens: tokens)
    for repetition in 0...repetitions {
      let plainPrefill = try Self.seconds { try read(text, in: plain) }
      let recordedPrefill = try Self.seconds { try read(text, in: recorded) }
      let glance = try Self.seconds {
        for layer in recording.map.layers where layer.attention != nil { _ = try recording.glance(layer: layer.index) }
      }
      let depths = Array(recording.streamNames.indices)
      let reading = try Self.seconds {
        _ = try recording.lens(lens, depths: depths, positions: depth - 1..<depth, urgency: .view)
      }
      // In turns, token by token, so that what else the machine does falls on both alike.
      var (without, with) = (0.0, 0.0)
      for token in text[depth...] {
        without += try Self.seconds { try plain.append([token]) }
        with += try Self.seconds { try recorded.append([token]) }
      }
      if repetition > 0 {
        report.plainPrefill.append(plainPrefill)
        report.recordedPrefill.append(recordedPrefill)
        report.glance.append(glance)
        report.lens.append(reading)
        report.plain.append(without)
        report.recorded.append(with)
      }
      progress(Double(repetition + 1) / Double(repetitions + 1))
    }
    report.memory = recording.memory
    return report
  }

  private func read(_ text: [Int32], in session: Session) throws {
    session.reset()
    try session.append(Array(text[..<depth]))
  }

  private static func seconds(_ work: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try work()
    return (ContinuousClock.now - start) / .seconds(1)
  }

  /// Tokens that look like none in particular, the same in every run.
  private static func tokens(_ count: Int, vocabulary: Int) -> [Int32] {
    var state: UInt64 = 1
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int32(state >> 33) % Int32(clamping: vocabulary)
    }
  }
}
