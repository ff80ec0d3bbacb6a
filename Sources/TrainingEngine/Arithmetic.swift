import GraphIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

func sineAndCosine(_ angle: Double) -> (sine: Double, cosine: Double) { (sin(angle), cos(angle)) }

/// `f′(x)`.
func slope(of function: Unary, at value: Float) -> Float {
  let x = Double(value)
  let result: Double
  switch function {
  case .silu:
    let s = 1 / (1 + exp(-x))
    result = s * (1 + x * (1 - s))
  case .sigmoid:
    let s = 1 / (1 + exp(-x))
    result = s * (1 - s)
  case .gelu:
    result = 0.5 * (1 + erf(x * 0.5.squareRoot())) + x * exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
  case .geluTanh:
    let scale = (2 / Double.pi).squareRoot()
    let t = tanh(scale * (x + 0.044715 * x * x * x))
    result = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * scale * (1 + 3 * 0.044715 * x * x)
  case .relu: result = x > 0 ? 1 : 0
  case .reluSquared: result = 2 * max(x, 0)
  case .tanh:
    let t = tanh(x)
    result = 1 - t * t
  case .exp: result = exp(x)
  case .softplus: result = 1 / (1 + exp(-x))
  case .log1p: result = 1 / (1 + x)
  case .floor: result = 0
  case .negate: result = -1
  }
  return Float(result)
}

/// A float32 used as an index, which must be a whole number of `0..<count`.
func index(_ value: Float, below count: Int) throws -> Int {
  guard let index = Int(exactly: value), (0..<count).contains(index) else {
    throw Misfit(reason: "index \(value) is not below \(count)")
  }
  return index
}

/// Operands that an operation cannot use; the engine adds the node's name.
struct Misfit: Error { let reason: String }
