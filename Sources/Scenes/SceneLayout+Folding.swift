import GraphIR

extension SceneLayout {
  /// Says for every node without a block of its own where its cells are drawn instead.
  mutating func fold() {
    for (index, node) in scene.graph.nodes.enumerated() where scene.blocksOfNode[index] == nil {
      if let parts = drawn.parts[index] {
        scene.blocksOfNode[index] = parts.flatMap { scene.blocksOfNode[$0.node] ?? [] }
        let names = parts.map { scene.graph.nodes[$0.node].name }
        scene.folded.append(.init(node: index, reason: "drawn as \(names.joined(separator: ", "))"))
      } else if drawn.isView(index) {
        let operand = drawn.viewed(index)
        scene.blocksOfNode[index] = scene.blocksOfNode[operand]
        let name = scene.graph.nodes[operand].name
        let reason =
          switch node.op {
          case .append(let state): "rows of \(name), kept in \(state.name) for later tokens"
          case .slice(let range): "columns \(range.lowerBound) to \(range.upperBound - 1) of \(name)"
          case .gather: "the rows of \(name) whose logits are asked for"
          default: "the cells of \(name) in another shape"
          }
        scene.folded.append(.init(node: index, reason: reason))
      } else if scene.isInput(index) {
        scene.folded.append(.init(node: index, reason: "\(node.name) counts 0, 1, 2 … along the tokens"))
      }
    }
  }

  /// A wire from each block to those made from it.
  mutating func connect() {
    var seen: Set<Scene.Wire> = []
    for (index, node) in scene.graph.nodes.enumerated() where !drawn.isView(index) {
      let targets = drawn.parts[index]?.flatMap { scene.blocksOfNode[$0.node] ?? [] } ?? scene.blocksOfNode[index] ?? []
      for input in node.inputs where !isWeight(input) {
        for from in scene.blocksOfNode[input] ?? [] {
          for to in targets where from != to {
            let wire = Scene.Wire(from: from, to: to)
            if seen.insert(wire).inserted { scene.wires.append(wire) }
          }
        }
      }
    }
  }
}
