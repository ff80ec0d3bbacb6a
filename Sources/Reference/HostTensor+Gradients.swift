package import GraphIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension HostArray {
  /// `out[r] = log Σ exp(logits[r]) − logits[r, target[r]]`.
  func crossEntropy(targets: HostArray) throws -> HostArray {
    try HostArray(shape: [shape[0]]) { result in
      for r in 0..<rowCount {
        let logits = row(r)
        let target = logits[logits.startIndex + (try index(targets.values[r], below: columns))].double
        let largest = (logits.max() ?? 0).double
        result[r] = Scalar(largest + log(logits.reduce(0.0) { $0 + exp($1.double - largest) }) - target)
      }
    }
  }

  /// `out[r] = g[r] · (softmax(logits[r]) − one(target[r]))`.
  func crossEntropyGradient(targets: HostArray, gradient: HostArray) throws -> HostArray {
    try HostArray(shape: shape) { result in
      for r in 0..<rowCount {
        let target = try index(targets.values[r], below: columns)
        for (c, share) in softmax(row(r)).enumerated() {
          result[r * columns + c] = gradient.values[r] * (share - (c == target ? 1 : 0))
        }
      }
    }
  }

  /// `out[t] = Wᵀ · g[t]` with the matrix that `matrix` gives for a row.
  func transposedLinear(_ weight: HostArray, matrix: (Int) throws -> Int) rethrows -> HostArray {
    let (outputs, inputs) = (weight.shape[weight.shape.count - 2], weight.columns)
    return try HostArray(shape: shape.dropLast() + [inputs]) { result in
      var sums = [Double](repeating: 0, count: inputs)
      for r in 0..<rowCount {
        for i in 0..<inputs { sums[i] = 0 }
        let base = try matrix(r) * outputs
        for o in 0..<outputs {
          let g = values[r * outputs + o].double
          for i in 0..<inputs { sums[i] += g * weight.values[(base + o) * inputs + i].double }
        }
        for i in 0..<inputs { result[r * inputs + i] = Scalar(sums[i]) }
      }
    }
  }

  /// `out = Σ g[r] ⊗ x[r]` in the matrix that `matrix` gives for a row; several rows of `g` may share one of `x`.
  func outerSum(_ x: HostArray, matrices: Int?, matrix: (Int) throws -> Int) rethrows -> HostArray {
    let (outputs, inputs) = (columns, x.columns)
    let sharing = x.rowCount > 0 ? rowCount / x.rowCount : 1
    var sums = [Double](repeating: 0, count: (matrices ?? 1) * outputs * inputs)
    for r in 0..<rowCount {
      let base = try matrix(r) * outputs
      for o in 0..<outputs {
        let g = values[r * outputs + o].double
        for i in 0..<inputs { sums[(base + o) * inputs + i] += g * x.values[r / sharing * inputs + i].double }
      }
    }
    return HostArray(shape: (matrices.map { [$0] } ?? []) + [outputs, inputs], values: sums.map { Scalar($0) })
  }

  /// `out[i] = Σ x[j]` over the `j` with `index[j] = i`, the receiver holding the indices.
  func scatterSum(_ x: HostArray, rows: Int) throws -> HostArray {
    var sums = [Double](repeating: 0, count: rows * x.columns)
    for (j, value) in values.enumerated() {
      let base = try index(value, below: rows) * x.columns
      for (c, value) in x.row(j).enumerated() { sums[base + c] += value.double }
    }
    return HostArray(shape: [rows, x.columns], values: sums.map { Scalar($0) })
  }

  /// `out[t, c] = Σ x[t, k]` over the `k` with `choice[t, k] = c`.
  func unpicked(by choice: HostArray, count: Int) throws -> HostArray {
    try HostArray(shape: shape.dropLast() + [count]) { result in
      for (slot, chosen) in choice.values.enumerated() {
        result[slot / columns * count + (try index(chosen, below: count))] += values[slot]
      }
    }
  }

  /// Sums over every dimension that `sizes`, aligned right, lacks or has as 1.
  func sum(to sizes: [Int]) -> HostArray {
    var sums = [Double](repeating: 0, count: sizes.reduce(1, *))
    for (i, value) in values.enumerated() {
      var (rest, j, stride) = (i, 0, 1)
      for d in shape.indices.reversed() {
        let own = d - (shape.count - sizes.count)
        if own >= 0 {
          j += sizes[own] == 1 ? 0 : rest % shape[d] * stride
          stride *= sizes[own]
        }
        rest /= shape[d]
      }
      sums[j] += value.double
    }
    return HostArray(shape: sizes, values: sums.map { Scalar($0) })
  }

  /// The gradient by `x` of `(x − mean) / √(variance + ε)`, or of `x / √(mean(x²) + ε)`; the receiver is `g`.
  func normGradient(_ x: HostArray, _ epsilon: Float, isCentred: Bool) -> HostArray {
    HostArray(shape: shape) { result in
      for r in 0..<rowCount {
        let count = Double(columns)
        let mean = isCentred ? x.row(r).reduce(0.0) { $0 + $1.double } / count : 0
        let centred = x.row(r).map { $0.double - mean }
        let factor = 1 / (centred.reduce(0.0) { $0 + $1 * $1 } / count + Double(epsilon)).squareRoot()
        let g = row(r).map(\.double)
        let meanGradient = isCentred ? g.reduce(0, +) / count : 0
        let share = zip(g, centred).reduce(0.0) { $0 + $1.0 * $1.1 } * factor * factor / count
        for c in 0..<columns {
          result[r * columns + c] = Scalar(factor * (g[c] - meanGradient - centred[c] * share))
        }
      }
    }
  }
}

/// `f′(x)`.
package func slope(of function: Unary, at x: Double) -> Double {
  let sigmoid = 1 / (1 + exp(-x))
  switch function {
  case .silu: return sigmoid * (1 + x * (1 - sigmoid))
  case .sigmoid: return sigmoid * (1 - sigmoid)
  case .gelu:
    return 0.5 * (1 + erf(x * 0.5.squareRoot())) + x * exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
  case .geluTanh:
    let scale = (2 / Double.pi).squareRoot()
    let t = tanh(scale * (x + 0.044715 * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * scale * (1 + 3 * 0.044715 * x * x)
  case .relu: return x > 0 ? 1 : 0
  case .reluSquared: return 2 * max(x, 0)
  case .tanh:
    let t = tanh(x)
    return 1 - t * t
  case .exp: return exp(x)
  case .softplus: return sigmoid
  case .log1p: return 1 / (1 + x)
  case .floor: return 0
  case .negate: return -1
  }
}
