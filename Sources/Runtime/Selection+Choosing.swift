import CKernels
package import GraphIR

extension Selection {
  /// Writes the indices of the chosen of `size` scores, the best first, equal ones by lower index.
  package func choose(_ scores: UnsafePointer<Float>, of size: Int, into indices: UnsafeMutablePointer<Int32>) {
    guard let groups else {
      _ = row_top_k(scores, size, count, indices)
      return
    }
    let part = size / groups.count
    withUnsafeTemporaryAllocation(of: Float.self, capacity: size + groups.count) { floats in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(groups.count, groups.best)) { chosen in
        let masked = floats.baseAddress!
        let groupScores = masked + size
        for group in 0..<groups.count {
          let written = row_top_k(scores + group * part, part, groups.best, chosen.baseAddress!)
          groupScores[group] = (0..<written).reduce(0) { $0 + scores[group * part + Int(chosen[$1])] }
        }
        masked.update(repeating: -.infinity, count: size)
        let used = row_top_k(groupScores, groups.count, groups.used, chosen.baseAddress!)
        for index in 0..<used {
          let start = Int(chosen[index]) * part
          (masked + start).update(from: scores + start, count: part)
        }
        _ = row_top_k(masked, size, count, indices)
      }
    }
  }
}
