import Benchmarking
import Runtime
import Training

/// How fast a run goes: means over about the last second or two of steps.
struct Pace: Sendable {
  /// Operations a second that the processor can do in the run's products.
  var peak = 0.0
  /// When the last step ended; nil after a break.
  var last: ContinuousClock.Instant?
  private var tokens = 0.0
  private var operations = 0.0
  private var seconds = 0.0
  /// From one step's end to the next, with all that lies between, and how many.
  private var wall = 0.0
  private var steps = 0.0

  mutating func add(_ report: StepReport) {
    // Old steps fade by a second's worth of new ones.
    let keep = max(0, 1 - report.seconds / 1.5)
    tokens = tokens * keep + Double(report.tokens)
    operations = operations * keep + Double(report.operations)
    seconds = seconds * keep + report.seconds
    let now = ContinuousClock.now
    if let last {
      // Validations and samples come rarely: a longer mean.
      let keep = max(0, 1 - report.seconds / 20)
      wall = wall * keep + (now - last) / .seconds(1)
      steps = steps * keep + 1
    }
    last = now
  }

  var tokensPerSecond: Double { seconds > 0 ? tokens / seconds : 0 }
  /// Of the peak of the threads in use; nil where that was measured too low, beside other work.
  var share: Double? {
    guard peak > 0, seconds > 0, operations <= seconds * peak else { return nil }
    return operations / seconds / peak
  }
  func secondsLeft(_ left: Int) -> Double? { steps > 0 ? wall / steps * Double(left) : nil }

  /// What the run's threads could do at best, measured now.
  static func peak(of run: TrainingRun) throws -> Double {
    let peaks = try MachinePeaks(team: ThreadTeam(count: run.threadCount), bufferBytes: 1 << 20)
    for _ in 0..<5 { peaks.sample() }
    return peaks.operationsPerSecond(run.recipe.products == .bfloat16 ? .bfloat16 : .float32)
  }
}
