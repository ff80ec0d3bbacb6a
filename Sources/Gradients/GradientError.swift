/// A gradient that cannot be given: of which value, made by which operation, and why.
public struct GradientError: Error, Equatable, Sendable, CustomStringConvertible {
  public let node: String
  /// The operation's short name.
  public let op: String
  public let reason: String

  public init(node: String, op: String, reason: String) { (self.node, self.op, self.reason) = (node, op, reason) }

  public var description: String { "\(node) (\(op)): \(reason)" }
}
