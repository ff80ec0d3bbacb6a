import GraphIR

extension HostArray {
  /// Indices of the largest scores of each row, largest first, ties to the lower index; a NaN counts as −∞.
  func topK(_ selection: Selection) -> HostArray {
    let chosen = (0..<rowCount).flatMap { index -> ArraySlice<Int> in
      let scores = row(index).map { $0.isNaN ? -.infinity : $0 }
      return ranked(allowed(scores, selection.groups), by: scores).prefix(selection.count)
    }
    return HostArray(shape: shape.dropLast() + [selection.count], values: chosen.map { Scalar($0) })
  }

  /// Indices that take part: all, or those of the best groups.
  private func allowed(_ scores: [Scalar], _ groups: Selection.Groups?) -> [Int] {
    guard let groups else { return Array(scores.indices) }
    let size = scores.count / groups.count
    let totals = (0..<groups.count).map { group in
      let best = scores[group * size..<(group + 1) * size].sorted(by: >).prefix(groups.best)
      return Scalar(best.reduce(0.0) { $0 + $1.double })
    }
    let used = Set(ranked(Array(totals.indices), by: totals).prefix(groups.used))
    return scores.indices.filter { used.contains($0 / size) }
  }

  private func ranked(_ indices: [Int], by scores: [Scalar]) -> [Int] {
    indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
  }

  /// `out[t, k] = x[t, choice[t, k]]`.
  func picked(by choice: HostArray) throws -> HostArray {
    try HostArray(shape: choice.shape) { result in
      for (slot, chosen) in choice.values.enumerated() {
        result[slot] = values[slot / choice.columns * columns + (try index(chosen, below: columns))]
      }
    }
  }

  /// `out[t] = Σₖ w[t, k] · x[t, k]`.
  func weightedSum(_ weights: HostArray) -> HostArray {
    let (terms, width) = (weights.columns, columns)
    return HostArray(shape: shape.dropLast(2) + [width]) { result in
      for t in 0..<weights.rowCount {
        for c in 0..<width {
          let sum = (0..<terms).reduce(0.0) { sum, k in
            sum + weights.values[t * terms + k].double * values[(t * terms + k) * width + c].double
          }
          result[t * width + c] = Scalar(sum)
        }
      }
    }
  }
}
