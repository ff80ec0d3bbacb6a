public import Generation
import GraphIR
import Quantization

/// What each part of a model adds to the logit of one token at one position: direct logit attribution.
///
/// The scale of the final norm, and of norms between a part and the stream (Gemma), is frozen at the run's value; then
/// everything from a part's result to the logit is linear and the parts' sum is the logit before any capping.
public struct Contributions: Sendable {
  public let position: Int
  public let token: Int32
  /// As the engine computes it, before any capping.
  public let logit: Double
  public let parts: [Part]
  /// The logit less the parts' sum: the rounding of the engine's activations.
  public var rest: Double { logit - parts.reduce(0) { $0 + $1.value } }
  /// The sum of all parts' sizes.
  public var magnitude: Double { parts.reduce(0) { $0 + abs($1.value) } }

  public struct Part: Sendable {
    public enum Kind: String, Sendable { case embedding, head, feedForward, bias, mixer, edit }
    public let kind: Kind
    public let layer: Int?
    public let head: Int?
    /// The value of the graph that it is, or the weight of a bias.
    public let name: String
    public let value: Double
  }
}

/// Reads contributions of one model: how its logits hang on the stream, and the weights on the way.
public final class Attribution: Sendable {
  let graph: Graph
  let tail: ModelTail
  private let weights: WeightRows
  private let lens: LogitLens
  /// Nodes whose values at the position are needed.
  let names: [String]

  /// Opens the model's file again to read weights as stored. Throws what opening throws, and `LensError`.
  public init(_ model: LanguageModel, lens: LogitLens) throws {
    (graph, self.lens) = (model.graph, lens)
    tail = try ModelTail(graph)
    weights = try WeightRows(path: model.path)
    names = LinearPath(graph, from: tail.normalized).values.map { [graph] in graph.nodes[$0].name }
  }

  /// What adds to the logit of `token` at `position` of `recording`; nil where idle work must wait.
  ///
  /// Throws `LensError` for a token or position that there is not.
  public func contributions(
    of recording: Recording, position: Int, token: Int32, urgency: Urgency = .view
  ) throws -> Contributions? {
    guard (0..<lens.vocabularySize).contains(Int(token)) else {
      throw LensError.range("token \(token) is asked for; the vocabulary has \(lens.vocabularySize)")
    }
    guard let values = try recording.values(names, position..<position + 1, urgency: urgency),
      let stream = values[graph.nodes[tail.stream].name],
      let logit = lens.uncappedLogit(stream, token: Int(token), urgency: urgency)
    else { return nil }
    var walk = LinearWalk(graph: graph, values: values, weights: weights)
    let row = try weights.row(Int(token), of: tail.matrix)
    try walk.run(from: tail.normalized, gradient: row.map { Double($0) })
    if let bias = tail.bias {
      walk.add(.bias, bias, Double(try weights.all(bias)[Int(token)]))
    }
    return Contributions(position: position, token: token, logit: logit, parts: walk.parts)
  }
}
