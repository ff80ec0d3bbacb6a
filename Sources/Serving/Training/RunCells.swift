import GraphIR
import Probing
import Reference
import Scenes
import Synchronization
import Training
import TrainingEngine

/// The cells of a run's model at one of its steps.
struct RunCells: TileSource {
  /// What cells hold.
  enum Content: String, CaseIterable {
    /// The weights after the step, or how far they have come since the first that are kept.
    case weights, change
    /// The gradient of the held-out text's loss, by weights and by the values between them.
    case gradients

    /// How it was obtained, as the page marks it.
    var kind: String { self == .weights ? "value" : "derived" }
  }

  let content: Content
  let snapshot: WeightSnapshot
  /// The first weights that are kept, and the last, by which colours are ranged at every step.
  let first: WeightSnapshot
  let last: WeightSnapshot
  let probe: RunProbe
  /// With these weights, where gradients are asked for.
  let pass: BackwardPass?

  var scene: Scene { probe.scene }
  var hasShares: Bool { false }

  func rows(of node: Int) throws -> CellRows { try rows(of: node, snapshot) }

  func scale(of node: Int) throws -> CellRows { try rows(of: node, content == .gradients ? snapshot : last) }

  func range(of picture: BlockPicture, _ make: () throws -> Float) rethrows -> Float { try make() }

  private func rows(of node: Int, _ snapshot: WeightSnapshot) throws -> CellRows {
    let (name, shape) = (scene.graph.nodes[node].name, scene.shape(node))
    let width = shape.last ?? 1
    let count = shape.dropLast().reduce(1, *)
    let missing = RequestError(404, "\(name) has no such values", at: "block")
    switch content {
    case .gradients:
      guard let value = pass?.gradient(of: name), value.values.count == count * width else { throw missing }
      return CellRows(count: count, width: width) { value.row($0).map { Float($0) } }
    case .weights:
      guard case .weight = scene.graph.nodes[node].op else { throw missing }
      if let start = snapshot.layout[name]?.offset {
        return CellRows(count: count, width: width) { row in
          Array(snapshot.values[start + row * width..<start + (row + 1) * width])
        }
      }
      guard let values = probe.frozen(name) else { throw missing }
      return CellRows(count: count, width: width) { Array(values[$0 * width..<($0 + 1) * width]) }
    case .change:
      guard let start = snapshot.layout[name]?.offset else { throw missing }
      return CellRows(count: count, width: width) { [first] row in
        (start + row * width..<start + (row + 1) * width).map { snapshot.values[$0] - first.values[$0] }
      }
    }
  }
}

extension LiveRun {
  /// The cells of the model at or before a step; blocks while a pass is made for them.
  ///
  /// Throws 404 where no weights are kept, and `ProbeError` for gradients of a model that is too large.
  func cells(at step: Int, _ content: RunCells.Content) throws -> RunCells {
    let (snapshot, probe) = try kept(at: step)
    let all = state.withLock { $0.snapshots.snapshots }
    return RunCells(
      content: content, snapshot: snapshot, first: all.first ?? snapshot, last: all.last ?? snapshot, probe: probe,
      pass: content == .gradients ? try probe.pass(snapshot) : nil)
  }
}
