import TensorCore

extension Graph {
  /// The part that makes node `end` from node `start`, which becomes an input of the name `input`.
  ///
  /// What the part reads beside it, weights and inputs, stays. Throws `GraphError` where `end` does not depend on `start`.
  package func part(from start: Int, as input: String, to end: Int) throws(GraphError) -> Graph {
    var needed: Set<Int> = [end]
    for index in nodes.indices.reversed() where needed.contains(index) && index != start {
      needed.formUnion(nodes[index].inputs)
    }
    guard needed.contains(start) else {
      throw GraphError(node: nodes[end].name, reason: "does not depend on \(nodes[start].name)")
    }
    var result = Graph()
    var place: [Int: Int] = [:]
    for index in nodes.indices where needed.contains(index) {
      let node = nodes[index]
      place[index] = result.nodes.count
      result.nodes.append(
        index == start
          ? Node(op: .input(input, node.shape, node.type), inputs: [], shape: node.shape, type: node.type, name: input)
          : Node(
            op: node.op, inputs: node.inputs.compactMap { place[$0] }, shape: node.shape, type: node.type,
            name: node.name))
    }
    result.outputs = [Output(name: nodes[end].name, node: result.nodes.count - 1)]
    try result.verify()
    return result
  }

  /// The same graph with states that keep every row, whatever attention sees of them: earlier rows can be looked at again.
  package var keepingAllRows: Graph {
    var result = self
    result.nodes = nodes.map { node in
      guard case .append(.keyValue(let name, let heads, let width, .last)) = node.op else { return node }
      return Node(
        op: .append(.keyValue(name: name, heads: heads, width: width, retention: .all)), inputs: node.inputs,
        shape: node.shape, type: node.type, name: node.name)
    }
    return result
  }
}
