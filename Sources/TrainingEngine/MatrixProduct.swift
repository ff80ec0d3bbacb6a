import GraphIR
import Kernels
import TensorCore

/// `C = A · B (+ bias)` or `C += A · B`, `A [m, k]`, `B [k, n]`, `C [m, n]`.
struct MatrixProduct: Sendable {
  let name: String
  let a: Factor
  let b: Factor
  let bias: View?
  let output: View
  let storing: Storing
  let kernels: FloatProductKernels

  var m: Dim { output.rows }
  var n: Int { output.count }

  func shape(_ sizes: Sizes) -> FloatProductShape {
    FloatProductShape(rows: sizes[m], columns: n, steps: a.isTransposed ? sizes[a.view.rows] : a.view.count)
  }

  func product(_ frame: Frame) -> FloatProduct {
    func matrix(_ factor: Factor) -> FloatMatrix {
      let lane = frame[factor.view]
      let matrix = FloatMatrix(lane.base, rowStride: lane.stride)
      return factor.isTransposed ? matrix.transposed : matrix
    }
    let (out, adds) = (frame[output], storing.adds(frame))
    return FloatProduct(
      shape(frame.sizes), a: matrix(a), b: matrix(b), c: out.base, cStride: out.stride, accumulates: adds,
      bias: bias.map { UnsafePointer(frame[$0].base) })
  }
}

/// A matrix of a product: a view's rows, or its columns where it is transposed.
struct Factor: Hashable, Sendable {
  var view: View
  var isTransposed = false
}

/// What a step's results meet in memory.
enum Storing: Hashable, Sendable {
  case replaces
  /// Results are added to what is there.
  case adds
  /// A gradient's buffer: added to where the run accumulates.
  case asTheRunSays

  func adds(_ frame: Frame) -> Bool {
    switch self {
    case .replaces: false
    case .adds: true
    case .asTheRunSays: frame.accumulates
    }
  }
}
