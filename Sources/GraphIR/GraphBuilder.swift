public import TensorCore

/// Records operations as an architecture writes them; the first misfit is kept and thrown by `finish`.
public final class GraphBuilder {
  private var graph = Graph()
  private var valueScopes: [String] = []
  private var weightScopes: [String] = []
  private var weightNodes: [String: Int] = [:]
  private var namedNodes: Set<Int> = []
  private var failure: GraphError?

  public init() {}

  /// Goes on where `graph` ends, which keeps its nodes and their names.
  package init(continuing graph: Graph) {
    self.graph = graph
    namedNodes = Set(graph.nodes.indices)
    for (index, node) in graph.nodes.enumerated() {
      if case .weight(let name, _) = node.op { weightNodes[name] = index }
    }
  }

  /// The graph that computes `output`; throws the first misfit that was recorded.
  public func finish(_ output: Value) throws(GraphError) -> Graph {
    try finish([(graph.nodes[output.id].name, output)])
  }

  /// The graph that computes all of `outputs`.
  package func finish(_ outputs: [(name: String, value: Value)]) throws(GraphError) -> Graph {
    if let failure { throw failure }
    graph.outputs = outputs.map { Graph.Output(name: $0.name, node: $0.value.id) }
    try graph.verify()
    return graph
  }

  /// The value that a node of the graph so far makes.
  package func value(_ id: Int) -> Value {
    Value(id: id, shape: graph.nodes[id].shape, type: graph.nodes[id].type, builder: self)
  }

  /// Names every value that `body` records, and with `weights` every weight too.
  public func scope<Result>(_ name: String, weights: String? = nil, _ body: () throws -> Result) rethrows -> Result {
    valueScopes.append(name)
    if let weights { weightScopes.append(weights) }
    defer {
      valueScopes.removeLast()
      if weights != nil { weightScopes.removeLast() }
    }
    return try body()
  }

  /// What each step gives; asked for again it is the same node.
  public func input(_ name: String, _ shape: Shape, _ type: ElementType = .float32) -> Value {
    let op = Op.input(name, shape, type)
    if let known = graph.nodes.firstIndex(where: { $0.op == op }) { return value(known) }
    return record(op, [], name: name)
  }

  /// A stored tensor, its name completed by the scopes; asked for again it is the same node.
  public func weight(_ name: String, _ shape: [Int]) -> Value {
    let path = (weightScopes + [name]).joined(separator: ".")
    if let known = weightNodes[path] {
      if case .weight(_, let sizes) = graph.nodes[known].op, sizes != shape {
        fail(path, "is used as \(sizes) and as \(shape)")
      }
      return value(known)
    }
    let node = record(.weight(path, shape), [], name: path)
    weightNodes[path] = node.id
    return node
  }

  /// The scoped name of a state or value.
  public func path(_ name: String) -> String { (valueScopes + [name]).joined(separator: ".") }

  /// Notes a misfit that the architecture found itself.
  public func fail(_ node: String, _ reason: String) {
    if failure == nil { failure = GraphError(node: node, reason: reason) }
  }

  /// Records any operation; without a name it gets one of its own.
  package func record(_ op: Op, _ inputs: [Value], name: String? = nil) -> Value {
    let id = graph.nodes.count
    if name != nil { namedNodes.insert(id) }
    let name = name ?? path("\(op.mnemonic)_\(id)")
    var result = (shape: inputs.first?.shape ?? [.tokens], type: inputs.first?.type ?? .float32)
    do {
      result = try op.result(inputs.map { ($0.shape, $0.type) })
    } catch {
      fail(name, error.reason)
    }
    graph.nodes.append(Node(op: op, inputs: inputs.map(\.id), shape: result.shape, type: result.type, name: name))
    return value(id)
  }

  func rename(_ id: Int, _ name: String) -> Value {
    let node = graph.nodes[id]
    if namedNodes.insert(id).inserted {
      graph.nodes[id] = Node(op: node.op, inputs: node.inputs, shape: node.shape, type: node.type, name: path(name))
    } else if graph.aliases.updateValue(id, forKey: path(name)) != nil {
      fail(path(name), "the name is taken")
    }
    return value(id)
  }

}

/// A tensor that will exist when the graph runs.
public struct Value {
  public let id: Int
  public let shape: Shape
  public let type: ElementType
  public let builder: GraphBuilder

  /// The last dimension.
  public var width: Int { shape.last?.fixed ?? 1 }

  /// Gives the value a name of the field's standard (TransformerLens), completed by the scopes.
  ///
  /// A further name is an alias: a layer's `resid_post` is the next one's `resid_pre`.
  @discardableResult
  public func named(_ name: String) -> Value { builder.rename(id, name) }
}
