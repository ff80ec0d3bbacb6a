import GraphIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension HostArray {
  /// `out = p · (g − Σₛ p · g)` of the pattern `p` that the receiver holds; 0 where `p` is 0.
  func attentionPatternGradient(_ gradient: HostArray) -> HostArray {
    HostArray(shape: shape) { result in
      for r in 0..<rowCount {
        let pairs = zip(row(r), gradient.row(r)).map { ($0.double, $0 == 0 ? 0 : $1.double) }
        let mean = pairs.reduce(0.0) { $0 + $1.0 * $1.1 }
        for (s, pair) in pairs.enumerated() { result[r * columns + s] = Scalar(pair.0 * (pair.1 - mean)) }
      }
    }
  }

  /// `out[s, j] = Σₜ Σₕ w[t, h, s] · x[t, h]` over the heads `h` that read key-value head `j`.
  func attentionCollect(_ x: HostArray, heads: Int) -> HostArray {
    let (held, width, group) = (columns, x.columns, shape[1] / heads)
    var sums = [Double](repeating: 0, count: held * heads * width)
    for r in 0..<rowCount {
      let head = r % shape[1] / group
      for s in 0..<held where values[r * held + s] != 0 {
        let share = values[r * held + s].double
        for c in 0..<width { sums[(s * heads + head) * width + c] += share * x.values[r * width + c].double }
      }
    }
    return HostArray(shape: [held, heads, width], values: sums.map { Scalar($0) })
  }

  /// `out[t, c] = Σⱼ w[c, j] · g[t + taps − 1 − j, c]` within each sequence.
  func shortConvolutionGradient(weight: HostArray, runs: [Range<Int>]) -> HostArray {
    let taps = weight.columns
    return HostArray(shape: shape) { result in
      for run in runs {
        for t in run {
          for c in 0..<columns {
            var sum = 0.0
            for j in 0..<taps where t + taps - 1 - j < run.upperBound {
              sum += weight.values[c * taps + j].double * values[(t + taps - 1 - j) * columns + c].double
            }
            result[t * columns + c] = Scalar(sum)
          }
        }
      }
    }
  }

  /// `out[c, j] = Σₜ g[t, c] · x[t − taps + 1 + j, c]` within each sequence.
  func shortConvolutionWeightGradient(_ x: HostArray, taps: Int, runs: [Range<Int>]) -> HostArray {
    HostArray(shape: [columns, taps]) { result in
      for c in 0..<columns {
        for j in 0..<taps {
          var sum = 0.0
          for run in runs {
            for t in run where t - taps + 1 + j >= run.lowerBound {
              sum += values[t * columns + c].double * x.values[(t - taps + 1 + j) * columns + c].double
            }
          }
          result[c * taps + j] = Scalar(sum)
        }
      }
    }
  }
}

extension Recurrence {
  /// Gradients by queries, keys, values, decay and rate side by side, of `g [T, heads, valueWidth]`.
  func gradient(
    _ g: HostArray<Scalar>, rate: HostArray<Scalar>?, runs: [Range<Int>]
  ) -> HostArray<Scalar> {
    let (rows, heads, groups) = (values.shape[0], values.shape[1], keys.shape[1])
    let (keyWidth, valueWidth) = (keys.columns, values.columns)
    let ends = [0, groups * keyWidth, 2 * groups * keyWidth, 2 * groups * keyWidth + heads * valueWidth]
    let gates = rate == nil ? 1 : 2
    let width = ends[3] + gates * heads
    var sums = [Double](repeating: 0, count: rows * width)
    for run in runs {
      for h in 0..<heads {
        let group = h * groups / heads
        let tokens = trace(run, head: h, group: group, rate: rate)
        var future = [Double](repeating: 0, count: keyWidth * valueWidth)
        for (t, token) in zip(run, tokens).reversed() {
          let base = t * width
          let slopes = token.slopes(g.row(t * heads + h).map(\.double), future: &future, rule: rule)
          for i in 0..<keyWidth {
            sums[base + ends[0] + group * keyWidth + i] += slopes.query[i]
            sums[base + ends[1] + group * keyWidth + i] += slopes.key[i]
          }
          for j in 0..<valueWidth { sums[base + ends[2] + h * valueWidth + j] = slopes.value[j] }
          sums[base + ends[3] + h] = slopes.decay
          if gates == 2 { sums[base + ends[3] + heads + h] = slopes.rate }
        }
      }
    }
    return HostArray(shape: [rows, width], values: sums.map { Scalar($0) })
  }

