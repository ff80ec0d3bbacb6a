import GraphIR
import TensorCore

/// A forward attention within a graph: nodes of its operands.
struct AttentionMatch: Hashable {
  let shape: AttentionShape
  let q: Int
  let k: Int
  let v: Int
  let sinks: Int?
  /// Dropout's keys.
  let keys: Int?

  var reads: [Int] { [q, k, v] + [sinks, keys].compactMap { $0 } }
}

/// The gradients of one attention within a graph: nodes of its operands, and those that it makes.
struct AttentionGradientMatch {
  let attention: AttentionMatch
  /// The gradient by what attention gave.
  let gradient: Int
  /// What attention gave; nil where the graph computes it from other nodes.
  var mixed: Int?
  var queryGradient: Int?
  var keyGradient: Int?
  var valueGradient: Int?
  var sinkGradient: Int?

  var reads: [Int] { attention.reads + [gradient] + (mixed.map { [$0] } ?? []) }
  var makes: [Int] { [queryGradient, keyGradient, valueGradient, sinkGradient].compactMap { $0 } }
}

extension TrainingPlanner {
  /// Finds attention's scores, pattern and mix, and the operations of its gradients, which become one step each.
  mutating func matchAttention() {
    var mixes: [AttentionMatch: Int] = [:]
    for (index, node) in graph.nodes.enumerated() where node.op == .attentionMix {
      guard let match = match(pattern: node.inputs[0], values: node.inputs[1]) else { continue }
      attention[index] = match
      if mixes[match] == nil { mixes[match] = index }
    }
    for (index, node) in graph.nodes.enumerated() {
      switch node.op {
      case .attentionPattern:
        for match in gradientMatches(pattern: index, mixes) {
          for made in match.makes { gradientOf[made] = gradients.count }
          gradients.append(match)
        }
      default: break
      }
    }
  }

  /// Attention of a pattern over values, where rows of the step's own sequences make the pattern.
  private func match(pattern: Int, values: Int) -> AttentionMatch? {
    var (node, dropout, keys) = (graph.nodes[pattern], DropoutMask?.none, Int?.none)
    if case .training(.attentionDropout(let mask)) = node.op {
      guard case .input(_, _, .int32) = graph.nodes[node.inputs[1]].op else { return nil }
      (dropout, keys, node) = (mask, node.inputs[1], graph.nodes[node.inputs[0]])
    }
    guard case .attentionPattern = node.op else { return nil }
    let scores = graph.nodes[node.inputs[0]]
    guard case .attentionScores(let scale, let softcap, let mask) = scores.op else { return nil }
    let (q, k, v) = (shape(scores.inputs[0]), shape(scores.inputs[1]), shape(values))
    guard q[0] == .tokens, k[0] == .tokens, v[0] == .tokens, v[1] == k[1] else { return nil }
    let shape = AttentionShape(
      heads: largest[q[1]], keyValueHeads: largest[k[1]], keyWidth: largest[q[2]], valueWidth: largest[v[2]],
      scale: scale, softcap: softcap, mask: mask, dropout: dropout)
    return AttentionMatch(
      shape: shape, q: scores.inputs[0], k: scores.inputs[1], v: values,
      sinks: node.inputs.count > 1 ? node.inputs[1] : nil, keys: keys)
  }

  /// The gradients that are computed from a pattern.
  private func gradientMatches(pattern: Int, _ mixes: [AttentionMatch: Int]) -> [AttentionGradientMatch] {
    func op(_ node: Int) -> Op { graph.nodes[node].op }
    let slopes = readers[pattern].filter { op($0) == .training(.attentionPatternGradient) }
    let used = readers[pattern].first { isDropout(op($0)) && graph.nodes[$0].inputs[0] == pattern } ?? pattern
    let collects = readers[used].filter { isCollect($0) && graph.nodes[$0].inputs[0] == used }
    var matches: [AttentionGradientMatch] = []
    for slope in slopes where graph.nodes[slope].inputs[0] == pattern {
      var products = graph.nodes[graph.nodes[slope].inputs[1]]
      if used != pattern {
        guard products.op == op(used), products.inputs[1] == graph.nodes[used].inputs[1] else { continue }
        products = graph.nodes[products.inputs[0]]
      }
      guard case .attentionScores(1, nil, _) = products.op,
        let attention = match(pattern: used, values: products.inputs[1])
      else { continue }
      var match = AttentionGradientMatch(attention: attention, gradient: products.inputs[0])
      match.valueGradient = collects.first { graph.nodes[$0].inputs[1] == match.gradient }
      match.sinkGradient = sinkGradient(slope)
      match.mixed = mixes[attention]
      let capped = attention.shape.softcap == nil ? slope : readers[slope].first { isCapSlope($0, attention) }
      for reader in capped.map({ readers[$0] }) ?? [] where graph.nodes[reader].inputs[0] == capped {
        let scaled = readers[reader].first {
          op($0) == .affine(scale: attention.shape.scale, offset: 0) && readers[reader].count == 1
        }
        if op(reader) == .attentionMix, graph.nodes[reader].inputs[1] == attention.k { match.queryGradient = scaled }
        if isCollect(reader), graph.nodes[reader].inputs[1] == attention.q { match.keyGradient = scaled }
      }
      if !match.makes.isEmpty { matches.append(match) }
    }
    return matches
  }

