import GraphIR
import Kernels
import TensorCore

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
  var k: Dim { a.isTransposed ? a.view.rows : .fixed(a.view.count) }

  func shape(_ sizes: Sizes) -> FloatProductShape {
    FloatProductShape(rows: sizes[m], columns: n, steps: sizes[k])
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

/// Writes a product's second factor in panels.
struct PackStep: TrainingStep {
  let product: MatrixProduct
  let packed: View

  var kind: String { "pack" }
  var title: String { "pack for \(product.name)" }
  var reads: [View] { [product.b.view] }
  var writes: [View] { [packed] }

  func tiles(_ sizes: Sizes) -> Int { product.kernels.packTiles(product.shape(sizes)) }

  func run(tile: Int, _ frame: Frame) {
    product.kernels.pack(product.product(frame), tile: tile, packed: frame[packed].base)
  }
}

/// Multiplies by packed panels; instructions that need nothing but a tile's own elements follow on each tile.
struct ProductStep: TrainingStep {
  let product: MatrixProduct
  let packed: View
  let kernels: TrainingKernels
  var tail: [RowInstruction] = []

  var kind: String { "product" }
  var title: String { ([product.name] + tail.map(\.name)).joined(separator: ", ") }
  var reads: [View] {
    [product.a.view, packed] + (product.bias.map { [$0] } ?? [])
      + (product.storing == .adds ? [product.output] : []) + tail.flatMap(\.reads)
  }
  var writes: [View] { [product.output] + tail.map(\.output) }
  var scratchWords: Int { product.kernels.scratchFloats }

  func operations(_ sizes: Sizes) -> Int { product.shape(sizes).operations }
  func tiles(_ sizes: Sizes) -> Int { product.kernels.tiles(product.shape(sizes)) }

  func run(tile: Int, _ frame: Frame) throws {
    let work = product.product(frame)
    product.kernels.multiply(work, tile: tile, packed: frame[packed].base, scratch: frame.scratch)
    if tail.isEmpty { return }
    let area = product.kernels.area(work.shape, tile: tile)
    for instruction in tail {
      if area.columns.count == product.n {
        try instruction.run(area.rows, frame, kernels)
      } else {
        instruction.run(area.rows, columns: area.columns, frame, kernels)
      }
    }
  }
}
