import CKernels
import Foundation
import Kernels

/// Attention over packed sequences of random rows, what the kernels make of it, and the same in double precision.
struct SequenceAttentionCase {
  var counts: [Int]
  var heads = 1
  var keyHeads = 1
  var keyWidth = 16
  var valueWidth = 16
  var window = 0
  var chunk = 0
  var softcap: Float = 0
  var hasSinks = false
  /// The share of weights that are dropped.
  var dropout: Float = 0
  var size: Float = 1

  var rows: Int { counts.reduce(0, +) }
  private var scale: Float { 1 / Float(keyWidth).squareRoot() }

  /// Everything that both sides compute, flat: outputs, logSums, gradients by q, k, v and by sinks.
  struct Result<Scalar> {
    var outputs: [Scalar] = []
    var logSums: [Scalar] = []
    var queries: [Scalar] = []
    var keys: [Scalar] = []
    var values: [Scalar] = []
    var sinks: [Scalar] = []
  }

  private struct Operands {
    let q, k, v, g, sinks: [Float]
    let keys: [Int32]
  }

  private var mask: dropout_mask {
    dropout_mask(salt: 5 << 13, threshold: UInt32(dropout * 0x1p24), scale: 1 / (1 - dropout))
  }

  /// What a head's weight of a row for a position is multiplied with.
  private func share(key: Int32, head: Int, position: Int) -> Double {
    func mixed(_ word: UInt32) -> UInt32 {
      var word = (word ^ (word >> 16)) &* 0x7FEB_352D
      word = (word ^ (word >> 15)) &* 0x846C_A68B
      return word ^ (word >> 16)
    }
    let start = mixed(UInt32(key) ^ ((mask.salt + UInt32(head)) &* 0x9E37_79B9))
    return mixed(start &+ UInt32(position) &* 0x9E37_79B9) >> 8 < mask.threshold ? 0 : Double(mask.scale)
  }

  private var operands: Operands {
    var random = Randomness(state: 5)
    let range = -size...size
    return Operands(
      q: random.floats(rows * heads * keyWidth, in: range), k: random.floats(rows * keyHeads * keyWidth, in: range),
      v: random.floats(rows * keyHeads * valueWidth, in: range), g: random.floats(rows * heads * valueWidth),
      sinks: random.floats(heads), keys: (0..<rows).map { Int32($0 * 40_503 % (1 << 24)) })
  }

  private var runs: [Range<Int>] {
    var start = 0
    return counts.map { count in
      defer { start += count }
      return start..<start + count
    }
  }

  private func firstSeen(_ position: Int) -> Int {
    chunk > 0 ? position / chunk * chunk : window > 0 ? max(0, position - window + 1) : 0
  }

  /// What kernels give with the tiles in order, or the last first.
  func run(_ features: ProcessorFeatures, isReversed: Bool = false) -> Result<Float> {
    let o = operands
    var result = Result<Float>(
      outputs: [Float](repeating: .nan, count: rows * heads * valueWidth),
      logSums: [Float](repeating: .nan, count: rows * heads),
      queries: [Float](repeating: .nan, count: o.q.count), keys: [Float](repeating: .nan, count: o.k.count),
      values: [Float](repeating: .nan, count: o.v.count), sinks: [Float](repeating: 0, count: counts.count * heads))
    let table = runs.map { SequenceAttention.Run(start: $0.lowerBound, count: $0.count) }
    o.q.withUnsafeBufferPointer { q in
      o.k.withUnsafeBufferPointer { k in
        o.v.withUnsafeBufferPointer { v in
          o.g.withUnsafeBufferPointer { g in
            o.sinks.withUnsafeBufferPointer { sinks in
              table.withUnsafeBufferPointer { table in
                let keys = UnsafeMutablePointer<Int32>.allocate(capacity: rows)
                keys.initialize(from: o.keys, count: rows)
                defer { keys.deallocate() }
                withBuffers(&result) { out, logs, dq, dk, dv, ds in
                  let (keyRow, valueRow) = (keyHeads * keyWidth, keyHeads * valueWidth)
                  let work = sequence_attention(
                    queries: q.baseAddress!, keys: k.baseAddress!, values: v.baseAddress!, queryRow: heads * keyWidth,
                    keyRow: keyRow, valueRow: valueRow, heads: heads, keyHeads: keyHeads, keyWidth: keyWidth,
                    valueWidth: valueWidth, window: window, chunk: chunk, scale: scale, softcap: softcap,
                    sinks: hasSinks ? sinks.baseAddress : nil, dropoutKeys: dropout > 0 ? UnsafePointer(keys) : nil,
                    dropout: mask, outputs: out, outputRow: heads * valueWidth,
                    logSums: logs, outputGradients: g.baseAddress, outputGradientRow: heads * valueWidth,
                    queryGradients: dq, queryGradientRow: heads * keyWidth, keyGradients: dk, keyGradientRow: keyRow,
                    valueGradients: dv, valueGradientRow: valueRow)
                  let attention = SequenceAttention(
                    work, runs: table.baseAddress!, runCount: table.count, longest: counts.max() ?? 0,
                    sinkGradients: hasSinks ? ds : nil, features: features)
                  runTiles(attention, isReversed)
                }
              }
            }
          }
        }
      }
    }
    return result
  }

