import GraphIR
import TensorCore

/// The nodes between the final norm and the parts of a model: sums, norms, products of heads.
///
/// Once the norms' scales are frozen all of it is linear.
struct LinearPath {
  /// What a node of the path is.
  enum Step {
    case sum
    case scaled
    /// Times the factors of an edit.
    case factored
    case norm
    case product(heads: Int)
    case passed
    /// A part of its own: its value meets the gradient.
    case part
  }

  let graph: Graph
  /// Nodes of the path by falling index.
  private(set) var steps: [(node: Int, step: Step)] = []
  /// Nodes whose values are needed.
  private(set) var values: [Int] = []

  init(_ graph: Graph, from start: Int) {
    self.graph = graph
    var reached: Set<Int> = [start]
    var needed: Set<Int> = []
    for node in stride(from: start, through: 0, by: -1) where reached.contains(node) {
      let step = Self.step(node, graph, isStart: node == start)
      steps.append((node, step))
      let inputs = graph.nodes[node].inputs
      switch step {
      case .sum: reached.formUnion(inputs.filter { !Self.isWeight($0, graph) })
      case .scaled, .passed: reached.insert(inputs[0])
      case .norm:
        reached.insert(inputs[0])
        needed.insert(inputs[0])
      case .factored:
        reached.insert(inputs[0])
        needed.insert(inputs[1])
      case .product: needed.insert(inputs[0])
      case .part: needed.insert(node)
      }
    }
    values = needed.sorted()
  }

  static func isWeight(_ node: Int, _ graph: Graph) -> Bool {
    if case .weight = graph.nodes[node].op { true } else { false }
  }

  private static func step(_ index: Int, _ graph: Graph, isStart: Bool) -> Step {
    let node = graph.nodes[index]
    switch node.op {
    case .binary(.add)
    where node.inputs.allSatisfy({ isWeight($0, graph) || graph.nodes[$0].shape == node.shape }):
      return .sum
    case .affine: return .scaled
    case .binary(.multiply) where node.shape.count == 2:
      if case .input = graph.nodes[node.inputs[1]].op { return .factored }
      return .part
    case .rmsNorm where node.shape.count == 2, .layerNorm where node.shape.count == 2: return .norm
    case .linear:
      if let heads = heads(of: node.inputs[0], graph), (graph.nodes[node.inputs[0]].shape.last?.fixed ?? 0) % heads == 0
      {
        return .product(heads: heads)
      }
      return .part
    case .reshape where node.shape.count == 2 && graph.nodes[node.inputs[0]].shape.count == 2: return .passed
    default: return .part
    }
  }

  /// Heads that stand side by side in a product's input: it comes from attention or a recurrence, number by number.
  private static func heads(of index: Int, _ graph: Graph) -> Int? {
    let node = graph.nodes[index]
    switch node.op {
    case .attentionMix, .recurrence: return node.shape[1].fixed
    case .reshape, .headLinear, .unary, .binary(.multiply), .rmsNorm, .affine, .binary(.add), .slice:
      return heads(of: node.inputs[0], graph)
    default: return nil
    }
  }
}

/// The gradient of a logit on its way from the head to the parts.
struct LinearWalk {
  let graph: Graph
  let values: [String: [Float]]
  let weights: WeightRows
  private(set) var parts: [Contributions.Part] = []
  private var gradients: [Int: [Double]] = [:]

  init(graph: Graph, values: [String: [Float]], weights: WeightRows) {
    (self.graph, self.values, self.weights) = (graph, values, weights)
  }

  mutating func run(from start: Int, gradient: [Double]) throws {
    gradients[start] = gradient
    for (index, step) in LinearPath(graph, from: start).steps {
      guard let gradient = gradients.removeValue(forKey: index) else { continue }
      let node = graph.nodes[index]
      switch step {
      case .sum:
        for input in node.inputs {
          if case .weight(let name, _) = graph.nodes[input].op {
            add(.bias, name, Self.dot(gradient, try weights.all(name)))
          } else {
            pass(gradient, to: input)
          }
        }
      case .scaled:
        guard case .affine(let scale, let offset) = node.op else { continue }
        pass(gradient.map { $0 * Double(scale) }, to: node.inputs[0])
        if offset != 0 { add(.bias, node.name, Double(offset) * gradient.reduce(0, +)) }
      case .factored:
        let factors = values[graph.nodes[node.inputs[1]].name] ?? []
        pass(
          gradient.indices.map { gradient[$0] * Double(factors.count == 1 ? factors[0] : factors[$0]) },
          to: node.inputs[0])
      case .norm: try norm(node, gradient)
      case .product(let heads): try product(node, gradient, heads: heads)
      case .passed: pass(gradient, to: node.inputs[0])
      case .part:
        var value = Self.dot(gradient, values[node.name] ?? [])
        if node.op == .linear, node.inputs.count > 2, case .weight(let name, _) = graph.nodes[node.inputs[2]].op {
          let bias = Self.dot(gradient, try weights.all(name))
          add(.bias, name, bias, of: node.name)
          value -= bias
        }
        add(kind(of: node), node.name, value)
      }
    }
    parts.reverse()
  }

