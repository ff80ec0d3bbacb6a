import Runtime
import TrainingEngine

/// Norms of gradients, summed in double precision and in one order whatever the thread count.
struct GradientNorms: Hashable, Sendable {
  /// `√Σg²` of each tensor, in the layout's order.
  let tensors: [Double]

  init(_ gradients: FloatBuffer, layout: ParameterLayout, team: ThreadTeam) {
    let tensors = layout.tensors
    let sums = UnsafeMutableBufferPointer<Double>.allocate(capacity: tensors.count)
    defer { sums.deallocate() }
    nonisolated(unsafe) let (output, values) = (sums, gradients.values)
    let count = team.count
    team.run { thread in
      for index in stride(from: thread, to: tensors.count, by: count) {
        output[index] = Self.squares(UnsafeBufferPointer(rebasing: values[tensors[index].range]))
      }
    }
    self.tensors = sums.map { $0.squareRoot() }
  }

  /// Over all tensors.
  var total: Double { tensors.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private static func squares(_ values: UnsafeBufferPointer<Float>) -> Double {
    var lanes = SIMD8<Double>.zero
    let whole = values.count / 8 * 8
    for start in stride(from: 0, to: whole, by: 8) {
      var part = SIMD8<Float>.zero
      for lane in 0..<8 { part[lane] = values[start + lane] }
      let wide = SIMD8<Double>(part)
      lanes += wide * wide
    }
    return values[whole...].reduce(lanes.sum()) { $0 + Double($1) * Double($1) }
  }
}
