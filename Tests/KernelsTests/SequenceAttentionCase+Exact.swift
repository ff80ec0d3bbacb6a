import Foundation

/// Numbers in double precision, each with the sum of the magnitudes that it is a sum of.
struct Measured {
  var value = 0.0
  var size = 0.0

  static func += (sum: inout Measured, term: (value: Double, size: Double)) {
    sum.value += term.value
    sum.size += term.size
  }
}

extension SequenceAttentionCase {
  /// The definition and its derivative, one row and head after another.
  func exact() -> Result<Measured> {
    let o = operands
    let zeros = { (count: Int) in [Measured](repeating: Measured(), count: count) }
    var result = Result<Measured>(
      outputs: zeros(rows * heads * valueWidth), logSums: zeros(rows * heads), queries: zeros(o.q.count),
      keys: zeros(o.k.count), values: zeros(o.v.count), sinks: zeros(counts.count * heads))
    for (index, run) in runs.enumerated() {
      for t in run {
        for h in 0..<heads {
          let seen = run.lowerBound + firstSeen(t - run.lowerBound)...t
          let pattern = Pattern(self, o, t, h, seen)
          addOutputs(pattern, t, h, seen, o, sinkAt: index * heads + h, &result)
        }
      }
    }
    return result
  }

  /// The largest sum of magnitudes of a score, and with it of its roundings.
  var largestScore: Double { Double(size * size * scale) * Double(keyWidth) }

  /// One row and head's weights and the slopes of its scores.
  private struct Pattern {
    var weights: [Double] = []
    var slopes: [Double] = []
    var logarithm = 0.0
    var sink = 0.0

    init(_ test: SequenceAttentionCase, _ o: Operands, _ t: Int, _ h: Int, _ seen: ClosedRange<Int>) {
      let (width, j) = (test.keyWidth, h / (test.heads / test.keyHeads))
      var scores: [Double] = []
      for s in seen {
        let (qAt, kAt) = ((t * test.heads + h) * width, (s * test.keyHeads + j) * width)
        let product = (0..<width).reduce(0.0) { $0 + Double(o.q[qAt + $1]) * Double(o.k[kAt + $1]) }
        let score = product * Double(test.scale)
        let bent = test.softcap == 0 ? 0 : tanh(score / Double(test.softcap))
        scores.append(test.softcap == 0 ? score : Double(test.softcap) * bent)
        slopes.append(Double(test.scale) * (1 - bent * bent))
      }
      sink = test.hasSinks ? exp(Double(o.sinks[h])) : 0
      let sum = scores.reduce(sink) { $0 + exp($1) }
      logarithm = log(sum)
      sink /= sum
      weights = scores.map { exp($0) / sum }
    }
  }

  private func addOutputs(
    _ pattern: Pattern, _ t: Int, _ h: Int, _ seen: ClosedRange<Int>, _ o: Operands, sinkAt: Int,
    _ result: inout Result<Measured>
  ) {
    let (j, outAt) = (h / (heads / keyHeads), (t * heads + h) * valueWidth)
    result.logSums[t * heads + h] += (pattern.logarithm, 1 + abs(pattern.logarithm))
    var share = Measured()
    for c in 0..<valueWidth {
      for (s, weight) in zip(seen, pattern.weights) {
        let term = weight * Double(o.v[(s * keyHeads + j) * valueWidth + c])
        result.outputs[outAt + c] += (term, abs(term))
      }
      let (output, g) = (result.outputs[outAt + c], Double(o.g[outAt + c]))
      share += (output.value * g, output.size * abs(g))
    }
    result.sinks[sinkAt] += (-pattern.sink * share.value, pattern.sink * share.size)
    for (i, s) in seen.enumerated() { addSlopes(pattern, i, t, h, s, share, o, &result) }
  }

  private func addSlopes(
    _ pattern: Pattern, _ i: Int, _ t: Int, _ h: Int, _ s: Int, _ share: Measured, _ o: Operands,
    _ result: inout Result<Measured>
  ) {
    let j = h / (heads / keyHeads)
    let (qAt, kAt) = ((t * heads + h) * keyWidth, (s * keyHeads + j) * keyWidth)
    let (outAt, vAt) = ((t * heads + h) * valueWidth, (s * keyHeads + j) * valueWidth)
    let weight = pattern.weights[i]
    var toWeight = Measured()
    for c in 0..<valueWidth {
      let (g, v) = (Double(o.g[outAt + c]), Double(o.v[vAt + c]))
      toWeight += (g * v, abs(g * v))
      result.values[vAt + c] += (weight * g, abs(weight * g))
    }
    let toScore = weight * (toWeight.value - share.value) * pattern.slopes[i]
    // A capped score's slope 1 − t² keeps the roundings of 1.
    let size = weight * (toWeight.size + share.size) * Double(scale)
    for c in 0..<keyWidth {
      let (q, k) = (Double(o.q[qAt + c]), Double(o.k[kAt + c]))
      result.queries[qAt + c] += (toScore * k, size * abs(k))
      result.keys[kAt + c] += (toScore * q, size * abs(q))
    }
  }
}
