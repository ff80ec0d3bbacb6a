import CKernels

/// A small reproducible generator of floats.
struct RowRandom {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  /// Uniform in -scale ..< scale.
  mutating func float(_ scale: Float = 1) -> Float { (Float(next() >> 40) / 8_388_608 - 1) * scale }

  mutating func floats(_ count: Int, _ scale: Float = 1) -> [Float] { (0..<count).map { _ in float(scale) } }
}

/// The instruction sets that this build and processor have.
let availableSets: [vector_isa] = [VECTOR_ISA_BASELINE, VECTOR_ISA_AVX2, VECTOR_ISA_AVX512, VECTOR_ISA_DOT].filter {
  vector_isa_available($0) != 0
}

extension vector_isa {
  var rows: row_kernels { row_kernels_for(self).pointee }
  var attention: attention_kernels { attention_kernels_for(self).pointee }
  var recurrence: recurrence_kernels { recurrence_kernels_for(self).pointee }
}

/// Distance of `value` from `exact` in units in the last place of the nearest float.
func unitsInLastPlace(_ value: Float, _ exact: Double) -> Double {
  let nearest = Float(exact)
  if value == nearest || (value.isNaN && nearest.isNaN) { return 0 }
  let unit = Double(max(nearest.magnitude, .leastNormalMagnitude).ulp)
  return (Double(value) - exact).magnitude / unit
}

/// The largest difference from exact values.
func largestError(_ values: [Float], _ exact: [Double]) -> Double {
  zip(values, exact).map { ($0.isFinite ? (Double($0) - $1).magnitude : .infinity) }.max() ?? 0
}
