import GraphIR
import TensorCore

/// A forward attention within a graph: nodes of its operands.
struct AttentionMatch {
  let shape: AttentionShape
  let q: Int
  let k: Int
  let v: Int
  let sinks: Int?

  var reads: [Int] { [q, k, v] + (sinks.map { [$0] } ?? []) }
}

/// The gradients of one attention within a graph: nodes of its operands, and those that it makes.
struct AttentionGradientMatch {
  let attention: AttentionMatch
  /// The gradient by what attention gave.
  let gradient: Int
  var queryGradient: Int?
  var keyGradient: Int?
  var valueGradient: Int?
  var sinkRows: Int?

  var reads: [Int] { attention.reads + [gradient] }
  var makes: [Int] { [queryGradient, keyGradient, valueGradient, sinkRows].compactMap { $0 } }
}

extension TrainingPlanner {
  /// Finds attention's scores, pattern and mix, and the operations of its gradients, which become one step each.
  mutating func matchAttention() {
    var readers = [[Int]](repeating: [], count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() { for input in node.inputs { readers[input].append(index) } }
    for (index, node) in graph.nodes.enumerated() {
      switch node.op {
      case .attentionMix: attention[index] = match(pattern: node.inputs[0], values: node.inputs[1])
      case .attentionPattern:
        for match in gradientMatches(pattern: index, readers) {
          for made in match.makes { gradientOf[made] = gradients.count }
          gradients.append(match)
        }
      default: break
      }
    }
  }

  /// Attention of a pattern over values, where rows of the step's own sequences make the pattern.
  private func match(pattern: Int, values: Int) -> AttentionMatch? {
    let node = graph.nodes[pattern]
    guard case .attentionPattern = node.op else { return nil }
    let scores = graph.nodes[node.inputs[0]]
    guard case .attentionScores(let scale, let softcap, let mask) = scores.op else { return nil }
    let (q, k, v) = (shape(scores.inputs[0]), shape(scores.inputs[1]), shape(values))
    guard q[0] == .tokens, k[0] == .tokens, v[0] == .tokens, v[1] == k[1] else { return nil }
    let shape = AttentionShape(
      heads: largest[q[1]], keyValueHeads: largest[k[1]], keyWidth: largest[q[2]], valueWidth: largest[v[2]],
      scale: scale, softcap: softcap, mask: mask)
    return AttentionMatch(
      shape: shape, q: scores.inputs[0], k: scores.inputs[1], v: values,
      sinks: node.inputs.count > 1 ? node.inputs[1] : nil)
  }

  /// The gradients that are computed from a pattern.
  private func gradientMatches(pattern: Int, _ readers: [[Int]]) -> [AttentionGradientMatch] {
    func op(_ node: Int) -> Op { graph.nodes[node].op }
    let slopes = readers[pattern].filter { op($0) == .training(.attentionPatternGradient) }
    let collects = readers[pattern].filter { isCollect($0) && graph.nodes[$0].inputs[0] == pattern }
    var matches: [AttentionGradientMatch] = []
    for slope in slopes where graph.nodes[slope].inputs[0] == pattern {
      let products = graph.nodes[graph.nodes[slope].inputs[1]]
      guard case .attentionScores(1, nil, _) = products.op,
        let attention = match(pattern: pattern, values: products.inputs[1])
      else { continue }
      var match = AttentionGradientMatch(attention: attention, gradient: products.inputs[0])
      match.valueGradient = collects.first { graph.nodes[$0].inputs[1] == match.gradient }
      match.sinkRows = readers[slope].first { isSum($0) }
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

  private func isCollect(_ node: Int) -> Bool {
    if case .training(.attentionCollect) = graph.nodes[node].op { true } else { false }
  }

  private func isSum(_ node: Int) -> Bool {
    if case .training(.sum) = graph.nodes[node].op { shape(node).last == 1 } else { false }
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
    views[index] = output
    add(
      AttentionStep(
        name: graph.nodes[index].name, shape: match.shape, q: try view(match.q), k: try view(match.k),
        v: try view(match.v), sinks: try match.sinks.map { try vector($0) }, output: output,
        maximumTokens: largest.tokens, kernels: kernels))
  }

  mutating func lowerAttentionGradient(_ index: Int) throws {
    let match = gradients[index]
    for node in match.makes where live[node] { views[node] = try allocate(node) }
    let attention = match.attention
    func made(_ node: Int?) -> View? { node.flatMap { views[$0] } }
    add(
      AttentionGradientStep(
        name: match.makes.map { graph.nodes[$0].name }.joined(separator: " "), shape: attention.shape,
        q: try view(attention.q), k: try view(attention.k), v: try view(attention.v),
        sinks: try attention.sinks.map { try vector($0) }, gradient: try view(match.gradient),
        queryGradient: made(match.queryGradient), keyGradient: made(match.keyGradient),
        valueGradient: made(match.valueGradient), sinkRows: made(match.sinkRows), maximumTokens: largest.tokens,
        kernels: kernels))
  }
}
