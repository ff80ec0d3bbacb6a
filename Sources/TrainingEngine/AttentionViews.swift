import CKernels
import GraphIR
import Kernels
import TensorCore

/// The operands of attention in memory.
struct AttentionViews: Sendable {
  let q: View
  let k: View
  let v: View
  let sinks: View?
  /// Dropout's keys, which are integers.
  let keys: View?
  let output: View
  /// The logarithm of each softmax's denominator, `[T, heads]`.
  let logSums: View

  var operands: [View] { [q, k, v] + [sinks, keys].compactMap { $0 } }

  /// What forward and backward kernels read alike.
  func work(_ shape: AttentionShape, _ frame: Frame) -> sequence_attention {
    let (q, k, v, output) = (frame[q], frame[k], frame[v], frame[output])
    var work = shape.work(queries: q.base, keys: k.base, values: v.base, outputs: output.base)
    (work.queryRow, work.keyRow, work.valueRow, work.outputRow) = (q.stride, k.stride, v.stride, output.stride)
    work.sinks = sinks.map { UnsafePointer(frame[$0].base) }
    work.dropoutKeys = keys.map { UnsafePointer(frame.integers($0)) }
    work.logSums = frame[logSums].base
    return work
  }
}

extension Frame {
  /// Attention of this run's sequences.
  func attention(_ work: sequence_attention, sinks: View? = nil) -> SequenceAttention {
    SequenceAttention(
      work, runs: runs, runCount: sizes.sequences, longest: sizes.longest,
      sinkGradients: sinks.map { self[$0].base })
  }
}
