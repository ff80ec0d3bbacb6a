import GraphIR
import TensorCore

/// The parts of a model in the order of its residual stream: where it starts, what is added to it, where it ends.
struct Anatomy {
  /// What one addition to the stream comes from.
  struct Branch {
    /// The stream before and after.
    let source: Int?
    let sum: Int?
    /// What is added.
    let result: Int
    /// Every node that only this branch needs, in the order of the graph.
    var nodes: [Int] = []
    var mixesTokens = false
  }

  /// What the stream is before anything is added, with all it is made from; empty where there is no stream.
  private(set) var start: [Int] = []
  private(set) var branches: [Branch] = []
  /// From the end of the stream to the output.
  private(set) var head: [Int] = []

  init(_ graph: Graph) {
    var taken = [Bool](repeating: false, count: graph.nodes.count)
    let sums = Self.streamSums(graph)
    for sum in sums { taken[sum] = true }
    /// Untaken nodes that `node` needs, itself among them.
    func gather(_ node: Int) -> [Int] {
      var (waiting, found): ([Int], [Int]) = ([node], [])
      while let next = waiting.popLast() {
        if taken[next] { continue }
        taken[next] = true
        found.append(next)
        waiting += graph.nodes[next].inputs
      }
      return found.sorted()
    }
    if let first = sums.first { start = gather(graph.nodes[first].inputs[0]) }
    for sum in sums {
      var branch = Branch(
        source: graph.nodes[sum].inputs[0], sum: sum, result: graph.nodes[sum].inputs[1])
      branch.nodes = gather(branch.result)
      branch.mixesTokens = Self.mixesTokens(branch, graph)
      branches.append(branch)
    }
    let rest = graph.outputs.flatMap { gather($0.node) }.sorted()
    if sums.isEmpty {
      branches = [Branch(source: nil, sum: nil, result: graph.output, nodes: rest, mixesTokens: true)]
    } else {
      head = rest
    }
  }

  private static func mixesTokens(_ branch: Branch, _ graph: Graph) -> Bool {
    if branch.nodes.contains(where: { graph.nodes[$0].op.mixesTokens }) { return true }
    // A linear map may stand where others have attention.
    return graph.nodes[branch.result].name.hasSuffix("attn_out")
  }

  /// The additions along the stream, first to last: each reads the one before as its first operand.
  private static func streamSums(_ graph: Graph) -> [Int] {
    var node = graph.output
    while !isSum(node, graph) {
      guard let next = mainOperand(node, graph) else { return [] }
      node = next
    }
    var sums: [Int] = []
    while isSum(node, graph) {
      sums.append(node)
      node = graph.nodes[node].inputs[0]
    }
    return sums.reversed()
  }

  /// The operand that a value is a change of.
  private static func mainOperand(_ index: Int, _ graph: Graph) -> Int? {
    let node = graph.nodes[index]
    if node.op == .gather {
      if case .weight = graph.nodes[node.inputs[1]].op { return nil }
      return node.inputs[1]
    }
    return node.inputs.first
  }

  /// A sum of two values `[T, hidden]`, of which neither is a weight.
  private static func isSum(_ index: Int, _ graph: Graph) -> Bool {
    let node = graph.nodes[index]
    guard node.op == .binary(.add), node.shape.count == 2, node.shape[0] == .tokens else { return false }
    return node.inputs.allSatisfy { input in
      if case .weight = graph.nodes[input].op { return false }
      return graph.nodes[input].shape == node.shape
    }
  }
}

extension Op {
  /// Whether a row of the result needs earlier rows.
  var mixesTokens: Bool {
    switch self {
    case .attentionScores, .attentionPattern, .attentionMix, .shortConvolution, .recurrence: true
    default: false
    }
  }
}
