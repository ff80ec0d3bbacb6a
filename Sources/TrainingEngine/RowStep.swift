import Kernels
import TensorCore

/// Row operations one after the other on blocks of rows, so that what lies between two stays in a cache.
struct RowStep: TrainingStep {
  /// How many rows there are.
  let rows: Dim
  let block: Int
  let kernels: TrainingKernels
  var instructions: [RowInstruction]

  var kind: String { "rows" }
  var title: String { instructions.map(\.name).joined(separator: ", ") }
  var reads: [View] { instructions.flatMap(\.reads) }
  var writes: [View] { instructions.map(\.output) }

  func tiles(_ sizes: Sizes) -> Int { (sizes[rows] + block - 1) / block }

  func run(tile: Int, _ frame: Frame) throws {
    let range = tile * block..<min(frame.sizes[rows], (tile + 1) * block)
    for instruction in instructions {
      do {
        try instruction.run(range, frame, kernels)
      } catch let misfit as Misfit {
        throw TrainingEngineError.operation(node: instruction.name, reason: misfit.reason)
      }
    }
  }
}
