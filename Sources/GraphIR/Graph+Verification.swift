extension Graph {
  /// Checks what every pass must keep: operands come first, shapes follow from them, names and states are unique.
  public func verify() throws(GraphError) {
    var names: Set<String> = []
    var states: Set<String> = []
    for (index, node) in nodes.enumerated() {
      guard node.inputs.allSatisfy({ (0..<index).contains($0) }) else {
        throw GraphError(node: node.name, reason: "reads a value that comes later")
      }
      do {
        let result = try node.op.result(node.inputs.map { (nodes[$0].shape, nodes[$0].type) })
        guard result.shape == node.shape, result.type == node.type else {
          throw GraphError(node: node.name, reason: "has shape \(node.shape) where \(result.shape) follows")
        }
      } catch let misfit as Misfit {
        throw GraphError(node: node.name, reason: misfit.reason)
      } catch let error as GraphError {
        throw error
      } catch {
        throw GraphError(node: node.name, reason: "\(error)")
      }
      guard names.insert(node.name).inserted else { throw GraphError(node: node.name, reason: "the name is taken") }
      if let state = node.op.state, !states.insert(state.name).inserted {
        throw GraphError(node: node.name, reason: "the state \(state.name) is written twice")
      }
    }
    for (name, node) in aliases where !nodes.indices.contains(node) || names.contains(name) {
      throw GraphError(node: name, reason: "is an alias of no node, or another node's name")
    }
    guard !outputs.isEmpty, outputs.allSatisfy({ nodes.indices.contains($0.node) }) else {
      throw GraphError(node: "output", reason: "is no node")
    }
  }
}
