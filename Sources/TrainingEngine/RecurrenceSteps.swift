import Kernels

/// The operands of a recurrence in memory: with rates the gated delta rule.
struct RecurrenceViews: Sendable {
  let shape: SequenceRecurrence.Shape
  let queries: View
  let keys: View
  let values: View
  let decays: View
  let rates: View?

  var all: [View] { [queries, keys, values, decays] + (rates.map { [$0] } ?? []) }

  func kernels(_ frame: Frame) -> SequenceRecurrence {
    SequenceRecurrence(
      shape,
      SequenceRecurrence.Operands(
        queries: frame.matrix(queries), keys: frame.matrix(keys), values: frame.matrix(values),
        decays: frame.matrix(decays), rates: rates.map { frame.matrix($0) }),
      runs: frame.runs, runCount: frame.sizes.sequences)
  }

  /// Operations of `passes` through the heads' matrices, by each row once.
  func operations(_ sizes: Sizes, passes: Int) -> Int {
    2 * passes * sizes.tokens * shape.heads * shape.keyWidth * shape.valueWidth
  }
}

/// What each row reads from a matrix that takes in the rows of its sequence.
struct RecurrenceStep: TrainingStep {
  let name: String
  let operands: RecurrenceViews
  let output: View

  var kind: String { "recurrence" }
  var title: String { "recurrence \(name)" }
  var reads: [View] { operands.all }
  var writes: [View] { [output] }
  var scratchWords: Int { operands.shape.keyWidth * operands.shape.valueWidth }

  func tiles(_ sizes: Sizes) -> Int { sizes.sequences * operands.shape.heads }
  func operations(_ sizes: Sizes) -> Int { operands.operations(sizes, passes: operands.rates == nil ? 2 : 3) }

  func run(tile: Int, _ frame: Frame) {
    let out = frame[output]
    operands.kernels(frame).forward(tile: tile, outputs: out.base, outputStride: out.stride, scratch: frame.scratch)
  }
}

/// Gradients of a recurrence by all its operands, side by side in a row, by chunks of rows.
struct RecurrenceGradientStep: TrainingStep {
  let name: String
  let operands: RecurrenceViews
  /// By what the recurrence gave.
  let gradient: View
  let output: View
  /// Rows of the longest sequence that may come.
  let context: Int

  var kind: String { "recurrence gradient" }
  var title: String { "recurrence gradient \(name)" }
  var reads: [View] { operands.all + [gradient] }
  var writes: [View] { [output] }
  var scratchWords: Int { operands.shape.scratchFloats(longest: context) }

  func tiles(_ sizes: Sizes) -> Int { sizes.sequences * operands.shape.groups }
  func operations(_ sizes: Sizes) -> Int { operands.operations(sizes, passes: operands.rates == nil ? 7 : 10) }

  func run(tile: Int, _ frame: Frame) {
    let out = frame[output]
    operands.kernels(frame).backward(
      tile: tile, outputGradients: frame.matrix(gradient), gradients: out.base, gradientStride: out.stride,
      scratch: frame.scratch)
  }
}

extension Frame {
  /// A view's rows as the operand of a kernel.
  func matrix(_ view: View) -> FloatMatrix { FloatMatrix(self[view].base, rowStride: view.stride) }
}
