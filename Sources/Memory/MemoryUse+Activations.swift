import GraphIR
import TensorCore

extension MemoryUse {
  /// The most bytes alive at once while a chunk runs and one row's logits are asked for.
  ///
  /// Each value lives from its node to its last reader. Shapes are views, all rows of a full cache are the state
  /// itself, attention keeps no scores, and an elementwise result takes the place of an operand that ends there.
  static func activations(_ graph: Graph, context: Int, chunk: Int) throws -> Int {
    let bindings = ["T": chunk, "S": context, "R": 1]
    let uses = graph.uses
    let fused = fusedNodes(graph, uses)
    // Which memory each node reads from, how many reads of it are still to come, and its bytes.
    var memory = [[Int]](repeating: [], count: graph.nodes.count)
    var pending = [Int](repeating: 0, count: graph.nodes.count)
    var size = [Int](repeating: 0, count: graph.nodes.count)
    var (alive, peak) = (0, 0)
    for (index, node) in graph.nodes.enumerated() {
      let read = node.inputs.flatMap { memory[$0] }
      switch Place(node.op, isFused: fused[index]) {
      case .none: break
      case .operands: memory[index] = read
      case .firstOperand: memory[index] = memory[node.inputs[0]]
      case .own(let replaces):
        let bytes = try node.shape.reduce(4) { try product($0, $1.size(bindings), of: node.name) }
        let ending = replaces ? memory[node.inputs[0]].first : nil
        if let ending, size[ending] == bytes, pending[ending] == read.count(where: { $0 == ending }) {
          memory[index] = [ending]
        } else {
          memory[index] = [index]
          size[index] = bytes
          alive = try sum(alive, bytes)
        }
      }
      for place in memory[index] { pending[place] += uses[index] }
      peak = max(peak, alive)
      for place in read {
        pending[place] -= 1
        if pending[place] == 0 { alive -= size[place] }
      }
      if uses[index] == 0, memory[index] == [index] { alive -= size[index] }
    }
    return peak
  }

  /// Where a node's value lies.
  private enum Place {
    /// In a weight or a state.
    case none
    /// Nowhere: its readers compute it from its operands.
    case operands
    /// In its first operand.
    case firstOperand
    /// In memory of its own, or of an equally large operand that it may replace.
    case own(replaces: Bool)

    init(_ op: Op, isFused: Bool) {
      switch op {
      case .weight: self = .none
      case .append(.keyValue(_, _, _, .last)), .reshape, .slice: self = .firstOperand
      case .append: self = .none
      case _ where isFused: self = .operands
      case .unary, .binary, .affine, .clamp, .cast, .softmax, .normalizeSum, .rmsNorm, .layerNorm, .rope,
        .shortConvolution:
        self = .own(replaces: true)
      case .input, .gather, .linear, .headLinear, .expertLinear, .attentionScores, .attentionPattern, .attentionMix,
        .recurrence, .topK, .pick, .weightedSum, .concatenate, .training:
        self = .own(replaces: false)
      }
    }
  }

  /// Attention's scores and pattern, which a running softmax never stores.
  private static func fusedNodes(_ graph: Graph, _ uses: [Int]) -> [Bool] {
    var fused = [Bool](repeating: false, count: graph.nodes.count)
    for node in graph.nodes {
      guard case .attentionMix = node.op, let pattern = node.inputs.first, uses[pattern] == 1,
        let scores = graph.nodes[pattern].inputs.first, uses[scores] == 1
      else { continue }
      (fused[pattern], fused[scores]) = (true, true)
    }
    return fused
  }
}
