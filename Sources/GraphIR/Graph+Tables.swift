import TensorCore

extension Graph {
  /// Rows of the smallest table that an integer input, as `tokens` or `positions`, chooses from; nil where there is none.
  public func leastRows(chosenBy input: String) -> Int? {
    nodes.compactMap { node -> Int? in
      guard node.op == .gather else { return nil }
      var chooser = nodes[node.inputs[0]]
      while true {
        switch chooser.op {
        case .reshape, .cast: chooser = nodes[chooser.inputs[0]]
        case .input(input, _, _): return nodes[node.inputs[1]].shape.first?.fixed
        default: return nil
        }
      }
    }.min()
  }
}
