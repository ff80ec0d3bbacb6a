import Kernels
import Runtime
import TensorCore

extension TrainingEngine {
  /// Bytes that the engine holds, and what they would be without sharing.
  public struct Memory: Sendable, Hashable {
    /// Values of a pass, which share places by lifetime.
    public let arenaBytes: Int
    /// The same values, had each a place of its own.
    public let valueBytes: Int
    /// Weights that are not trained.
    public let frozenBytes: Int
    /// All threads' own memory.
    public let scratchBytes: Int
    /// One copy of the trained weights; gradients and an optimizer's moments take as much each.
    public let parameterBytes: Int
  }

  public var memory: Memory { planned.memory(threads: runner.team.count) }

  /// Floating-point operations of the products and attentions of the largest batch, forward and backward.
  public var work: Int { work(tokens: options.maximumTokens, rows: options.maximumTokens) }

  /// The same of a smaller batch: `rows` are those asked for, nil for all; `length` that of its sequences, nil for the longest of
  /// the last run.
  public func work(tokens: Int, rows: Int? = nil, length: Int? = nil) -> Int {
    let known = sizes.longest > 0 ? sizes.longest : min(plan.context, options.maximumTokens)
    let length = max(1, min(tokens, length ?? known))
    let sizes = Sizes(tokens: tokens, rows: rows ?? tokens, sequences: (tokens + length - 1) / length, longest: length)
    return plan.entries.reduce(0) { $0 + $1.step.operations(sizes) }
  }

  /// The program, one line a step: its number, operations, and what it writes with shapes and bytes.
  ///
  /// `~` marks steps that are computed by plain loops, `·` those that the loss alone needs not.
  public var listing: String {
    var lines = [
      "up to \(options.maximumTokens) tokens, products in \(options.products.rawValue)",
      "arena \(plan.arenaWords * 4) bytes for \(plan.valueWords * 4) bytes of values",
    ]
    let sizes = Sizes(largest: options.maximumTokens)
    for entry in plan.entries {
      let writes = entry.step.writes.map { "\(place($0)) [\($0.rows), \($0.count)] \(sizes[$0.rows] * $0.count * 4)" }
      lines.append(
        "\(entry.phase)\(entry.isForLoss ? " " : "·")\(entry.step.isPlain ? "~" : " ")\(entry.step.title) → "
          + writes.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }

  private func place(_ view: View) -> String {
    let region = plan.regions[view.region]
    return "\(region.space.rawValue)+\((region.offset + view.offset) * 4)"
  }
}
