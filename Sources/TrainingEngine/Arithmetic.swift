#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

func sineAndCosine(_ angle: Double) -> (sine: Double, cosine: Double) { (sin(angle), cos(angle)) }

/// A float32 used as an index, which must be a whole number of `0..<count`.
func index(_ value: Float, below count: Int) throws -> Int {
  guard let index = Int(exactly: value), (0..<count).contains(index) else {
    throw Misfit(reason: "index \(value) is not below \(count)")
  }
  return index
}

/// Operands that an operation cannot use; the engine adds the node's name.
struct Misfit: Error { let reason: String }
