import Gradients
import GraphIR

extension Graph {
  /// This graph over its own rows, with the final norm and head on every depth of the stream: outputs `lens.0` before
  /// the first layer, `lens.1` after it, and so on to the logits.
  func withLens() throws -> Graph {
    let own = try readingOwnRows()
    var streams = [own.node(named: "blocks.0.resid_pre")].compactMap { $0 }
    while let next = own.node(named: "blocks.\(streams.count - 1).resid_post") { streams.append(next) }
    guard let last = streams.last, streams.count > 1 else {
      throw ProbeError("the model has no stream from layer to layer")
    }
    let g = GraphBuilder(continuing: own)
    var outputs: [(name: String, value: Value)] = []
    for (depth, stream) in streams.enumerated() {
      let isLast = stream == last
      outputs.append(
        ("lens.\(depth)", isLast ? g.value(own.output) : own.tail(after: last, on: stream, g, name: "lens.\(depth)")))
    }
    return try g.finish(outputs)
  }

  /// What comes after one value, done to another; `name` stands before the names of the values.
  private func tail(after value: Int, on other: Int, _ g: GraphBuilder, name: String) -> Value {
    var copies = [value: g.value(other)]
    for index in nodes.indices where index > value && nodes[index].inputs.contains(where: { copies[$0] != nil }) {
      let operands = nodes[index].inputs.map { copies[$0] ?? g.value($0) }
      copies[index] = g.record(nodes[index].op, operands, name: "\(name).\(nodes[index].name)")
    }
    return copies[output] ?? g.value(output)
  }
}