  /// What one head read and held at every token of a sequence.
  func trace(_ run: Range<Int>, head: Int, group: Int, rate: HostArray<Scalar>?) -> [RecurrenceToken] {
    let (heads, groups) = (values.shape[1], keys.shape[1])
    var state = [Double](repeating: 0, count: keys.columns * values.columns)
    return run.map { t in
      var token = RecurrenceToken(
        query: queries.row(t * groups + group).map(\.double), key: keys.row(t * groups + group).map(\.double),
        value: values.row(t * heads + head).map(\.double), fade: exp(decay.values[t * heads + head].double),
        rate: rate?.values[t * heads + head].double ?? 1)
      token.faded = state.map { $0 * token.fade }
      if rule == .gatedDelta { token.error = zip(token.value, token.read(token.faded, by: token.key)).map { $0 - $1 } }
      let change = rule == .decay ? token.value : token.error.map { $0 * token.rate }
      state = token.faded
      for (i, k) in token.key.enumerated() {
        for (j, c) in change.enumerated() { state[i * change.count + j] += k * c }
      }
      token.state = state
      return token
    }
  }
}

/// One token of one head's recurrence.
struct RecurrenceToken {
  let query: [Double]
  let key: [Double]
  let value: [Double]
  let fade: Double
  let rate: Double
  /// The matrix `[keyWidth, valueWidth]` once it has faded, and once the token is taken in.
  var faded: [Double] = []
  var state: [Double] = []
  /// `v − kᵀ · S` of the faded matrix.
  var error: [Double] = []

  init(query: [Double], key: [Double], value: [Double], fade: Double, rate: Double) {
    (self.query, self.key, self.value, self.fade, self.rate) = (query, key, value, fade, rate)
  }

  /// `kᵀ · S`.
  func read(_ matrix: [Double], by key: [Double]) -> [Double] {
    value.indices.map { j in key.indices.reduce(0.0) { $0 + key[$1] * matrix[$1 * value.count + j] } }
  }

  /// `S · v`.
  private func apply(_ matrix: [Double], to v: [Double]) -> [Double] {
    key.indices.map { i in v.indices.reduce(0.0) { $0 + matrix[i * v.count + $1] * v[$1] } }
  }

  /// Gradients by what the token gave; `future`, the gradient by the matrix after it, becomes that before it.
  func slopes(
    _ g: [Double], future: inout [Double], rule: RecurrenceRule
  ) -> (query: [Double], key: [Double], value: [Double], decay: Double, rate: Double) {
    let width = value.count
    for (i, q) in query.enumerated() {
      for j in 0..<width { future[i * width + j] += q * g[j] }
    }
    let change = read(future, by: key)
    var keySlope: [Double]
    var (valueSlope, rateSlope) = (change, 0.0)
    switch rule {
    case .decay: keySlope = apply(future, to: value)
    case .gatedDelta:
      keySlope = apply(future, to: error.map { $0 * rate })
      valueSlope = change.map { $0 * rate }
      rateSlope = zip(change, error).reduce(0.0) { $0 + $1.0 * $1.1 }
      keySlope = zip(keySlope, apply(faded, to: valueSlope)).map { $0 - $1 }
      for (i, k) in key.enumerated() {
        for j in 0..<width { future[i * width + j] -= k * valueSlope[j] }
      }
    }
    let decay = zip(future, faded).reduce(0.0) { $0 + $1.0 * $1.1 }
    for i in future.indices { future[i] *= fade }
    return (apply(state, to: g), keySlope, valueSlope, decay, rateSlope)
  }
}
