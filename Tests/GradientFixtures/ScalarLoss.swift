import Gradients
public import GraphIR
import TensorCore

/// A loss of one element whose gradient differs from row to row: `Σ y · probe + y² / 2`.
public func scalarLoss(of model: Graph) throws -> Graph {
  let graph = try model.readingOwnRows()
  let g = GraphBuilder(continuing: graph)
  var y = g.value(graph.output)
  if y.type == .int32 { y = y.cast(.float32) }
  let sizes = y.shape.dropFirst().map { $0.size() }
  let probe = g.weight("probe", sizes.isEmpty ? [1] : sizes)
  let sum = (y * probe + y * y * 0.5).summed(to: [Dim](repeating: 1, count: y.shape.count))
  return try g.finish(sum.summed(to: [1]).named("loss"))
}
