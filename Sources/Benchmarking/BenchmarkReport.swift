public import Generation
public import Planning

/// What a test took, and what it had to do.
public struct BenchmarkResult: Sendable {
  public let test: ModelBenchmark.Test
  /// One a repetition.
  public let seconds: [Double]
  /// What all its tokens together must read and compute.
  public let work: StepWork

  /// By the median of the repetitions.
  public var tokensPerSecond: Double { Double(test.tokens) / seconds.median }
  /// The distance of the 10th from the 90th percentile of the repetitions' times, as a share of the median.
  public var spread: Double { (seconds.quantile(0.9) - seconds.quantile(0.1)) / seconds.median }
  public var bytesPerSecond: Double { Double(work.bytes) / seconds.median }
  public var operationsPerSecond: Double { Double(work.operations) / seconds.median }
}

/// The results of a benchmark and the machine's own rates during it.
public struct BenchmarkReport {
  public let results: [BenchmarkResult]
  /// One a test, where steps were timed.
  public let steps: [StepTable]
  public let peaks: MachinePeaks
  public let model: LanguageModel

  /// The arithmetic that most operations of a result are done in.
  public func arithmetic(of work: StepWork) -> MachinePeaks.Arithmetic {
    if work.int8Operations >= max(work.float32Operations, work.bfloat16Operations) { return .int8 }
    return work.bfloat16Operations > work.float32Operations ? .bfloat16 : .float32
  }

  /// How near a result comes to what the machine allows: the larger one of its share of the bytes that can be read and
  /// its share of the operations that can be done a second, in the arithmetic that most of its operations are in.
  ///
  /// 1 would mean that memory, or arithmetic, never waited.
  public func peakShare(_ result: BenchmarkResult) -> Double {
    max(
      result.bytesPerSecond / peaks.bytesPerSecond,
      result.operationsPerSecond / peaks.operationsPerSecond(arithmetic(of: result.work)))
  }

  /// The share of a step's time that memory or arithmetic alone would take, whichever is more; each arithmetic counts
  /// at its own rate.
  public func limitShare(_ row: StepTable.Row) -> Double {
    peaks.leastSeconds(row.work) / row.seconds
  }

  /// The arithmetic of the most operations of all results.
  public var mainArithmetic: MachinePeaks.Arithmetic {
    arithmetic(of: results.reduce(into: StepWork()) { $0 += $1.work })
  }
}
