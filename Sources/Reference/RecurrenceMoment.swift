package import GraphIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One token of one head of a recurrence over a sequence, as its formulas see it.
package struct RecurrenceMoment {
  package let query: [Double]
  package let key: [Double]
  package let value: [Double]
  /// `eᵍ`.
  package let fade: Double
  /// 1 without rates.
  package let rate: Double
  /// `v − kᵀ · S` of the faded matrix; for the rule without a correction the value.
  package let error: [Double]
  /// The matrix `[keyWidth, valueWidth]` once it has faded, and once the token is taken in.
  package let faded: [Double]
  package let state: [Double]
  /// The gradient by `state`, and by `faded`, from this token's output and from later ones; zeros where none is asked
  /// for.
  package let slope: [Double]
  package let fadedSlope: [Double]

  /// Token `token` of head `head`; `queries` and the others are as in `Recurrence`, `gradient` is by its outputs.
  package init(
    _ rule: RecurrenceRule, queries: HostArray<Double>, keys: HostArray<Double>, values: HostArray<Double>,
    decay: HostArray<Double>, rate: HostArray<Double>?, gradient: HostArray<Double>? = nil, head: Int, token: Int
  ) {
    let recurrence = Recurrence(rule: rule, queries: queries, keys: keys, values: values, decay: decay)
    let heads = values.shape[1]
    let tokens = recurrence.trace(
      0..<values.shape[0], head: head, group: head * keys.shape[1] / heads, rate: rate)
    let width = values.columns
    var slope = [Double](repeating: 0, count: keys.columns * width)
    var future = slope
    if let gradient {
      for t in tokens.indices.reversed() where t >= token {
        let g = Array(gradient.row(t * heads + head))
        slope = future
        for (i, q) in tokens[t].query.enumerated() {
          for (j, g) in g.enumerated() { slope[i * width + j] += q * g }
        }
        _ = tokens[t].slopes(g, future: &future, rule: rule)
      }
    }
    let own = tokens[token]
    (query, key, value, fade, self.rate) = (own.query, own.key, own.value, own.fade, own.rate)
    (faded, state, self.slope) = (own.faded, own.state, slope)
    error = rule == .gatedDelta ? own.error : own.value
    var fadedSlope = slope
    if rule == .gatedDelta {
      for j in 0..<width {
        let change = own.rate * own.key.indices.reduce(0) { $0 + own.key[$1] * slope[$1 * width + j] }
        for (i, k) in own.key.enumerated() { fadedSlope[i * width + j] -= k * change }
      }
    }
    self.fadedSlope = fadedSlope
  }
}
