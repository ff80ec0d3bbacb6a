/// Sums and distances of rows.
enum Rows {
  static func dot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) { sum += Double(x) * Double(y) }
    return sum
  }

  /// Cosine of the angle between two rows; 1 for two rows of zeros.
  static func cosine(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
    let (aa, bb) = (dot(a, a), dot(b, b))
    if aa == 0 || bb == 0 { return aa == bb ? 1 : 0 }
    return max(-1, min(1, dot(a, b) / (aa * bb).squareRoot()))
  }
}
