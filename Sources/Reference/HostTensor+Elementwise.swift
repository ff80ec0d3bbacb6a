package import GraphIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension HostArray {
  /// Combines with an operand whose dimensions, aligned right, are equal or 1.
  func combined(with other: HostArray, _ function: (Scalar, Scalar) -> Scalar) -> HostArray {
    if other.shape == shape { return HostArray(shape: shape, values: zip(values, other.values).map(function)) }
    let missing = shape.count - other.shape.count
    var strides = [Int](repeating: 0, count: shape.count)
    var stride = 1
    for d in other.shape.indices.reversed() {
      strides[missing + d] = other.shape[d] == 1 ? 0 : stride
      stride *= other.shape[d]
    }
    var result = self
    for i in values.indices {
      var (rest, j) = (i, 0)
      for d in shape.indices.reversed() {
        j += rest % shape[d] * strides[d]
        rest /= shape[d]
      }
      result.values[i] = function(values[i], other.values[j])
    }
    return result
  }
}

/// The function of one value, computed in double precision.
package func apply<Scalar: ReferenceScalar>(_ function: Unary, to value: Scalar) -> Scalar {
  let x = value.double
  let result: Double =
    switch function {
    case .silu: x / (1 + exp(-x))
    case .sigmoid: 1 / (1 + exp(-x))
    case .gelu: 0.5 * x * (1 + erf(x * 0.5.squareRoot()))
    case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .relu: max(x, 0)
    case .reluSquared: max(x, 0) * max(x, 0)
    case .tanh: tanh(x)
    case .exp: exp(x)
    case .softplus: max(x, 0) + log1p(exp(-abs(x)))
    case .log1p: log1p(x)
    case .floor: x.rounded(.down)
    case .negate: -x
    }
  return Scalar(result)
}

/// The function of two values.
package func apply<Scalar: ReferenceScalar>(_ function: Binary, to a: Scalar, _ b: Scalar) -> Scalar {
  switch function {
  case .add: a + b
  case .subtract: a - b
  case .multiply: a * b
  case .divide: a / b
  case .minimum: min(a, b)
  case .maximum: max(a, b)
  }
}

/// Without its fraction; 0 for a NaN.
func truncated<Scalar: ReferenceScalar>(_ value: Scalar) -> Scalar { value.isNaN ? 0 : value.rounded(.towardZero) }
