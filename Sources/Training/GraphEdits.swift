package import GraphIR
import TensorCore

extension Graph {
  /// The same graph recorded anew, with other values in some places.
  ///
  /// `edit` sees each node with its operands and gives the value that stands for it, or nil to keep it; a node whose
  /// operands are left out must be left out too, by `dropping`.
  func edited(
    dropping isDropped: (Node) -> Bool = { _ in false },
    _ edit: (_ node: Node, _ operands: [Value], _ builder: GraphBuilder) -> Value?
  ) throws -> Graph {
    let g = GraphBuilder()
    var values: [Value?] = []
    for node in nodes {
      if isDropped(node) {
        values.append(nil)
        continue
      }
      let operands = node.inputs.compactMap { values[$0] }
      values.append(edit(node, operands, g) ?? g.record(node.op, operands, name: node.name))
    }
    for (name, node) in aliases.sorted(by: { $0.key < $1.key }) { values[node]?.named(name) }
    return try g.finish(
      outputs.map { output throws(GraphError) in
        guard let value = values[output.node] else { throw GraphError(node: output.name, reason: "was left out") }
        return (output.name, value)
      })
  }

  /// The same model without the biases of its linear maps and norms.
  func withoutBiases() throws -> Graph {
    try edited(dropping: {
      if case .weight(let name, _) = $0.op { name.hasSuffix(".bias") } else { false }
    }) { _, _, _ in nil }
  }

  /// The same model with dropout as nanoGPT has it: of the first stream, of what each branch adds to it, and of attention's
  /// patterns. Input `dropout_keys [T]` gives each row's random bits.
  ///
  /// Throws `GraphError` where the model has no such values.
  package func withDropout(_ rate: Float) throws -> Graph {
    var names = nodes.map { [$0.name] }
    for (name, node) in aliases { names[node].append(name) }
    let dropped = Set(
      names.filter { all in
        all.contains { $0 == "blocks.0.resid_pre" || $0.hasSuffix(".attn_out") || $0.hasSuffix(".mlp_out") }
      }.map { $0[0] })
    guard dropped.count > 1 else {
      throw GraphError(node: "dropout", reason: "the model has no branches attn_out and mlp_out beside a stream")
    }
    var count: UInt32 = 0
    func mask() -> DropoutMask {
      // More apart than a layer has heads.
      count += 1
      return DropoutMask(rate: rate, salt: count << 13)
    }
    return try edited { node, operands, g in
      if node.op == .attentionMix {
        let keys = g.input("dropout_keys", [.tokens], .int32)
        let kept = g.record(.training(.attentionDropout(mask())), [operands[0], keys])
        return g.record(.attentionMix, [kept, operands[1]], name: node.name)
      }
      guard dropped.contains(node.name) else { return nil }
      let whole = g.record(node.op, operands, name: "\(node.name).whole")
      let keys = g.input("dropout_keys", [.tokens], .int32)
      return g.record(.training(.dropout(mask())), [whole, keys], name: node.name)
    }
  }

  /// The same model with `(α / r) · B · A` beside the chosen linear maps of blocks: weights `NAME.lora_a [r, in]` and
  /// `NAME.lora_b [out, r]` beside `NAME.weight`.
  ///
  /// Throws `GraphError` where the model has none of these maps.
  func withLowRank(_ settings: LowRankSettings) throws -> Graph {
    var count = 0
    let scale = Float(settings.alpha / Double(settings.rank))
    let result = try edited { node, operands, g in
      guard case .linear = node.op, case .weight(let name, let shape) = self.nodes[node.inputs[1]].op,
        let map = LowRankName(weight: name), settings.weights.contains(map.part)
      else { return nil }
      count += 1
      let whole = g.record(node.op, operands, name: "\(node.name).base")
      let a = g.weight(map.a, [settings.rank, shape[1]])
      let b = g.weight(map.b, [shape[0], settings.rank])
      let change = operands[0].linear(a).linear(b)
      return g.record(.binary(.add), [whole, change * scale], name: node.name)
    }
    guard count > 0 else {
      throw GraphError(node: "lora", reason: "the model has no linear map \(settings.weights.joined(separator: ", "))")
    }
    return result
  }
}
