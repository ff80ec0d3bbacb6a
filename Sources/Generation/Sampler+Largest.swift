extension Sampler {
  /// The largest logit. Throws where one is NaN or +∞, or where all are −∞.
  static func largest(_ logits: UnsafeBufferPointer<Float>) throws(SamplerError) -> Float {
    var largest = -Float.infinity
    var isFinite = true
    if let base = logits.baseAddress {
      var lanes = SIMD16<Float>(repeating: -.infinity)
      var finite = SIMDMask<SIMD16<Int32>>(repeating: true)
      for index in 0..<logits.count / 16 {
        let part = UnsafeRawPointer(base + index * 16).loadUnaligned(as: SIMD16<Float>.self)
        finite = finite .& (part .< .infinity)
        lanes.replace(with: part, where: part .> lanes)
      }
      (largest, isFinite) = (lanes.max(), all(finite))
      for value in logits[(logits.count / 16 * 16)...] {
        (largest, isFinite) = (max(largest, value), isFinite && value < .infinity)
      }
    }
    if !isFinite, let token = logits.firstIndex(where: { !($0 < .infinity) }) {
      throw .notFinite(token: Int32(token), value: "\(logits[token])")
    }
    if largest == -.infinity { throw .noCandidates }
    return largest
  }

  /// The lowest token with this logit.
  static func first(_ logit: Float, in logits: UnsafeBufferPointer<Float>) -> Int32 {
    guard let base = logits.baseAddress else { return 0 }
    var index = 0
    while index + 16 <= logits.count {
      let part = UnsafeRawPointer(base + index).loadUnaligned(as: SIMD16<Float>.self)
      if any(part .== logit) { break }
      index += 16
    }
    return Int32(logits[index...].firstIndex { $0 == logit } ?? 0)
  }
}
