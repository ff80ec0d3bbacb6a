import CKernels
import Kernels

/// Softmax attention of each sequence's rows over themselves; no value has a place for each pair of rows.
struct AttentionStep: TrainingStep {
  let name: String
  let shape: AttentionShape
  let views: AttentionViews

  var kind: String { "attention" }
  var title: String { "attention \(name)" }
  var reads: [View] { views.operands }
  var writes: [View] { [views.output, views.logSums] }
  var scratchWords: Int { shape.scratchWords }

  func tiles(_ sizes: Sizes) -> Int {
    sizes.sequences * shape.heads * ((sizes.longest + Int(SEQUENCE_QUERIES) - 1) / Int(SEQUENCE_QUERIES))
  }

  func operations(_ sizes: Sizes) -> Int { 2 * shape.pairs(sizes) * (shape.keyWidth + shape.valueWidth) }

  func run(tile: Int, _ frame: Frame) {
    frame.attention(views.work(shape, frame)).forward(tile: tile, scratch: frame.scratch)
  }
}

/// Gradients of attention by queries, keys, values and sinks, from a pattern that is made again.
struct AttentionGradientStep: TrainingStep {
  let name: String
  let shape: AttentionShape
  let views: AttentionViews
  /// The gradient by what attention gave, `[T, heads · valueWidth]`.
  let gradient: View
  let queryGradient: View
  let keyGradient: View
  let valueGradient: View
  /// Each sequence's gradients by the sinks, `[sequences, heads]`.
  let sinkSums: View?

  var kind: String { "attention gradient" }
  var title: String { "attention gradient \(name)" }
  var reads: [View] { views.operands + [views.output, views.logSums, gradient] }
  var writes: [View] { [queryGradient, keyGradient, valueGradient] + (sinkSums.map { [$0] } ?? []) }
  var scratchWords: Int { shape.scratchWords }

  func tiles(_ sizes: Sizes) -> Int { sizes.sequences * shape.keyValueHeads }

  func operations(_ sizes: Sizes) -> Int { shape.pairs(sizes) * (6 * shape.keyWidth + 4 * shape.valueWidth) }

  func run(tile: Int, _ frame: Frame) {
    var work = views.work(shape, frame)
    let (g, dq, dk, dv) = (frame[gradient], frame[queryGradient], frame[keyGradient], frame[valueGradient])
    (work.outputGradients, work.outputGradientRow) = (UnsafePointer(g.base), g.stride)
    (work.queryGradients, work.queryGradientRow) = (dq.base, dq.stride)
    (work.keyGradients, work.keyGradientRow) = (dk.base, dk.stride)
    (work.valueGradients, work.valueGradientRow) = (dv.base, dv.stride)
    frame.attention(work, sinks: sinkSums).backward(tile: tile, scratch: frame.scratch)
  }
}
