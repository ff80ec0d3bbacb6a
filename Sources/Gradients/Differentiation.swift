public import GraphIR
import TensorCore

extension Graph {
  /// A training step: this model, its loss, and the gradient of every wanted weight.
  ///
  /// The first output is `loss [1]`, the others are `grad.NAME` for the weights that the loss depends on, each of its
  /// weight's shape. Inputs are those of `trainingLoss`. Throws `GradientError` for an operation without a gradient,
  /// `GraphError` for a graph that does not end in logits.
  public func differentiated(
    _ objective: Objective = .crossEntropy, recomputing: Recomputation = .none,
    wanting isWanted: (String) -> Bool = { _ in true }
  ) throws -> Graph {
    try trainingLoss(objective).withGradients(recomputing: recomputing, wanting: isWanted)
  }

  /// This graph, whose output must have one element and may read no state of attention, with the gradients of its
  /// wanted weights as further outputs.
  ///
  /// Reverse mode: nodes are visited from last to first, each gives its operands their share of its gradient. Values
  /// get their gradients' names too: `grad.blocks.0.resid_mid`.
  public func withGradients(
    recomputing: Recomputation = .none, wanting isWanted: (String) -> Bool = { _ in true }
  ) throws -> Graph {
    let loss = nodes[output]
    guard loss.shape == [1] else {
      throw GradientError(
        node: loss.name, op: loss.op.mnemonic, reason: "has shape \(loss.shape); a loss has one element")
    }
    return try Differentiation(self, recomputing, isWanted).run()
  }
}

/// The backward pass while it is recorded behind a graph.
final class Differentiation {
  let graph: Graph
  let g: GraphBuilder
  /// Whether a node's value depends on a wanted weight.
  let needs: [Bool]
  /// What later nodes gave so far.
  private var gradients: [Int: Value] = [:]
  /// Gradients of parts of the last dimension.
  private var parts: [Int: [(range: Range<Int>, gradient: Value)]] = [:]
  private let isKept: [Bool]
  /// Values computed a second time.
  private var copies: [Int: Value] = [:]

  init(_ graph: Graph, _ recomputation: Recomputation, _ isWanted: (String) -> Bool) {
    self.graph = graph
    g = GraphBuilder(continuing: graph)
    var needs: [Bool] = []
    for node in graph.nodes {
      if case .weight(let name, _) = node.op {
        needs.append(isWanted(name))
      } else {
        needs.append(node.type == .float32 && node.inputs.contains { needs[$0] })
      }
    }
    self.needs = needs
    var names = graph.nodes.map { [$0.name] }
    for (name, node) in graph.aliases { names[node].append(name) }
    isKept = zip(graph.nodes, names).map { node, names in
      switch node.op {
      case .input, .weight, .topK: true
      case .attentionScores, .attentionPattern, .training(.attentionDropout): false
      default: node.type == .int32 || recomputation.keeps(node, names)
      }
    }
  }

  func run() throws -> Graph {
    let loss = graph.output
    gradients[loss] = g.value(loss).affine(scale: 0, offset: 1)
    var outputs: [(name: String, value: Value)] = [(graph.outputs[0].name, g.value(loss))]
    for index in graph.nodes.indices.reversed() where needs[index] {
      guard let gradient = takeGradient(index) else { continue }
      let node = graph.nodes[index]
      gradient.named("grad.\(node.name)")
      if case .weight(let name, _) = node.op {
        outputs.append(("grad.\(name)", gradient))
      } else {
        try propagate(gradient, of: node, index)
      }
    }
    outputs[1...].reverse()
    return try g.finish(outputs)
  }

  // MARK: Gradients

  /// All that later nodes gave, as one value.
  private func takeGradient(_ index: Int) -> Value? {
    var gradient = gradients.removeValue(forKey: index)
    guard let parts = parts.removeValue(forKey: index)?.sorted(by: { $0.range.lowerBound < $1.range.lowerBound })
    else { return gradient }
    let width = graph.nodes[index].shape.last?.fixed ?? 1
    let bounds = [0] + parts.map(\.range.upperBound)
    if zip(bounds, parts.map(\.range.lowerBound) + [width]).allSatisfy({ $0 == $1 }) {
      let whole = parts.dropFirst().reduce(parts[0].gradient) { $0.joined($1.gradient) }
      return gradient.map { $0 + whole } ?? whole
    }
    for part in parts {
      let padded = g.record(
        .training(.pad(before: part.range.lowerBound, after: width - part.range.upperBound)), [part.gradient])
      gradient = gradient.map { $0 + padded } ?? padded
    }
    return gradient
  }

  /// Adds to the gradient of an operand, where any weight before it wants one.
  func give(_ operand: Int, _ gradient: @autoclosure () -> Value) {
    guard needs[operand] else { return }
    let gradient = gradient()
    gradients[operand] = gradients[operand].map { $0 + gradient } ?? gradient
  }

  /// Adds to the gradient of a part of an operand's last dimension.
  func give(_ operand: Int, part range: Range<Int>, _ gradient: Value) {
    if needs[operand] { parts[operand, default: []].append((range, gradient)) }
  }

  // MARK: Values of the forward pass

  /// A node's value: as it was kept, or computed a second time.
  func value(_ index: Int) -> Value {
    if isKept[index] { return g.value(index) }
    if let copy = copies[index] { return copy }
    let node = graph.nodes[index]
    let operands = node.inputs.map { value($0) }
    let copy = g.record(node.op.withOwnState(), operands, name: "recomputed.\(node.name)")
    copies[index] = copy
    return copy
  }
}

extension Op {
  /// The same operation for a second computation, which must not share a state with the first.
  fileprivate func withOwnState() -> Op {
    switch self {
    case .shortConvolution(.convolution(let name, let channels, let taps)):
      .shortConvolution(.convolution(name: "recomputed.\(name)", channels: channels, taps: taps))
    case .recurrence(let rule, .recurrent(let name, let heads, let keyWidth, let valueWidth)):
      .recurrence(
        rule, .recurrent(name: "recomputed.\(name)", heads: heads, keyWidth: keyWidth, valueWidth: valueWidth))
    default: self
    }
  }
}