  private func kind(of node: Node) -> Contributions.Part.Kind {
    if node.op == .gather { return .embedding }
    if case .input = node.op { return .edit }
    if node.op == .linear, case .weight(let name, _) = graph.nodes[node.inputs[1]].op {
      return name.contains("attn") || name.contains("ssm") ? .mixer : .feedForward
    }
    return node.name.contains(".mlp") || LayerMap.layer(of: node.name) == nil ? .feedForward : .mixer
  }

  mutating func add(
    _ kind: Contributions.Part.Kind, _ name: String, _ value: Double, head: Int? = nil, of owner: String? = nil
  ) {
    let layer = LayerMap.layer(of: owner ?? name) ?? Self.blockNumber(name)
    parts.append(Contributions.Part(kind: kind, layer: layer, head: head, name: name, value: value))
  }

  /// The number in `blk.N.…`.
  private static func blockNumber(_ name: String) -> Int? {
    name.hasPrefix("blk.") ? Int(name.dropFirst(4).prefix { $0 != "." }) : nil
  }

  private mutating func pass(_ gradient: [Double], to node: Int) {
    guard let known = gradients[node] else {
      gradients[node] = gradient
      return
    }
    gradients[node] = zip(known, gradient).map { $0 + $1 }
  }

  /// A norm with its scale frozen: `x · w / √(mean(x²) + ε)`, or the same of `x − mean(x)`, and its bias.
  private mutating func norm(_ node: Node, _ gradient: [Double]) throws {
    let x = (values[graph.nodes[node.inputs[0]].name] ?? []).map { Double($0) }
    var weighted = gradient
    if node.inputs.count > 1, case .weight(let name, _) = graph.nodes[node.inputs[1]].op {
      weighted = zip(gradient, try weights.all(name)).map { $0 * Double($1) }
    }
    if node.inputs.count > 2, case .weight(let name, _) = graph.nodes[node.inputs[2]].op {
      add(.bias, name, Self.dot(gradient, try weights.all(name)), of: node.name)
    }
    let count = Double(max(1, x.count))
    switch node.op {
    case .rmsNorm(let epsilon):
      let scale = 1 / (x.reduce(0) { $0 + $1 * $1 } / count + Double(epsilon)).squareRoot()
      pass(weighted.map { $0 * scale }, to: node.inputs[0])
    case .layerNorm(let epsilon):
      let mean = x.reduce(0, +) / count
      let scale = 1 / (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count + Double(epsilon)).squareRoot()
      let middle = weighted.reduce(0, +) / count
      pass(weighted.map { ($0 - middle) * scale }, to: node.inputs[0])
    default: break
    }
  }

  /// The output projection of heads: what each head's own columns give.
  private mutating func product(_ node: Node, _ gradient: [Double], heads: Int) throws {
    guard case .weight(let name, _) = graph.nodes[node.inputs[1]].op else { return }
    let x = values[graph.nodes[node.inputs[0]].name] ?? []
    let sums = try weights.transposed(name, times: gradient)
    let width = x.count / heads
    for head in (0..<heads).reversed() {
      let columns = head * width..<(head + 1) * width
      add(.head, node.name, columns.reduce(0.0) { $0 + sums[$1] * Double(x[$1]) }, head: head)
    }
    if node.inputs.count > 2, case .weight(let name, _) = graph.nodes[node.inputs[2]].op {
      add(.bias, name, Self.dot(gradient, try weights.all(name)), of: node.name)
    }
  }

  private static func dot(_ a: [Double], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * Double($1.1) } }
}
