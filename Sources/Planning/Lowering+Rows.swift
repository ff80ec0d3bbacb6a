import GraphIR
import Kernels
import TensorCore

extension Lowering {
  /// The items of one node.
  mutating func lower(_ node: Node, _ index: Int) throws -> Result {
    if case .weight(let name, let sizes) = node.op { return .weight(name, sizes) }
    if case .training(let op) = node.op {
      throw PlanError(name: node.name, reason: "\(op.mnemonic) is not planned; only the reference computes it")
    }
    guard node.shape.first?.fixed == nil else {
      throw PlanError(name: node.name, reason: "has no rows; what is made of weights alone belongs in a weight")
    }
    switch node.op {
    case .input(let name, let shape, _):
      let view = value(domain(shape), sizes(shape), producer: nil)
      values[view.root].isPinned = true
      inputs[name] = view
      return .view(view)
    case .gather: return .view(try gather(node))
    case .linear, .headLinear: return try product(node, index)
    case .expertLinear: return .view(try expertProduct(node))
    case .append, .attentionScores, .attentionPattern, .attentionMix, .shortConvolution, .recurrence:
      return try mixing(node)
    case .rope(let embedding): return .view(try rope(node, embedding))
    case .reshape(let sizes):
      let view = try view(node.inputs[0])
      return .view(view.reshaped(sizes) ?? row(.copy, [.view(view)], domain(node.shape), sizes, node.name))
    case .slice(let range):
      if case .state(var part) = results[node.inputs[0]] {
        part.offset += range.lowerBound
        part.width = range.count
        guard part.offset % options.cacheFormat.blockWidth == 0 else {
          throw PlanError(name: node.name, reason: "starts within a block of \(options.cacheFormat) of a kept row")
        }
        return .state(part)
      }
      if case .parts(let parts) = results[node.inputs[0]], let part = parts[range] { return .view(part) }
      return .view(try view(node.inputs[0]).sliced(range))
    case .binary(.multiply):
      if let reader = gatedReaders[index] { return .view(try gatedExperts(node, reader: graph.nodes[reader])) }
      return .view(try multiply(node))
    default: return .view(try simple(node, rowOperation(node)))
    }
  }

  /// A step knows only how much of the context it has once it runs, and row operations know their widths before.
  private func checkWidth(_ node: Node) throws {
    switch node.op {
    case .unary, .binary, .affine, .clamp, .cast: return
    default:
      if node.inputs.contains(where: { graph.nodes[$0].shape.last == .context }) {
        throw PlanError(name: node.name, reason: "runs along the context, whose length changes")
      }
    }
  }

  /// The row operation that a node is, where it is one and nothing else.
  private func rowOperation(_ node: Node) -> RowOperation {
    switch node.op {
    case .rmsNorm(let epsilon): .rmsNorm(epsilon: epsilon)
    case .layerNorm(let epsilon): .layerNorm(epsilon: epsilon, hasBias: node.inputs.count > 2)
    case .topK(let selection): .topK(selection)
    case .pick: .pick
    case .weightedSum: .weightedSum
    case .unary(let function): .unary(function)
    case .binary(let function): .binary(function)
    case .affine(let scale, let offset): .affine(scale: scale, offset: offset)
    case .clamp(let lower, let upper): .clamp(lower: lower, upper: upper)
    case .softmax: .softmax
    case .normalizeSum(let epsilon): .normalizeSum(epsilon: epsilon)
    case .cast(let type): .cast(type)
    case .concatenate: .join
    case .input, .weight, .gather, .linear, .headLinear, .expertLinear, .rope, .append, .attentionScores,
      .attentionPattern, .attentionMix, .shortConvolution, .recurrence, .reshape, .slice, .training:
      preconditionFailure("\(node.op.mnemonic) is lowered elsewhere")
    }
  }

  private mutating func simple(_ node: Node, _ op: RowOperation) throws -> View {
    try checkWidth(node)
    switch op {
    case .binary, .rmsNorm, .layerNorm: try checkSpread(node)
    default: break
    }
    let sources = try node.inputs.map { input throws in try source(input) }
    return row(op, sources, domain(node.shape), sizes(node.shape), node.name)
  }

  /// Further operands have one run for all runs of the first, or one for each: any other spread has no plain form.
  private func checkSpread(_ node: Node) throws {
    func runs(_ shape: Shape) -> Int {
      (shape.first?.fixed == nil ? shape.dropFirst() : shape[...]).dropLast().reduce(1) { $0 * $1.size() }
    }
    let all = runs(node.shape)
    for input in node.inputs.dropFirst() {
      let shape = graph.nodes[input].shape
      if ![1, all].contains(runs(shape)) {
        throw PlanError(name: node.name, reason: "spreads \(shape) over \(node.shape)")
      }
    }
  }

  private mutating func multiply(_ node: Node) throws -> View {
    if case .fused = results[node.inputs[0]], case .unary(let function) = graph.nodes[node.inputs[0]].op {
      try checkSpread(node)
      let sources = [try source(graph.nodes[node.inputs[0]].inputs[0]), try source(node.inputs[1])]
      return row(.gated(function), sources, domain(node.shape), sizes(node.shape), node.name)
    }
    return try simple(node, .binary(.multiply))
  }

  private mutating func gather(_ node: Node) throws -> View {
    let index = try source(node.inputs[0])
    let sizes = sizes(node.shape)
    switch results[node.inputs[1]] {
    case .weight(let name, let shape):
      let table = tableOf[name] ?? program.tables.count
      if tableOf.updateValue(table, forKey: name) == nil {
        program.tables.append(Table(name: name, rows: shape[0], columns: shape[1]))
      }
      return row(.embed(table: table), [index], domain(node.shape), sizes, node.name)
    case .view(let view):
      guard graph.nodes[node.inputs[0]].shape.count == 1 else {
        throw PlanError(name: node.name, reason: "gathers several rows of a value for each row")
      }
      return row(
        .gather, [index, .view(view)], domain(node.shape), sizes, node.name, crossRow: [view.root])
    case .state, .parts, .fused: throw PlanError(name: node.name, reason: "gathers from a state")
    }
  }

  private mutating func rope(_ node: Node, _ embedding: RotaryEmbedding) throws -> View {
    let rotation: View
    let key = Rotation(embedding: embedding, positions: node.inputs[1])
    if let known = rotations[key] {
      rotation = known
    } else {
      let frequencies = embedding.frequencies(context: options.context)
      rotation = row(
        .rotation(frequencies: frequencies, magnitude: embedding.magnitude), [try source(node.inputs[1])],
        domain(node.shape), [embedding.width], "rotation_\(rotations.count)")
      rotations[key] = rotation
    }
    return row(
      .rope(width: embedding.width, interleaved: embedding.interleaved),
      [try source(node.inputs[0]), .view(rotation)], domain(node.shape), sizes(node.shape), node.name)
  }
}
