import GraphIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension HostArray {
  /// `out[t, h, s] = cap(scale · q[t, h] · k[s, h / group])`, −∞ where the mask hides `s` from the row `t`.
  ///
  /// Keys are those of all positions so far, or of the step's own rows.
  func attentionScores(
    _ keys: HostArray, scale: Float, softcap: Float?, mask: AttentionMask, step: Step
  ) throws -> HostArray {
    let (rows, heads, held) = (shape[0], shape[1], keys.shape[0])
    let visible = try step.visibleRows(mask, held: held)
    let group = heads / keys.shape[1]
    return HostArray(shape: [rows, heads, held]) { result in
      values.withUnsafeBufferPointer { q in
        keys.values.withUnsafeBufferPointer { k in
          guard let q = q.baseAddress, let k = k.baseAddress else { return }
          for t in 0..<rows {
            for h in 0..<heads {
              for s in 0..<held {
                let slot = (t * heads + h) * held + s
                guard visible[t].contains(s) else {
                  result[slot] = -.infinity
                  continue
                }
                let key = k + (s * keys.shape[1] + h / group) * columns
                let score = Double(scale) * dot(q + (t * heads + h) * columns, key, columns)
                result[slot] = Scalar(softcap.map { Double($0) * tanh(score / Double($0)) } ?? score)
              }
            }
          }
        }
      }
    }
  }

  /// Softmax over positions of scores `[T, heads, S]`; an optional sink `[heads]` joins the denominator only.
  func attentionPattern(sinks: HostArray?) -> HostArray {
    let heads = shape[1]
    return HostArray(
      shape: shape, values: (0..<rowCount).flatMap { softmax(row($0), sink: sinks?.values[$0 % heads]) })
  }

  /// `out[t, h] = Σₛ pattern[t, h, s] · v[s, h / group]`.
  func attentionMix(_ mixed: HostArray) throws -> HostArray {
    let (heads, held, width) = (shape[1], shape[2], mixed.columns)
    guard mixed.shape[0] == held else { throw Misuse("\(mixed.shape[0]) values for \(held) positions") }
    let group = heads / mixed.shape[1]
    return HostArray(shape: [shape[0], heads, width]) { result in
      var sums = [Double](repeating: 0, count: width)
      for row in 0..<rowCount {
        for c in 0..<width { sums[c] = 0 }
        for s in 0..<held {
          let share = values[row * held + s].double
          // A hidden position adds nothing, whatever its value holds.
          if share == 0 { continue }
          let base = (s * mixed.shape[1] + row % heads / group) * width
          for c in 0..<width { sums[c] += share * mixed.values[base + c].double }
        }
        for c in 0..<width { result[row * width + c] = Scalar(sums[c]) }
      }
    }
  }
}

/// `exp(x) / Σ exp(x)`, shifted by the largest; a sink joins the sum only.
func softmax<Scalar: ReferenceScalar>(_ x: ArraySlice<Scalar>, sink: Scalar? = nil) -> [Scalar] {
  let largest = max(x.max() ?? 0, sink ?? -.infinity).double
  let powers = x.map { exp($0.double - largest) }
  let sum = powers.reduce(sink.map { exp($0.double - largest) } ?? 0, +)
  return powers.map { Scalar($0 / sum) }
}
