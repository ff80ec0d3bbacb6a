import TensorCore

/// A change to one value of a graph: `value · factor + term`.
///
/// Factors and terms are inputs `[T, …]`, so that every row has its own and none of them is planned for; see
/// `factorInput` and `termInput`.
public struct GraphEdit: Hashable, Sendable {
  /// A name or alias of the graph.
  public var value: String
  /// Which parts of a row have a factor of their own; nil for no factor.
  public var factor: Factor?
  /// Whether a term is added.
  public var hasTerm: Bool

  public enum Factor: Hashable, Sendable {
    /// One number a row: `[T, 1]`.
    case row
    /// One number a head, of values `[T, heads, width]`: `[T, heads, 1]`.
    case head
    /// One number an element: `[T, width]`.
    case element
    /// One number an expert, of weights `[T, used]` beside the named choice: `[T, experts]`.
    case expert(count: Int, choice: String)
  }

  public init(_ value: String, factor: Factor? = nil, hasTerm: Bool = false) {
    (self.value, self.factor, self.hasTerm) = (value, factor, hasTerm)
  }

  /// The name of the factors' input.
  public var factorInput: String { "edit.factor.\(value)" }
  /// The name of the terms' input, as wide as the value.
  public var termInput: String { "edit.term.\(value)" }
}

extension Graph {
  /// The same model with `edits`; what read an edited value reads what became of it, which takes over the name.
  ///
  /// The value before is called `….unedited`. Throws `GraphError` for a name that the graph lacks, a value that is edited
  /// twice or is a weight or state, and factors that do not fit its shape.
  public func edited(_ edits: [GraphEdit]) throws(GraphError) -> Graph {
    var byNode: [Int: GraphEdit] = [:]
    for edit in edits {
      guard let node = node(named: edit.value) else {
        throw GraphError(node: edit.value, reason: "is no value of this graph")
      }
      guard nodes[node].shape.first == .tokens, nodes[node].type == .float32, nodes[node].op.state == nil else {
        throw GraphError(node: edit.value, reason: "cannot be edited: it has no numbers of its own for each token")
      }
      if byNode.updateValue(edit, forKey: node) != nil {
        throw GraphError(node: edit.value, reason: "is edited twice")
      }
    }
    var rewrite = EditedGraph(source: self)
    for index in nodes.indices { try rewrite.add(index, byNode[index]) }
    return try rewrite.finished()
  }
}

/// A graph as it is written anew with edits.
private struct EditedGraph {
  let source: Graph
  private var result = Graph()
  private var place: [Int] = []

  init(source: Graph) { self.source = source }

  mutating func add(_ index: Int, _ edit: GraphEdit?) throws(GraphError) {
    let node = source.nodes[index]
    let inputs = node.inputs.map { place[$0] }
    guard let edit else {
      place.append(append(node.op, inputs, node.shape, node.type, node.name))
      return
    }
    var current = append(node.op, inputs, node.shape, node.type, node.name + ".unedited")
    if let factor = edit.factor {
      let factors = try factors(factor, edit, node)
      current = append(
        .binary(.multiply), [current, factors], node.shape, .float32,
        edit.hasTerm ? node.name + ".scaled" : node.name)
    }
    if edit.hasTerm {
      let term = append(
        .input(edit.termInput, node.shape, .float32), [], node.shape, .float32, edit.termInput)
      current = append(.binary(.add), [current, term], node.shape, .float32, node.name)
    }
    place.append(current)
  }

  private mutating func factors(
    _ factor: GraphEdit.Factor, _ edit: GraphEdit, _ node: Node
  ) throws(GraphError) -> Int {
    var shape = node.shape
    switch factor {
    case .row: for index in shape.indices.dropFirst() { shape[index] = 1 }
    case .head:
      guard shape.count == 3 else { throw GraphError(node: edit.value, reason: "has no heads") }
      shape[2] = 1
    case .element:
      guard shape.count == 2 else { throw GraphError(node: edit.value, reason: "is no plain row") }
    case .expert(let count, let choice):
      guard let chooser = source.node(named: choice), chooser < place.count else {
        throw GraphError(node: choice, reason: "is no choice of experts before \(edit.value)")
      }
      let all: Shape = [.tokens, .fixed(count)]
      let input = append(.input(edit.factorInput, all, .float32), [], all, .float32, edit.factorInput)
      return append(.pick, [input, place[chooser]], node.shape, .float32, edit.factorInput + ".chosen")
    }
    return append(.input(edit.factorInput, shape, .float32), [], shape, .float32, edit.factorInput)
  }

  private mutating func append(
    _ op: Op, _ inputs: [Int], _ shape: Shape, _ type: ElementType, _ name: String
  ) -> Int {
    result.nodes.append(Node(op: op, inputs: inputs, shape: shape, type: type, name: name))
    return result.nodes.count - 1
  }

  func finished() throws(GraphError) -> Graph {
    var graph = result
    graph.outputs = source.outputs.map { Graph.Output(name: $0.name, node: place[$0.node]) }
    graph.aliases = source.aliases.mapValues { place[$0] }
    try graph.verify()
    return graph
  }
}
