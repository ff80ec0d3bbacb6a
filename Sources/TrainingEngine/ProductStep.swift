import CKernels
import GraphIR
import TensorCore

/// A matrix of a product: a view's rows, or its columns where it is transposed.
struct Factor: Hashable, Sendable {
  var view: View
  var isTransposed = false
}

/// `C = A · B (+ bias)` of float32 matrices, `A [m, k]`, `B [k, n]`.
struct ProductStep: TrainingStep, @unchecked Sendable {
  let name: String
  let a: Factor
  let b: Factor
  let bias: View?
  /// `[m, n]`.
  let output: View
  /// Whether the result is a gradient that a run may add to.
  var isGradient = false
  let kernels: row_kernels

  static let block = 32

  var m: Dim { output.rows }
  var n: Int { output.count }
  var k: Dim { a.isTransposed ? a.view.rows : .fixed(a.view.count) }

  var title: String { name }
  var reads: [View] { [a.view, b.view] + (bias.map { [$0] } ?? []) }
  var writes: [View] { [output] }

  func operations(_ sizes: Sizes) -> Int { 2 * sizes[m] * n * sizes[k] }
  func tiles(_ sizes: Sizes) -> Int { (sizes[m] + Self.block - 1) / Self.block }

  func run(tile: Int, _ frame: Frame) {
    let (x, y, out) = (frame[a.view], frame[b.view], frame[output])
    let inner = frame.sizes[k]
    for row in tile * Self.block..<min(frame.sizes[m], (tile + 1) * Self.block) {
      let result = out[row]
      if b.isTransposed {
        for column in 0..<n { result[column] = kernels.dot(x[row], y[column], inner) }
      } else {
        if !(isGradient && frame.accumulates) { result.update(repeating: 0, count: n) }
        for i in 0..<inner { kernels.accumulate(y[i], a.isTransposed ? x[i][row] : x[row][i], n, result) }
      }
      if let bias { kernels.binary(ROW_ADD, result, frame[bias].base, n, result) }
    }
  }
}
