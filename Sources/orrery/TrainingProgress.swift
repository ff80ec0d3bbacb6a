import Benchmarking
import Foundation
import Runtime
import Synchronization
import Training

/// A run's course on standard error: one line that is written over in a terminal, a line now and then elsewhere.
final class TrainingProgress: TrainingObserver {
  private struct State {
    var shown = ContinuousClock.now - .seconds(60)
    var rate = 0.0
    var operations = 0.0
    var validation: Double?
    var hasLine = false
  }

  private let run: TrainingRun
  private let name: String
  private let isQuiet: Bool
  /// Operations a second that the processor can do in the run's products.
  let peak: Double
  private let state = Mutex(State())

  init(_ run: TrainingRun, name: String, isQuiet: Bool) throws {
    (self.run, self.name, self.isQuiet) = (run, name, isQuiet)
    peak = try Self.peak(of: run)
  }

  /// Operations a second of a run's products, measured now.
  static func peak(of run: TrainingRun) throws -> Double {
    let arithmetic: MachinePeaks.Arithmetic = run.recipe.products == .bfloat16 ? .bfloat16 : .float32
    let team = ThreadTeam(count: run.threadCount)
    // The best of several tries: whatever else runs only takes away.
    return try (0..<4).reduce(0) { best, _ in
      let peaks = try MachinePeaks(team: team, bufferBytes: 1 << 20)
      for _ in 0..<3 { peaks.sample() }
      return max(best, peaks.operations[arithmetic]?.max() ?? 0)
    }
  }

  func observe(_ event: TrainingEvent) {
    if case .step = event, Interruption.happened { run.control.stop() }
    if isQuiet { return }
    switch event {
    case .began(let start): note(opening(start))
    case .step(let report): show(report)
    case .validation(let report):
      state.withLock { $0.validation = report.loss }
      let right = report.right.map { ", \($0) of \(report.sequences) right" } ?? ""
      note("step \(report.step): validation loss \(format(report.loss, 4)) over \(report.rows) tokens\(right)")
    case .sample(let report):
      note("step \(report.step) writes: \(quoted(report.prompt)) → \(quoted(report.text))")
    case .paused(let step): note("paused after step \(step)")
    case .resumed: note("going on")
    case .rateFactor(let factor, let step): note("learning rate × \(factor) after step \(step)")
    case .notice(let text): note(text)
    case .ended, .checkpoint, .layers, .saving, .snapshot: clear()
    }
  }

  private func opening(_ start: TrainingStart) -> String {
    let trained =
      start.parameterCount == start.weightCount
      ? "\(start.weightCount) parameters" : "\(start.parameterCount) of \(start.weightCount) parameters"
    return
      "\(name): \(trained), \(start.data)\n\(start.recipe.steps) steps"
      + (start.step > 0 ? ", going on after \(start.step)" : "")
      + ", \(start.threads) threads, \(start.memoryBytes >> 20) MiB, in \(start.folder)"
  }

  private func show(_ report: StepReport) {
    let line: String? = state.withLock { state in
      // A mean over about twenty steps.
      let weight = state.rate == 0 ? 1 : 0.05
      state.rate += (report.tokensPerSecond - state.rate) * weight
      state.operations += (report.operationsPerSecond - state.operations) * weight
      let now = ContinuousClock.now
      let pause: Duration = Terminal.errorIsTerminal ? .milliseconds(200) : .seconds(5)
      guard now - state.shown > pause || report.step == run.recipe.steps else { return nil }
      (state.shown, state.hasLine) = (now, true)
      let left = Double(run.recipe.steps - report.step) * Double(report.tokens) / max(state.rate, 1e-9)
      let validation = state.validation.map { "  validation \(format($0, 4))" } ?? ""
      // A peak below what is done was measured beside other work.
      let share = peak >= state.operations ? "  \(Int((state.operations / peak * 100).rounded())) % of peak" : ""
      return "step \(report.step)/\(run.recipe.steps)  loss \(format(Double(report.loss), 4))\(validation)"
        + "  rate \(String(format: "%.2e", report.rate))  norm \(format(report.gradientNorm, 2))"
        + "  \(Int(state.rate)) token/s\(share)  \(Self.time(left)) left"
    }
    guard let line else { return }
    Terminal.write((Terminal.errorIsTerminal ? "\r\(line)\u{1B}[K" : line + "\n").utf8, to: 2)
  }

  private func clear() {
    guard Terminal.errorIsTerminal, state.withLock({ $0.hasLine }) else { return }
    Terminal.write("\r\u{1B}[K".utf8, to: 2)
  }

  private func note(_ text: String) {
    clear()
    Terminal.note(text)
  }

  private func quoted(_ text: String) -> String { text.debugDescription }
  private func format(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

  private static func time(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e9).rounded())
    let (minutes, rest) = whole.quotientAndRemainder(dividingBy: 60)
    let tail = rest < 10 ? "0\(rest)" : "\(rest)"
    guard minutes >= 60 else { return "\(minutes):\(tail)" }
    return "\(minutes / 60):\(minutes % 60 < 10 ? "0" : "")\(minutes % 60):\(tail)"
  }
}
