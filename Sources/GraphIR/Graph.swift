public import TensorCore

/// One operation, the values it reads, and the value it makes.
public struct Node: Hashable, Sendable {
  public let op: Op
  /// Indices of earlier nodes.
  public let inputs: [Int]
  public let shape: Shape
  public let type: ElementType
  /// Where the value sits in the model, as in `blocks.3.attn.q`; a weight has its GGUF name.
  public let name: String
}

/// An architecture written down: operations in the order they run.
public struct Graph: Sendable {
  public internal(set) var nodes: [Node] = []
  /// What the graph is for: one value of a model, the loss and the gradients of a training step.
  public internal(set) var outputs: [Output] = []
  /// Further names of nodes that have one already.
  public internal(set) var aliases: [String: Int] = [:]

  /// A value to be kept once the graph has run.
  public struct Output: Hashable, Sendable {
    public let name: String
    public let node: Int
  }

  /// The first output.
  public var output: Int { outputs.first?.node ?? 0 }

  /// The node of a name or alias, weights by their GGUF name.
  public func node(named name: String) -> Int? { aliases[name] ?? nodes.firstIndex { $0.name == name } }

  /// Every weight with its sizes, in order of first use.
  public var weights: [(name: String, shape: [Int])] {
    nodes.compactMap { if case .weight(let name, let shape) = $0.op { (name, shape) } else { nil } }
  }

  /// Every state in the order it is written.
  public var states: [State] { nodes.compactMap(\.op.state) }

  /// How many later nodes read each node's value; an output counts as read once.
  public var uses: [Int] {
    var counts = [Int](repeating: 0, count: nodes.count)
    for node in nodes { for input in node.inputs { counts[input] += 1 } }
    for output in outputs { counts[output.node] += 1 }
    return counts
  }
}

extension Op {
  /// The state this operation updates.
  public var state: State? {
    switch self {
    case .append(let state), .shortConvolution(let state), .recurrence(_, let state): state
    default: nil
    }
  }
}

/// A description that does not fit together: where, and why.
public struct GraphError: Error, CustomStringConvertible, Sendable {
  public let node: String
  public let reason: String
  public init(node: String, reason: String) { (self.node, self.reason) = (node, reason) }
  public var description: String { "\(node): \(reason)" }
}
