import CKernels
import Testing

/// Gradients of short causal convolutions against double precision.
@Suite struct ConvolutionGradientTests {
  static let count = 11

  @Test(arguments: [1, 2, 3, 4, 5, 13], [1, 16, 37, 96]) func `gradients follow their sums`(
    _ taps: Int, _ channels: Int
  ) {
    var random = RowRandom(70)
    let (g, x) = (random.floats(Self.count * channels), random.floats(Self.count * channels, 2))
    let (weights, before) = (random.floats(channels * taps), random.floats(channels * taps))
    func at(_ rows: [Float], _ t: Int, _ c: Int) -> Double {
      (0..<Self.count).contains(t) ? Double(rows[t * channels + c]) : 0
    }
    let byRows = (0..<Self.count).flatMap { t in
      (0..<channels).map { c in
        (0..<taps).reduce(0.0) { $0 + Double(weights[c * taps + $1]) * at(g, t + taps - 1 - $1, c) }
      }
    }
    let byTaps = (0..<channels).flatMap { c in
      (0..<taps).map { j in
        (0..<Self.count).reduce(Double(before[c * taps + j])) { $0 + at(g, $1, c) * at(x, $1 - taps + 1 + j, c) }
      }
    }
    for set in availableSets {
      let result = run(set, g, x, weights, before, channels, taps)
      #expect(largestError(result.rows, byRows) <= Double(taps + 1) * Double(taps) * 0x1p-24)
      #expect(largestError(result.taps, byTaps) <= Double(Self.count + 2) * Double(2 * Self.count + 1) * 0x1p-24)
    }
  }

  private func run(
    _ set: vector_isa, _ g: [Float], _ x: [Float], _ weights: [Float], _ before: [Float], _ channels: Int, _ taps: Int
  ) -> (rows: [Float], taps: [Float]) {
    let kernels = training_kernels_for(set).pointee
    var (rows, sums, state) = ([Float](repeating: .nan, count: g.count), before, [Float.nan])
    g.withUnsafeBufferPointer { g in
      weights.withUnsafeBufferPointer { weights in
        rows.withUnsafeMutableBufferPointer { rows in
          state.withUnsafeMutableBufferPointer { state in
            guard let g = g.baseAddress, let weights = weights.baseAddress, let rows = rows.baseAddress,
              let state = state.baseAddress
            else { return }
            var range = convolution_range(
              inputs: g, weights: weights, biases: nil, state: state, outputs: rows, inputStride: channels,
              stateStride: 0, outputStride: channels, channels: channels, taps: taps, count: Self.count)
            kernels.convolution_gradient(&range)
          }
        }
      }
    }
    kernels.convolution_weight_gradient(g, channels, x, channels, Self.count, channels, taps, &sums)
    return (rows, sums)
  }
}