  private func isDropout(_ op: Op) -> Bool {
    if case .training(.attentionDropout) = op { true } else { false }
  }

  private func isCollect(_ node: Int) -> Bool {
    if case .training(.attentionCollect) = graph.nodes[node].op { true } else { false }
  }

  /// The negated sum over rows of what each row's scores gain together.
  private func sinkGradient(_ slope: Int) -> Int? {
    func reader(_ node: Int?, _ fits: (Op) -> Bool) -> Int? {
      node.flatMap { readers[$0].first { fits(graph.nodes[$0].op) } }
    }
    let isSum = { (op: Op) in if case .training(.sum) = op { true } else { false } }
    let rows = reader(reader(slope, isSum)) { if case .reshape = $0 { true } else { false } }
    return reader(reader(rows, isSum)) { $0 == .unary(.negate) }
  }

  /// Whether a node is the softcap's own slope of a gradient.
  private func isCapSlope(_ node: Int, _ attention: AttentionMatch) -> Bool {
    guard case .training(.unaryGradient(.tanh)) = graph.nodes[node].op, let cap = attention.shape.softcap else {
      return false
    }
    let bounded = graph.nodes[graph.nodes[node].inputs[1]]
    return bounded.op == .attentionScores(scale: attention.shape.scale / cap, softcap: nil, mask: attention.shape.mask)
      && bounded.inputs == [attention.q, attention.k]
  }

  // MARK: Steps

  mutating func lowerAttention(_ index: Int, _ match: AttentionMatch) throws {
    let output = try allocate(index)
    set(index, output)
    try addAttention(match, output, name: graph.nodes[index].name)
  }

  /// Attention into `output`, whose logarithms of sums the gradients read.
  private mutating func addAttention(_ match: AttentionMatch, _ output: View, name: String) throws {
    let views = AttentionViews(
      q: try view(match.q), k: try view(match.k), v: try view(match.v), sinks: try match.sinks.map { try vector($0) },
      keys: try match.keys.flatMap { try integers($0) }, output: output,
      logSums: try allocate(rows: .tokens, count: match.shape.heads, "sums of \(name)"))
    attentionViews[match] = views
    add(AttentionStep(name: name, shape: match.shape, views: views))
  }

  mutating func lowerAttentionGradient(_ index: Int) throws {
    let match = gradients[index]
    let (shape, name) = (match.attention.shape, match.makes.map { graph.nodes[$0].name }.joined(separator: " "))
    if attentionViews[match.attention] == nil {
      let output = try allocate(rows: .tokens, count: shape.heads * shape.valueWidth, "attention for \(name)")
      try addAttention(match.attention, output, name: "for \(name)")
    }
    guard let views = attentionViews[match.attention] else { return }
    func made(_ node: Int?, _ count: Int) throws -> View {
      guard let node, live[node] else { return try allocate(rows: .tokens, count: count, "unread of \(name)") }
      set(node, try allocate(node))
      return try view(node)
    }
    let sinkGradient = match.sinkGradient.flatMap { live[$0] ? $0 : nil }
    let sinkSums = try sinkGradient.map {
      try allocate(rows: .sequences, count: shape.heads, "sums of \(graph.nodes[$0].name)")
    }
    add(
      AttentionGradientStep(
        name: name, shape: shape, views: views, gradient: try view(match.gradient),
        queryGradient: try made(match.queryGradient, shape.heads * shape.keyWidth),
        keyGradient: try made(match.keyGradient, shape.keyValueHeads * shape.keyWidth),
        valueGradient: try made(match.valueGradient, shape.keyValueHeads * shape.valueWidth), sinkSums: sinkSums))
    for node in match.makes { isDone[node] = true }
    guard let sinkGradient, let sinkSums else { return }
    let (output, storing) = try allocateGradient(sinkGradient)
    set(sinkGradient, output)
    add(
      RowSumStep(
        name: graph.nodes[sinkGradient].name, input: sinkSums, spread: .alike, output: output, storing: storing,
        kernels: kernels))
  }
}
