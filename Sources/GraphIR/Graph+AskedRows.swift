import TensorCore

extension Graph {
  /// The same results with less work: what only asked rows need is worked out for those rows alone.
  ///
  /// A value whose rows depend on nothing but their own, and which is only read through a `gather` by the input `rows`, is
  /// made from gathered rows instead: after the last layer's attention nothing runs for rows whose logits nobody wants.
  /// Values of `kept` nodes stay whole.
  public func askingEarly(keeping kept: Set<Int>) -> Graph {
    guard let rows = nodes.firstIndex(where: { if case .input("rows", _, _) = $0.op { true } else { false } }) else {
      return self
    }
    let gathers = Set(nodes.indices.filter { nodes[$0].op == .gather && nodes[$0].inputs[0] == rows })
    let early = ownRows(before: gathers, keeping: kept)
    if early.isEmpty { return self }
    var rewrite = AskedRows(graph: self, rows: rows, early: early)
    for index in nodes.indices { rewrite.add(index, isGather: gathers.contains(index)) }
    return rewrite.finished
  }

  /// Nodes whose rows stand alone and are read by `gathers`, or by one another on the way there, and by nothing else.
  private func ownRows(before gathers: Set<Int>, keeping kept: Set<Int>) -> Set<Int> {
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() { for input in node.inputs { readers[input].append(index) } }
    var early: Set<Int> = []
    for index in nodes.indices.reversed() where nodes[index].shape.first == .tokens && nodes[index].op.hasOwnRows {
      if outputs.contains(where: { $0.node == index }) || kept.contains(index) || readers[index].isEmpty { continue }
      if nodes[index].shape.contains(.context) { continue }
      if readers[index].allSatisfy({ gathers.contains($0) || early.contains($0) }) { early.insert(index) }
    }
    return early
  }
}

extension Op {
  /// Whether a row of the result needs no other row, no state, and no list of all rows.
  fileprivate var hasOwnRows: Bool {
    switch self {
    case .linear, .headLinear, .expertLinear, .rmsNorm, .layerNorm, .unary, .binary, .affine, .clamp, .softmax,
      .normalizeSum, .cast,
      .concatenate, .reshape, .slice, .pick, .weightedSum, .topK:
      true
    case .input, .weight, .gather, .rope, .append, .attentionScores, .attentionPattern, .attentionMix,
      .shortConvolution, .recurrence, .training:
      false
    }
  }
}

/// A graph as it is written anew, with some nodes put off until rows are asked for.
private struct AskedRows {
  let graph: Graph
  let rows: Int
  let early: Set<Int>
  private var result = Graph()
  /// New places of nodes, and of their asked rows.
  private var place: [Int: Int] = [:]
  private var asked: [Int: Int] = [:]
  private var waiting: [Int] = []

  init(graph: Graph, rows: Int, early: Set<Int>) { (self.graph, self.rows, self.early) = (graph, rows, early) }

  mutating func add(_ index: Int, isGather: Bool) {
    let node = graph.nodes[index]
    if early.contains(index) {
      waiting.append(index)
      return
    }
    if isGather {
      for index in waiting { addAsked(index) }
      waiting = []
    }
    if isGather, let known = asked[node.inputs[1]] {
      place[index] = known
      result.aliases[node.name] = known
    } else {
      result.nodes.append(
        Node(
          op: node.op, inputs: node.inputs.map { place[$0]! }, shape: node.shape, type: node.type, name: node.name))
      place[index] = result.nodes.count - 1
      if isGather { asked[node.inputs[1]] = place[index] }
    }
    for (name, target) in graph.aliases where target == index { result.aliases[name] = place[index]! }
  }

  /// The new graph, once all nodes are added.
  var finished: Graph {
    var graph = result
    graph.outputs = self.graph.outputs.map { Graph.Output(name: $0.name, node: place[$0.node]!) }
    return graph
  }

  /// The asked rows of a node that was put off.
  private mutating func addAsked(_ index: Int) {
    let node = graph.nodes[index]
    let inputs = node.inputs.map { asks($0) ? gathered($0) : place[$0]! }
    result.nodes.append(
      Node(op: node.op, inputs: inputs, shape: [.rows] + node.shape.dropFirst(), type: node.type, name: node.name))
    asked[index] = result.nodes.count - 1
  }

  private func asks(_ index: Int) -> Bool { graph.nodes[index].shape.first == .tokens }

  private mutating func gathered(_ index: Int) -> Int {
    if let known = asked[index] { return known }
    let node = graph.nodes[index]
    result.nodes.append(
      Node(
        op: .gather, inputs: [place[rows]!, place[index]!], shape: [.rows] + node.shape.dropFirst(), type: node.type,
        name: "rows.\(node.name)"))
    asked[index] = result.nodes.count - 1
    return result.nodes.count - 1
  }
}
