public import GraphIR
import TensorCore

/// What training makes small.
///
/// The loss is `Σᵣ target_weights[r] · (log Σ exp(logits[r]) − logits[r, targets[r]])`: with weights of 1 / R the mean
/// cross-entropy, with 0 for rows that do not count.
public struct Objective: Hashable, Sendable {
  /// Multiplies the load-balancing loss of a mixture of experts; 0 leaves it out.
  ///
  /// That loss is `E · Σₑ fₑ · pₑ` with the share `fₑ` of rows that chose expert `e`, counted for each of a row's
  /// choices, and the mean `pₑ` of the router's softmax, both over all layers and rows (arXiv 2101.03961 §2.2, as
  /// transformers sums it). Rows are weighed by `token_weights`, which should sum to 1.
  public var loadBalancing: Float

  public init(loadBalancing: Float = 0) { self.loadBalancing = loadBalancing }

  public static let crossEntropy = Objective()
}

extension Graph {
  /// The graph of a training step without its gradients: this model, ending in `loss`.
  ///
  /// Attention reads the step's own rows instead of states. Inputs besides the model's are `targets [R]`,
  /// `target_weights [R]` and, for load balancing, `token_weights [T]`.
  public func trainingLoss(_ objective: Objective = .crossEntropy) throws -> Graph {
    let model = try readingOwnRows()
    let g = GraphBuilder(continuing: model)
    let logits = g.value(model.output)
    guard logits.shape.count == 2, logits.shape.first == .rows else {
      throw GraphError(node: model.nodes[model.output].name, reason: "is \(logits.shape), not logits of rows")
    }
    let losses = logits.crossEntropy(of: g.input("targets", [.rows], .int32)).named("row_losses")
    var loss = (losses * g.input("target_weights", [.rows])).summed(to: [1]).named("cross_entropy")
    if objective.loadBalancing != 0, let balance = try model.loadBalance(g) {
      loss = loss + balance.named("load_balance") * objective.loadBalancing
    }
    return try g.finish([("loss", loss.named("loss"))])
  }

  /// The same graph with every state of attention replaced by the step's own rows.
  package func readingOwnRows() throws -> Graph {
    let g = GraphBuilder()
    var values: [Value] = []
    for node in nodes {
      let operands = node.inputs.map { values[$0] }
      if case .append = node.op {
        values.append(operands[0].shape.count == 3 ? operands[0] : operands[0].reshape(1, operands[0].width))
      } else {
        values.append(g.record(node.op, operands, name: node.name))
      }
    }
    for (name, node) in aliases.sorted(by: { $0.key < $1.key }) { values[node].named(name) }
    return try g.finish(outputs.map { ($0.name, values[$0.node]) })
  }

  /// `E · Σₑ fₑ · pₑ`; nil where nothing is routed.
  private func loadBalance(_ g: GraphBuilder) throws -> Value? {
    let routers = nodes.indices.filter { if case .topK = nodes[$0].op { true } else { false } }.compactMap { choice in
      let name = nodes[choice].name
      guard name.hasSuffix("expert_indices") else { return nil as (logits: Value, choice: Value)? }
      return node(named: name.replacingSuffix("expert_indices", by: "router_logits")).map {
        (g.value($0), g.value(choice))
      }
    }
    guard let first = routers.first else { return nil }
    let experts = first.logits.width
    guard routers.allSatisfy({ $0.logits.width == experts }) else {
      throw GraphError(node: "load_balance", reason: "layers have different counts of experts")
    }
    let weights = g.input("token_weights", [.tokens]).reshape(1)
    var (shares, means): (Value?, Value?)
    for router in routers {
      let chosen = weights.spread(to: router.choice.shape).unpicked(by: router.choice, count: experts)
        .summed(to: [.fixed(experts)])
      let mean = (router.logits.softmax() * weights).summed(to: [.fixed(experts)])
      shares = shares.map { $0 + chosen } ?? chosen
      means = means.map { $0 + mean } ?? mean
    }
    guard let shares, let means else { return nil }
    let count = Float(routers.count)
    return (shares * means).summed(to: [1]) * (Float(experts) / (count * count))
  }
}

extension String {
  fileprivate func replacingSuffix(_ suffix: String, by other: String) -> String { dropLast(suffix.count) + other }
}
