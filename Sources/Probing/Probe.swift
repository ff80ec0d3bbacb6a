import Gradients
public import GraphIR
import Reference
import TensorCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One text that a model is asked about again and again while it is trained: where its heads look, what each layer
/// would say next, and how its loss flows back.
///
/// Values are the reference evaluation's in float64: exact, and slow, so `workLimit` keeps it to small models.
public struct Probe: Sendable {
  /// What the model reads.
  public let tokens: [Int32]
  /// What follows each of them.
  public let targets: [Int32]
  /// Of each target, whether its loss counts.
  public let counts: [Bool]

  let context: Int
  /// The forward pass with the head on every depth of the stream: outputs `lens.0`, … and last the logits.
  let lens: Graph
  let backward: Graph
  /// Nodes of the forward pass and the loss; those after them are the backward pass.
  let forwardCount: Int

  /// Products of one forward pass at most.
  public static let workLimit = 1 << 30

  /// A probe with `sequence`, at least two tokens, of which the last is only foretold; `counts` as of a training
  /// sequence, empty where all count. `graph` is the model's, `isWanted` names the weights that are trained.
  ///
  /// Throws `ProbeError` for a model that is too large, `GradientError` and `GraphError` for one without gradients.
  public init(
    _ graph: Graph, sequence: [Int32], counts: [Bool] = [], context: Int, wanting isWanted: (String) -> Bool
  ) throws {
    guard sequence.count > 1, counts.isEmpty || counts.count >= sequence.count - 1 else {
      throw ProbeError("a probe needs at least two tokens")
    }
    tokens = sequence.dropLast()
    targets = Array(sequence.dropFirst())
    self.counts = counts.isEmpty ? targets.map { _ in true } : Array(counts.prefix(targets.count))
    self.context = max(context, tokens.count)
    let size = graph.weights.reduce(0) { $0 + $1.shape.reduce(1, *) }
    guard size < Self.workLimit / tokens.count else {
      throw ProbeError("\(size) weights are too many to follow in float64 while training goes on")
    }
    lens = try graph.withLens()
    let loss = try graph.trainingLoss()
    forwardCount = loss.nodes.count
    backward = try loss.withGradients(wanting: isWanted)
  }

  /// What a row and a depth say of the next token.
  public struct Reading: Hashable, Sendable {
    /// The likeliest.
    public let token: Int32
    public let probability: Double
    /// Of the token that does follow.
    public let target: Double
  }

  /// Attention and lens with some weights.
  public struct Look: Sendable {
    /// Of each layer with softmax attention `[heads, rows, rows]`.
    public let attention: [(heads: Int, pattern: [Double])]
    /// `[depths][rows]`; depth 0 is the embedding, the last is the model's answer.
    public let readings: [[Reading]]
  }

  /// Evaluates the text; `weights` gives each weight of the graph by name.
  public func look(_ weights: (String) throws -> [Double]) throws -> Look {
    var attention: [(heads: Int, pattern: [Double])] = []
    let outputs = try PreciseEvaluator(graph: lens, weights: weights, context: context)
      .evaluate(sequences: [tokens]) { node, value in
        guard case .attentionPattern = node.op else { return }
        attention.append((value.shape[1], value.headsFirst))
      }
    let readings = lens.outputs.map { output in
      outputs[output.name].map { logits in targets.indices.map { reading(logits.row($0), row: $0) } } ?? []
    }
    return Look(attention: attention, readings: readings)
  }

  private func reading(_ logits: ArraySlice<Double>, row: Int) -> Reading {
    let shares = softmax(Array(logits))
    let best = shares.indices.max { shares[$0] < shares[$1] } ?? 0
    return Reading(token: Int32(best), probability: shares[best], target: shares[Int(targets[row])])
  }

  /// One forward and backward pass with every value kept; the loss is the mean over the targets that count.
  public func pass(_ weights: (String) throws -> [Double]) throws -> BackwardPass {
    let share = 1 / Double(max(1, counts.count { $0 }))
    var values = [HostArray<Double>?](repeating: nil, count: backward.nodes.count)
    var place = 0
    let evaluator = try PreciseEvaluator(
      graph: backward,
      weights: { name in
        let weight = try weights(name)
        if let node = backward.node(named: name), case .weight(_, let shape) = backward.nodes[node].op,
          weight.count == shape.reduce(1, *)
        {
          values[node] = HostArray(shape: shape, values: weight)
        }
        return weight
      }, context: context)
    _ = try evaluator.evaluate(
      sequences: [tokens],
      inputs: ["targets": targets.map { Double($0) }, "target_weights": counts.map { $0 ? share : 0 }]
    ) { _, value in
      while case .weight = backward.nodes[place].op { place += 1 }
      values[place] = value
      place += 1
    }
    return BackwardPass(graph: backward, forwardCount: forwardCount, values: values, context: context)
  }
}

/// A text or model that cannot be followed.
public struct ProbeError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

func softmax(_ values: [Double]) -> [Double] {
  let largest = values.max() ?? 0
  let powers = values.map { exp($0 - largest) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}

extension HostArray<Double> {
  /// `[rows, heads, positions]` as `[heads, rows, positions]`.
  fileprivate var headsFirst: [Double] {
    let (rows, heads) = (shape[0], shape[1])
    return (0..<heads).flatMap { head in (0..<rows).flatMap { row(($0 * heads) + head) } }
  }
}
