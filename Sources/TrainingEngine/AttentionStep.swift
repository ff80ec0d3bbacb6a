import CKernels
import GraphIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Softmax attention of each sequence's rows over themselves; no value has a place for each pair of rows.
struct AttentionStep: TrainingStep, @unchecked Sendable {
  let name: String
  let shape: AttentionShape
  let q: View
  let k: View
  let v: View
  let sinks: View?
  let output: View
  let maximumTokens: Int
  let kernels: row_kernels

  var title: String { "attention \(name)" }
  var reads: [View] { [q, k, v] + (sinks.map { [$0] } ?? []) }
  var writes: [View] { [output] }
  var scratchWords: Int { maximumTokens }

  func tiles(_ sizes: Sizes) -> Int { sizes.tokens }

  func run(tile: Int, _ frame: Frame) {
    guard let sequence = frame.sequence(of: tile) else { return }
    let (queries, keys, values, out) = (frame[q], frame[k], frame[v], frame[output])
    let visible = shape.visible(from: tile - sequence.start)
    for head in 0..<shape.heads {
      let held = head / shape.group
      let weights = AttentionRow(shape: shape, kernels: kernels)
        .pattern(
          queries[tile] + head * shape.keyWidth, keys, held, sequence.start, visible,
          sink: sinks.map { frame[$0].base[head] }, into: frame.scratch)
      let result = out[tile] + head * shape.valueWidth
      result.update(repeating: 0, count: shape.valueWidth)
      for (i, place) in visible.enumerated() {
        kernels.accumulate(
          values[sequence.start + place] + held * shape.valueWidth, weights[i], shape.valueWidth, result)
      }
    }
  }
}

extension Frame {
  /// The sequence that a row belongs to.
  func sequence(of row: Int) -> TrainingBatch.Sequence? {
    var (low, high) = (0, sequences.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      if sequences[middle].start <= row { low = middle } else { high = middle }
    }
    return sequences.isEmpty ? nil : sequences[low]
  }
}

/// One head's weights of one row.
struct AttentionRow {
  let shape: AttentionShape
  let kernels: row_kernels

  /// Softmax of the scores of visible places into `scratch`.
  func pattern(
    _ query: Floats, _ keys: Lane, _ held: Int, _ start: Int, _ visible: ClosedRange<Int>, sink: Float?,
    into scratch: Floats
  ) -> Floats {
    for (i, place) in visible.enumerated() {
      let score = shape.scale * kernels.dot(query, keys[start + place] + held * shape.keyWidth, shape.keyWidth)
      scratch[i] = shape.softcap.map { $0 * tanhf(score / $0) } ?? score
    }
    if let sink {
      kernels.softmax_sink(scratch, sink, visible.count, scratch)
    } else {
      kernels.softmax(scratch, visible.count, scratch)
    }
    return scratch
  }
}
