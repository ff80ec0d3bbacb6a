import CKernels
import GraphIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Gradients of attention by queries, keys and values, from scores that are computed again.
///
/// `dv = Σ p · g`, `d = p · (g · v − Σ p · g · v)`, after the softcap's own slope `dq = scale · Σ d · k`,
/// `dk = scale · Σ d · q`.
struct AttentionGradientStep: TrainingStep, @unchecked Sendable {
  let name: String
  let shape: AttentionShape
  let q: View
  let k: View
  let v: View
  let sinks: View?
  /// The gradient by what attention gave, `[T, heads · valueWidth]`.
  let gradient: View
  let queryGradient: View?
  let keyGradient: View?
  let valueGradient: View?
  /// What the scores of each row and head gain together, `[T, heads]`: less what a sink gains.
  let sinkRows: View?
  let maximumTokens: Int
  let kernels: row_kernels

  var title: String { "attention gradient \(name)" }
  var reads: [View] { [q, k, v, gradient] + (sinks.map { [$0] } ?? []) }
  var writes: [View] { [queryGradient, keyGradient, valueGradient, sinkRows].compactMap { $0 } }
  var scratchWords: Int { 2 * maximumTokens }

  func tiles(_ sizes: Sizes) -> Int { sizes.tokens * shape.keyValueHeads }

  /// A tile is a key-value head of a sequence; tiles of other rows than a sequence's first are empty.
  func run(tile: Int, _ frame: Frame) {
    let (first, held) = (tile / shape.keyValueHeads, tile % shape.keyValueHeads)
    guard let sequence = frame.sequence(of: first), sequence.start == first else { return }
    for row in sequence.range {
      if let keyGradient {
        (frame[keyGradient][row] + held * shape.keyWidth).update(repeating: 0, count: shape.keyWidth)
      }
      if let valueGradient {
        (frame[valueGradient][row] + held * shape.valueWidth).update(repeating: 0, count: shape.valueWidth)
      }
    }
    for row in sequence.range {
      for head in held * shape.group..<(held + 1) * shape.group { run(row, head, held, sequence.start, frame) }
    }
  }

  private func run(_ row: Int, _ head: Int, _ held: Int, _ start: Int, _ frame: Frame) {
    let (queries, keys, values) = (frame[q], frame[k], frame[v])
    let visible = shape.visible(from: row - start)
    let query = queries[row] + head * shape.keyWidth
    let g = frame[gradient][row] + head * shape.valueWidth
    let weights = AttentionRow(shape: shape, kernels: kernels)
      .pattern(query, keys, held, start, visible, sink: sinks.map { frame[$0].base[head] }, into: frame.scratch)
    let slopes = frame.scratch + maximumTokens
    var mean: Float = 0
    for (i, place) in visible.enumerated() {
      slopes[i] = kernels.dot(g, values[start + place] + held * shape.valueWidth, shape.valueWidth)
      mean += weights[i] * slopes[i]
    }
    var sum: Float = 0
    for i in 0..<visible.count {
      slopes[i] = weights[i] * (slopes[i] - mean)
      sum += slopes[i]
    }
    if let sinkRows { frame[sinkRows][row][head] = sum }
    let result = queryGradient.map { frame[$0][row] + head * shape.keyWidth }
    result?.update(repeating: 0, count: shape.keyWidth)
    for (i, place) in visible.enumerated() {
      let key = keys[start + place] + held * shape.keyWidth
      if let valueGradient {
        let target = frame[valueGradient][start + place] + held * shape.valueWidth
        kernels.accumulate(g, weights[i], shape.valueWidth, target)
      }
      var slope = shape.scale * slopes[i]
      if let cap = shape.softcap {
        let t = tanhf(shape.scale * kernels.dot(query, key, shape.keyWidth) / cap)
        slope *= 1 - t * t
      }
      if let result { kernels.accumulate(key, slope, shape.keyWidth, result) }
      if let keyGradient {
        let target = frame[keyGradient][start + place] + held * shape.keyWidth
        kernels.accumulate(query, slope, shape.keyWidth, target)
      }
    }
  }
}
