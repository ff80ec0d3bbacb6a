public import GraphIR
public import Reference
import TensorCore

/// One forward and backward pass of a small model with every value kept, in float64.
public struct BackwardPass: Sendable {
  /// The training step's graph: the model, its loss, its gradients.
  public let graph: Graph
  /// Of each node; weights have theirs too.
  public let values: [HostArray<Double>?]
  /// What the passes compute, in order.
  public let steps: [Step]
  /// The values and weights of the model, in the order of the graph.
  public let blocks: [Block]
  /// The longest sequence that the model is meant for.
  let context: Int

  /// A value that is computed.
  public struct Step: Hashable, Sendable {
    public let node: Int
    public let phase: Phase
    /// Indices of the blocks whose value or gradient it is; empty for what lies between.
    public let blocks: [Int]

    public enum Phase: String, Hashable, Sendable { case forward, loss, backward }
  }

  /// A value of the forward pass or a weight, and its gradient.
  public struct Block: Hashable, Sendable {
    public let node: Int
    public let name: String
    /// The layer that it belongs to; nil before the first and after the last.
    public let layer: Int?
    public let isWeight: Bool
    /// The node of its gradient; nil where nothing asks for one.
    public let gradient: Int?
  }

  init(graph: Graph, forwardCount: Int, values: [HostArray<Double>?], context: Int) {
    (self.graph, self.values, self.context) = (graph, values, context)
    let lossStart = graph.nodes.firstIndex { $0.op == .input("targets", [.rows], .int32) } ?? forwardCount
    blocks = graph.nodes[..<forwardCount].indices.compactMap { index in
      let node = graph.nodes[index]
      if case .input = node.op { return nil }
      var isWeight = false
      if case .weight = node.op { isWeight = true }
      guard isWeight || !node.isUnnamed else { return nil }
      return Block(
        node: index, name: node.name, layer: Self.layer(of: node.name), isWeight: isWeight,
        gradient: graph.node(named: "grad.\(node.name)"))
    }
    var shown: [Int: [Int]] = [:]
    for (place, block) in blocks.enumerated() {
      if !block.isWeight { shown[block.node, default: []].append(place) }
      if let gradient = block.gradient { shown[gradient, default: []].append(place) }
    }
    steps = graph.nodes.indices.compactMap { index in
      let node = graph.nodes[index]
      switch node.op {
      case .input, .weight: return nil
      case .reshape where shown[index] == nil, .slice where shown[index] == nil, .cast where shown[index] == nil:
        return nil
      default: break
      }
      if index < forwardCount, shown[index] == nil { return nil }
      let phase: Step.Phase = index < lossStart ? .forward : index < forwardCount ? .loss : .backward
      return Step(node: index, phase: phase, blocks: shown[index] ?? [])
    }
  }

  public var loss: Double { values[graph.output]?.values.first ?? .nan }

  /// The gradient of the loss by a value or weight of the model; nil where nothing asks for it.
  public func gradient(of name: String) -> HostArray<Double>? {
    graph.node(named: "grad.\(name)").flatMap { values[$0] }
  }

  /// `blocks.3.attn.q` and `blk.3.attn_q.weight` belong to layer 3.
  static func layer(of name: String) -> Int? {
    let parts = name.split(separator: ".")
    return parts.count > 1 && (parts[0] == "blocks" || parts[0] == "blk") ? Int(parts[1]) : nil
  }
}

extension Node {
  /// Whether the name was made from the operation and its place, as `slice_13`.
  var isUnnamed: Bool {
    guard let last = name.split(separator: ".").last, last.hasPrefix("\(op.mnemonic)_") else { return false }
    return last.dropFirst(op.mnemonic.count + 1).allSatisfy(\.isNumber)
  }
}
