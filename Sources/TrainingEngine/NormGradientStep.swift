import CKernels
import Kernels
import TensorCore

/// The gradients of a norm by its rows, its weight and its bias; those of the last two as sums of blocks of rows.
struct NormGradientStep: TrainingStep {
  let name: String
  let x: View
  let gradient: View
  let weight: View?
  let epsilon: Float
  let isCentred: Bool
  let output: View
  /// Whether the rows' gradient is added to what `output` holds.
  let adds: Bool
  /// `[blocks, width]` each.
  let weightSums: View?
  let biasSums: View?
  let kernels: TrainingKernels

  static let block = 32

  var kind: String { "norm gradient" }
  var title: String { name }
  var reads: [View] { [x, gradient] + [weight].compactMap { $0 } + (adds ? [output] : []) }
  var writes: [View] { [output] + [weightSums, biasSums].compactMap { $0 } }

  func tiles(_ sizes: Sizes) -> Int { (sizes[x.rows] + Self.block - 1) / Self.block }

  func run(tile: Int, _ frame: Frame) {
    let rows = tile * Self.block..<min(frame.sizes[x.rows], (tile + 1) * Self.block)
    let first = rows.lowerBound
    let (values, g, out) = (frame[x][first], frame[gradient][first], frame[output][first])
    let scale = weight.map { UnsafePointer(frame[$0].base) }
    let sums = weightSums.map { frame[$0][tile] }
    if isCentred {
      kernels.training.layer_norm_gradient(
        values, g, scale, epsilon, rows.count, x.count, adds ? 1 : 0, out, sums, biasSums.map { frame[$0][tile] })
    } else {
      kernels.training.rms_norm_gradient(
        values, g, scale, epsilon, rows.count, x.count, adds ? 1 : 0, out, sums)
    }
  }
}
