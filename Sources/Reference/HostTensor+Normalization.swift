import GraphIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension HostArray {
  /// `x / √(mean(x²) + ε) (· w)` over the last dimension.
  func rmsNorm(_ epsilon: Float, weight: HostArray?) -> HostArray {
    mapRows { x in
      let mean = x.reduce(0.0) { $0 + $1.double * $1.double } / Double(x.count)
      let factor = 1 / (mean + Double(epsilon)).squareRoot()
      return x.map { Scalar($0.double * factor) }
    }.scaled(weight, bias: nil)
  }

  /// `(x − mean) / √(variance + ε) (· w) (+ b)` over the last dimension.
  func layerNorm(_ epsilon: Float, weight: HostArray?, bias: HostArray?) -> HostArray {
    mapRows { x in
      let mean = x.reduce(0.0) { $0 + $1.double } / Double(x.count)
      let variance = x.reduce(0.0) { $0 + ($1.double - mean) * ($1.double - mean) } / Double(x.count)
      let factor = 1 / (variance + Double(epsilon)).squareRoot()
      return x.map { Scalar(($0.double - mean) * factor) }
    }.scaled(weight, bias: bias)
  }

  /// `x · w + b` with the sizes of the last dimensions.
  private func scaled(_ weight: HostArray?, bias: HostArray?) -> HostArray {
    let product = weight.map { combined(with: $0, *) } ?? self
    return bias.map { product.combined(with: $0, +) } ?? product
  }

  /// `x / (Σ x + ε)` over the last dimension.
  func normalizedSum(_ epsilon: Float) -> HostArray {
    mapRows { x in
      let sum = x.reduce(Double(epsilon)) { $0 + $1.double }
      return x.map { Scalar($0.double / sum) }
    }
  }

  /// Turns the first `width` elements of each head `[T, …, head]` by the row's position.
  func rotated(_ embedding: RotaryEmbedding, at positions: HostArray, context: Int) throws -> HostArray {
    guard positions.shape == [shape[0]] else { throw Misuse("positions \(positions.shape) for rows \(shape)") }
    let frequencies = embedding.frequencies(context: context)
    let half = embedding.width / 2
    let heads = shape.dropFirst().dropLast().reduce(1, *)
    var result = self
    for t in 0..<shape[0] {
      for (pair, frequency) in frequencies.enumerated() {
        let angle = positions.values[t].double * frequency
        let cosine = cos(angle) * Double(embedding.magnitude)
        let sine = sin(angle) * Double(embedding.magnitude)
        for head in 0..<heads {
          let base = (t * heads + head) * columns
          let i = base + (embedding.interleaved ? 2 * pair : pair)
          let j = base + (embedding.interleaved ? 2 * pair + 1 : pair + half)
          let (x, y) = (values[i].double, values[j].double)
          result.values[i] = Scalar(x * cosine - y * sine)
          result.values[j] = Scalar(y * cosine + x * sine)
        }
      }
    }
    return result
  }
}
