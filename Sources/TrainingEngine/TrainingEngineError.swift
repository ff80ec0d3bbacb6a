/// Why a training step cannot be planned or run: what is wrong, and where.
public enum TrainingEngineError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The graph needs something that the engine cannot give.
  case unplannable(node: String, reason: String)
  /// A weight is neither in the layout nor given as frozen, or has another size.
  case weight(name: String, reason: String)
  /// A tap is no value of the graph.
  case unknownTap(String)
  /// A part of a batch does not fit the others, the graph or the plan.
  case batch(reason: String)
  /// An operation met operands that it cannot use.
  case operation(node: String, reason: String)
  /// The loss is infinite or not a number; gradients are of no use.
  case lossNotFinite(Float)

  public var description: String {
    switch self {
    case .unplannable(let node, let reason): "\(node): \(reason)"
    case .weight(let name, let reason): "weight \(name) \(reason)"
    case .unknownTap(let name): "the graph has no value \(name)"
    case .batch(let reason): "the batch \(reason)"
    case .operation(let node, let reason): "\(node): \(reason)"
    case .lossNotFinite(let loss): "the loss is \(loss)"
    }
  }
}
