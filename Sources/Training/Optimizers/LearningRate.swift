import Foundation

/// The learning rate of every step: a rise, then a fall of some form.
public struct LearningRate: Hashable, Sendable {
  /// Reached after `warmup` steps; step `s` of the rise has `peak · (s + 1) / (warmup + 1)`.
  public var peak: Double
  public var warmup: Int
  /// What the fall ends at.
  public var final: Double
  public var form: Form
  /// Steps of the whole run.
  public var steps: Int

  public enum Form: Hashable, Sendable {
    case constant
    case linear
    /// Half a cosine from `peak` to `final`, as in nanoGPT.
    case cosine
    /// Constant, then linear over the last so many steps (arXiv 2404.06395).
    case stableThenDecay(Int)
  }

  private enum Name: String, CaseIterable { case constant, linear, cosine, stable }

  public init(peak: Double, warmup: Int = 0, final: Double = 0, form: Form = .constant, steps: Int) {
    (self.peak, self.warmup, self.final, self.form, self.steps) = (peak, warmup, final, form, steps)
  }

  init(_ reader: RecipeReader, steps: Int) throws(RecipeError) {
    self.steps = steps
    peak = try reader.double("peak", in: 0...1000)
    warmup = try reader.int("warmup", default: 0)
    final = try reader.double("final", default: 0, in: 0...1000)
    let name: Name = try reader.choice("form", default: .constant)
    switch name {
    case .constant: form = .constant
    case .linear: form = .linear
    case .cosine: form = .cosine
    case .stable: form = .stableThenDecay(try reader.int("decay", default: max(1, steps / 5), in: 1...1 << 30))
    }
    try reader.finish()
  }

  /// The rate of a step, counted from 0.
  public func rate(at step: Int) -> Double {
    if step < warmup { return peak * Double(step + 1) / Double(warmup + 1) }
    switch form {
    case .constant: return peak
    case .linear: return mixed(share(step, from: warmup))
    case .cosine: return mixed(0.5 * (1 - cos(.pi * share(step, from: warmup))))
    case .stableThenDecay(let decay): return mixed(share(step, from: max(warmup, steps - decay)))
    }
  }

  /// How much of the fall is behind a step, from 0 to 1.
  private func share(_ step: Int, from start: Int) -> Double {
    guard step > start else { return 0 }
    return min(1, Double(step - start) / Double(max(1, steps - start)))
  }

  private func mixed(_ share: Double) -> Double { peak + (final - peak) * share }
}
