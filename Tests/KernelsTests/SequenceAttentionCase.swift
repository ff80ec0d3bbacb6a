import CKernels
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
  var size: Float = 1

  var rows: Int { counts.reduce(0, +) }
  var scale: Float { 1 / Float(keyWidth).squareRoot() }

  /// Everything that both sides compute, flat: outputs, logSums, gradients by q, k, v and by sinks.
  struct Result<Scalar> {
    var outputs: [Scalar] = []
    var logSums: [Scalar] = []
    var queries: [Scalar] = []
    var keys: [Scalar] = []
    var values: [Scalar] = []
    var sinks: [Scalar] = []
  }

  struct Operands {
    let q, k, v, g, sinks: [Float]
  }

  var operands: Operands {
    var random = Randomness(state: 5)
    let range = -size...size
    return Operands(
      q: random.floats(rows * heads * keyWidth, in: range), k: random.floats(rows * keyHeads * keyWidth, in: range),
      v: random.floats(rows * keyHeads * valueWidth, in: range), g: random.floats(rows * heads * valueWidth),
      sinks: random.floats(heads))
  }

  var runs: [Range<Int>] {
    var start = 0
    return counts.map { count in
      defer { start += count }
      return start..<start + count
    }
  }

  func firstSeen(_ position: Int) -> Int {
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
                withBuffers(&result) { out, logs, dq, dk, dv, ds in
                  let (keyRow, valueRow) = (keyHeads * keyWidth, keyHeads * valueWidth)
                  let work = sequence_attention(
                    queries: q.baseAddress!, keys: k.baseAddress!, values: v.baseAddress!, queryRow: heads * keyWidth,
                    keyRow: keyRow, valueRow: valueRow, heads: heads, keyHeads: keyHeads, keyWidth: keyWidth,
                    valueWidth: valueWidth, window: window, chunk: chunk, scale: scale, softcap: softcap,
                    sinks: hasSinks ? sinks.baseAddress : nil, outputs: out, outputRow: heads * valueWidth,
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
