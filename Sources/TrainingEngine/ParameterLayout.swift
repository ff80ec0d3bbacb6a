public import GraphIR
import TensorCore

/// Where each trained weight lies in one flat buffer of float32: weights, gradients and an optimizer's moments share it.
///
/// Tensors follow one another in the graph's order, each starts at a multiple of 64 bytes, and what lies between two is
/// zero in every buffer.
public struct ParameterLayout: Hashable, Sendable {
  /// One weight's place.
  public struct Tensor: Hashable, Sendable {
    /// The graph's name of the weight, as in `blk.0.attn_q.weight`.
    public let name: String
    /// Outermost dimension first.
    public let shape: [Int]
    /// The first element's index in the buffer.
    public let offset: Int
    public let count: Int

    /// The elements in the buffer.
    public var range: Range<Int> { offset..<offset + count }
  }

  public let tensors: [Tensor]
  /// Elements of the buffer.
  public let count: Int

  /// Elements of 64 bytes.
  static let alignment = 16

  /// The weights of `graph` that `isWanted` names, in the graph's order.
  public init(_ graph: Graph, wanting isWanted: (String) -> Bool = { _ in true }) {
    var (tensors, end): ([Tensor], Int) = ([], 0)
    for (name, shape) in graph.weights where isWanted(name) {
      let count = shape.reduce(1, *)
      tensors.append(Tensor(name: name, shape: shape, offset: end, count: count))
      end += (count + Self.alignment - 1) / Self.alignment * Self.alignment
    }
    (self.tensors, count) = (tensors, end)
  }

  /// The place of a weight by its name; nil where it is not trained.
  public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }
}