  private func runTiles(_ attention: SequenceAttention, _ isReversed: Bool) {
    var scratch = [Float](repeating: .nan, count: attention.scratchFloats)
    scratch.withUnsafeMutableBufferPointer { scratch in
      let (forward, backward) = (Array(0..<attention.forwardTiles), Array(0..<attention.backwardTiles))
      for tile in isReversed ? forward.reversed() : forward {
        attention.forward(tile: tile, scratch: scratch.baseAddress!)
      }
      for tile in isReversed ? backward.reversed() : backward {
        attention.backward(tile: tile, scratch: scratch.baseAddress!)
      }
    }
  }

  private typealias Target = UnsafeMutablePointer<Float>
  private func withBuffers(
    _ result: inout Result<Float>, _ body: (Target, Target, Target, Target, Target, Target) -> Void
  ) {
    result.outputs.withUnsafeMutableBufferPointer { out in
      result.logSums.withUnsafeMutableBufferPointer { logs in
        result.queries.withUnsafeMutableBufferPointer { q in
          result.keys.withUnsafeMutableBufferPointer { k in
            result.values.withUnsafeMutableBufferPointer { v in
              result.sinks.withUnsafeMutableBufferPointer { s in
                body(
                  out.baseAddress!, logs.baseAddress!, q.baseAddress!, k.baseAddress!, v.baseAddress!, s.baseAddress!)
              }
            }
          }
        }
      }
    }
  }
}

extension SequenceAttentionCase {
  /// The definition and its derivative, one row and head after another.
  func exact() -> Result<Double> {
    let o = operands
    let zeros = { (count: Int) in [Double](repeating: 0, count: count) }
    var result = Result<Double>(
      outputs: zeros(rows * heads * valueWidth), logSums: zeros(rows * heads), queries: zeros(o.q.count),
      keys: zeros(o.k.count), values: zeros(o.v.count), sinks: zeros(counts.count * heads))
    for (index, run) in runs.enumerated() {
      for t in run {
        for h in 0..<heads {
          let seen = run.lowerBound + firstSeen(t - run.lowerBound)...t
          let shares = seen.map { share(key: o.keys[t], head: h, position: $0 - run.lowerBound) }
          addRow(t, h, seen, shares, o, sink: hasSinks ? Double(o.sinks[h]) : nil, sinkAt: index * heads + h, &result)
        }
      }
    }
    return result
  }

  private func addRow(
    _ t: Int, _ h: Int, _ seen: ClosedRange<Int>, _ shares: [Double], _ o: Operands, sink: Double?, sinkAt: Int,
    _ result: inout Result<Double>
  ) {
    let j = h / (heads / keyHeads)
    let (qAt, outAt) = ((t * heads + h) * keyWidth, (t * heads + h) * valueWidth)
    var (scores, slopes) = ([Double](), [Double]())
    for s in seen {
      let at = (s * keyHeads + j) * keyWidth
      var score = (0..<keyWidth).reduce(0.0) { $0 + Double(o.q[qAt + $1]) * Double(o.k[at + $1]) } * Double(scale)
      var slope = Double(scale)
      if softcap != 0 {
        let bent = tanh(score / Double(softcap))
        score = Double(softcap) * bent
        slope *= 1 - bent * bent
      }
      scores.append(score)
      slopes.append(slope)
    }
    let sum = scores.reduce(sink.map { exp($0) } ?? 0) { $0 + exp($1) }
    result.logSums[t * heads + h] = log(sum)
    let weights = scores.map { exp($0) / sum }
    let kept = zip(weights, shares).map { $0 * $1 }
    var share = 0.0
    for c in 0..<valueWidth {
      let value = zip(seen, kept).reduce(0.0) { $0 + $1.1 * Double(o.v[($1.0 * keyHeads + j) * valueWidth + c]) }
      result.outputs[outAt + c] = value
      share += value * Double(o.g[outAt + c])
    }
    if let sink { result.sinks[sinkAt] -= exp(sink) / sum * share }
    for (i, s) in seen.enumerated() {
      let (kAt, vAt) = ((s * keyHeads + j) * keyWidth, (s * keyHeads + j) * valueWidth)
      var toWeight = 0.0
      for c in 0..<valueWidth {
        toWeight += Double(o.g[outAt + c]) * Double(o.v[vAt + c])
        result.values[vAt + c] += kept[i] * Double(o.g[outAt + c])
      }
      let toScore = weights[i] * (toWeight * shares[i] - share) * slopes[i]
      for c in 0..<keyWidth {
        result.queries[qAt + c] += toScore * Double(o.k[kAt + c])
        result.keys[kAt + c] += toScore * Double(o.q[qAt + c])
      }
    }
  }
}
