public import GraphIR
import TensorCore

/// Where a model's layers keep what the lens reads, by the names of its graph.
public struct LayerMap: Sendable {
  public let layers: [Layer]
  /// The stream before the final norm, which the head reads: `[T, hiddenSize]`.
  public let finalStream: String
  public let hiddenSize: Int
  public let vocabularySize: Int

  public struct Layer: Sendable {
    public let index: Int
    /// The residual stream before the layer, between its two halves where it has two, and after it.
    public let before: String
    public let middle: String?
    public let after: String
    public let attention: AttentionSite?
    public let experts: ExpertSite?
    /// The value whose elements are the feed-forward network's neurons, `[T, inner]`.
    public let neurons: (name: String, count: Int)?
    /// What the layer's halves add to the stream, in order.
    public let additions: [String]
  }

  /// One layer's attention.
  public struct AttentionSite: Sendable, Hashable {
    /// Queries `[T, heads, width]` as they meet the keys, and mixed values `[T, heads, valueWidth]`.
    public let query: String
    public let mixed: String
    public let heads: Int
    public let keyHeads: Int
    public let width: Int
    public let scale: Float
    public let softcap: Float?
    public let mask: AttentionMask
    public let hasSinks: Bool
  }

  /// One layer's mixture.
  public struct ExpertSite: Sendable, Hashable {
    /// `[T, used]`: which experts, and how much of each.
    public let choice: String
    public let weights: String
    public let count: Int
    public let used: Int
  }

  /// Throws `LensError` for a graph whose output is no head over one residual stream.
  public init(_ graph: Graph) throws(LensError) {
    let tail = try ModelTail(graph)
    finalStream = graph.nodes[tail.stream].name
    hiddenSize = graph.nodes[tail.stream].shape.last?.fixed ?? 0
    vocabularySize = graph.nodes[tail.head].shape.last?.fixed ?? 0
    var inLayer: [Int: [Int]] = [:]
    for (index, node) in graph.nodes.enumerated() {
      if let layer = Self.layer(of: node.name) { inLayer[layer, default: []].append(index) }
    }
    var layers: [Layer] = []
    var index = 0
    while let before = graph.node(named: "blocks.\(index).resid_pre") {
      guard let after = graph.node(named: "blocks.\(index).resid_post") else { break }
      layers.append(Self.layer(index, graph, inLayer[index] ?? [], before: before, after: after))
      index += 1
    }
    guard !layers.isEmpty else { throw LensError.unsupported("the graph has no layers named blocks.N") }
    self.layers = layers
  }

  /// The number in `blocks.N.…`.
  static func layer(of name: String) -> Int? {
    guard name.hasPrefix("blocks.") else { return nil }
    return Int(name.dropFirst(7).prefix { $0 != "." })
  }

  private static func layer(_ index: Int, _ graph: Graph, _ nodes: [Int], before: Int, after: Int) -> Layer {
    func name(_ node: Int) -> String { graph.nodes[node].name }
    func named(_ suffix: String) -> Int? { graph.node(named: "blocks.\(index).\(suffix)") }
    var attention: AttentionSite?
    for node in nodes { if attention == nil { attention = site(node, graph) } }
    var experts: ExpertSite?
    if let choice = named("mlp.expert_indices"), let weights = named("mlp.expert_weights"),
      let scores = graph.nodes[choice].inputs.first
    {
      experts = ExpertSite(
        choice: name(choice), weights: name(weights), count: graph.nodes[scores].shape.last?.fixed ?? 0,
        used: graph.nodes[choice].shape.last?.fixed ?? 0)
    }
    let neurons = named("mlp.post").flatMap { node -> (name: String, count: Int)? in
      guard graph.nodes[node].shape.count == 2, let count = graph.nodes[node].shape.last?.fixed else { return nil }
      return (name(node), count)
    }
    return Layer(
      index: index, before: name(before), middle: named("resid_mid").map(name), after: name(after),
      attention: attention, experts: experts, neurons: neurons,
      additions: ["attn_out", "mlp_out"].compactMap { named($0).map(name) })
  }

  /// Attention whose mixed values node `index` makes.
  private static func site(_ index: Int, _ graph: Graph) -> AttentionSite? {
    let node = graph.nodes[index]
    guard node.op == .attentionMix, case .attentionPattern = graph.nodes[node.inputs[0]].op else { return nil }
    let pattern = graph.nodes[node.inputs[0]]
    let scores = graph.nodes[pattern.inputs[0]]
    guard case .attentionScores(let scale, let softcap, let mask) = scores.op else { return nil }
    let (query, keys) = (graph.nodes[scores.inputs[0]], graph.nodes[scores.inputs[1]])
    return AttentionSite(
      query: query.name, mixed: node.name, heads: query.shape[1].fixed ?? 1, keyHeads: keys.shape[1].fixed ?? 1,
      width: query.shape[2].fixed ?? 1, scale: scale, softcap: softcap, mask: mask,
      hasSinks: pattern.inputs.count > 1)
  }
}

/// Where a graph ends: the head's product, and what leads to it.
struct ModelTail {
  /// The node of the logits before any capping.
  let head: Int
  /// The head's matrix `[vocabulary, hiddenSize]`, and its bias.
  let matrix: String
  let bias: String?
  /// The final norm's result for all rows, and the stream that it reads.
  let normalized: Int
  let stream: Int

  init(_ graph: Graph) throws(LensError) {
    func fail(_ node: Int) -> LensError {
      .unsupported(
        "the output \(graph.nodes[graph.output].name) is no head over a normalised stream: it reads "
          + graph.nodes[node].name)
    }
    var node = graph.output
    search: while true {
      switch graph.nodes[node].op {
      case .affine, .unary(.tanh), .binary(.multiply): node = graph.nodes[node].inputs[0]
      case .linear: break search
      default: throw fail(node)
      }
    }
    head = node
    let inputs = graph.nodes[node].inputs
    guard case .weight(let name, _) = graph.nodes[inputs[1]].op else { throw fail(node) }
    matrix = name
    if inputs.count > 2, case .weight(let name, _) = graph.nodes[inputs[2]].op { bias = name } else { bias = nil }
    let asked = graph.nodes[inputs[0]]
    normalized = asked.op == .gather ? asked.inputs[1] : inputs[0]
    switch graph.nodes[normalized].op {
    case .rmsNorm, .layerNorm: stream = graph.nodes[normalized].inputs[0]
    default: throw fail(normalized)
    }
  }
}

/// What the lens cannot do, and why.
public enum LensError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The architecture does not allow it.
  case unsupported(String)
  /// A name that the model does not have.
  case unknown(String)
  /// A range outside of what there is.
  case range(String)

  public var description: String {
    switch self {
    case .unsupported(let reason), .unknown(let reason), .range(let reason): reason
    }
  }
}
