import GraphIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension HostArray {
  /// `out[t, c] = Σⱼ w[c, j] · x[t − taps + 1 + j, c] (+ b[c])`; `earlier` is the rows before this step's, then after.
  ///
  /// Each of several sequences begins with nothing before it.
  func shortConvolution(
    _ weight: HostArray, bias: HostArray?, runs: [Range<Int>], earlier: inout [Scalar]
  ) -> HostArray {
    let (channels, taps) = (weight.shape[0], weight.shape[1])
    return HostArray(shape: shape) { result in
      for run in runs {
        if earlier.isEmpty || runs.count > 1 { earlier = [Scalar](repeating: 0, count: (taps - 1) * channels) }
        let rows = earlier + values[run.lowerBound * channels..<run.upperBound * channels]
        for t in run {
          for c in 0..<channels {
            var sum = bias?.values[c].double ?? 0
            for j in 0..<taps {
              sum += weight.values[c * taps + j].double * rows[(t - run.lowerBound + j) * channels + c].double
            }
            result[t * channels + c] = Scalar(sum)
          }
        }
        earlier = Array(rows.suffix((taps - 1) * channels))
      }
    }
  }
}

/// A matrix `S [keyWidth, valueWidth]` a head, taking in one token after the other.
struct Recurrence<Scalar: ReferenceScalar> {
  let rule: RecurrenceRule
  /// `[T, groups, keyWidth]`, as are keys; a group serves neighbouring heads.
  let queries: HostArray<Scalar>
  let keys: HostArray<Scalar>
  /// `[T, heads, valueWidth]`.
  let values: HostArray<Scalar>
  /// `g [T, heads]`; the state fades by `eᵍ`.
  let decay: HostArray<Scalar>

  /// Values `[T, heads, valueWidth]`; `state [heads, keyWidth, valueWidth]` begins as zeros where it is empty.
  ///
  /// Each of several sequences begins with zeros.
  func run(rate: HostArray<Scalar>?, runs: [Range<Int>], state: inout [Scalar]) -> HostArray<Scalar> {
    let (heads, keyWidth, valueWidth) = (values.shape[1], keys.columns, values.columns)
    let groups = keys.shape[1]
    let starts = Set(runs.map(\.lowerBound))
    return HostArray(shape: values.shape) { result in
      for t in 0..<values.shape[0] {
        if state.isEmpty || (runs.count > 1 && starts.contains(t)) {
          state = [Scalar](repeating: 0, count: heads * keyWidth * valueWidth)
        }
        for h in 0..<heads {
          let group = t * groups + h * groups / heads
          let (query, key, value) = (queries.row(group), keys.row(group), values.row(t * heads + h))
          let fade = exp(decay.values[t * heads + h].double)
          let matrix = h * keyWidth * valueWidth
          for i in matrix..<matrix + keyWidth * valueWidth { state[i] = Scalar(state[i].double * fade) }
          let change: [Double]
          switch rule {
          case .decay: change = value.map { $0.double }
          case .gatedDelta:
            let rate = rate?.values[t * heads + h].double ?? 1
            change = zip(value, read(state, matrix, by: key)).map { rate * ($0.double - $1) }
          }
          for (i, k) in key.enumerated() {
            for (j, c) in change.enumerated() {
              let slot = matrix + i * valueWidth + j
              state[slot] = Scalar(state[slot].double + k.double * c)
            }
          }
          for (j, sum) in read(state, matrix, by: query).enumerated() {
            result[(t * heads + h) * valueWidth + j] = Scalar(sum)
          }
        }
      }
    }
  }

  /// `kᵀ · S` of the matrix that starts at `matrix`.
  private func read(_ state: [Scalar], _ matrix: Int, by key: ArraySlice<Scalar>) -> [Double] {
    let width = values.columns
    var sums = [Double](repeating: 0, count: width)
    for (i, k) in key.enumerated() {
      for j in 0..<width { sums[j] += k.double * state[matrix + i * width + j].double }
    }
    return sums
  }
}
