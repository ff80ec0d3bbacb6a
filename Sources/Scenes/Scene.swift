public import GraphIR
import TensorCore

/// A graph laid out in space: every weight and value is a block whose cells are its elements, with a place of its own.
///
/// The layout follows from the graph's operations and names alone. The residual stream is a vertical spine that runs
/// down; what mixes tokens hangs left of it, what works on each token hangs right. One unit is one cell; x grows to the
/// right, y downwards, z towards the viewer. The same graph and sizes always give the same scene.
public struct Scene: Sendable {
  public internal(set) var graph: Graph
  public internal(set) var sizes: Sizes
  public internal(set) var blocks: [Block] = []
  /// Which blocks a block is made from, values only.
  public internal(set) var wires: [Wire] = []
  /// Nodes whose cells are drawn as another node's.
  public internal(set) var folded: [Folded] = []
  /// The width of the residual stream.
  public internal(set) var hiddenSize = 1
  /// The distance between neighbouring blocks.
  public internal(set) var gap = 1.0
  /// For a node whose block shows only its later views: those, and which columns each has.
  var parts: [Int: [Part]] = [:]
  /// Blocks that show a node's cells.
  var blocksOfNode: [Int: [Int]] = [:]

  /// How long a prompt is and how many of its rows have logits.
  public struct Sizes: Hashable, Sendable {
    public var tokens: Int
    public var rows: Int

    public init(tokens: Int, rows: Int? = nil) {
      self.tokens = max(1, tokens)
      self.rows = min(max(1, rows ?? tokens), max(1, tokens))
    }

    var bindings: [String: Int] { ["T": tokens, "S": tokens, "R": rows] }
  }

  public struct Wire: Hashable, Sendable {
    public let from: Int
    public let to: Int
  }

  public struct Folded: Hashable, Sendable {
    public let node: Int
    public let reason: String
  }

  /// The sizes of a node's value.
  public func shape(_ node: Int) -> [Int] { graph.nodes[node].shape.map { $0.size(sizes.bindings) } }

  /// The blocks that show a node's cells, its own or those it is folded into.
  public func blocks(of node: Int) -> [Int] { blocksOfNode[node] ?? [] }
}

/// A place or a distance, in cells.
public struct Point: Hashable, Sendable {
  public var x: Double
  public var y: Double
  public var z: Double
  public init(_ x: Double, _ y: Double, _ z: Double) { (self.x, self.y, self.z) = (x, y, z) }
}

/// One weight or value, or some columns of one: a rectangle of cells, or several copies of a rectangle.
public struct Block: Hashable, Sendable {
  public let id: Int
  public let node: Int
  /// The node's name, as in `blocks.3.attn.q` or `blk.3.attn_q.weight`.
  public let name: String
  public let operation: String
  public let kind: Kind
  public let part: Part
  public let layer: Int?
  /// The sizes of the node's value.
  public let shape: [Int]
  public let columns: Axis
  public let rows: Axis
  public let fan: Fan?
  /// The upper left corner of the first copy.
  public var origin: Point
  /// When the value is made: its place among all that are.
  public let order: Int

  public enum Kind: String, Hashable, Sendable { case weight, value, index }

  public enum Part: String, Hashable, Sendable {
    case embedding, attention, recurrence, feedForward, experts, stream, head
  }

  /// A direction of the rectangle: which dimension of the value runs along it, from which index, how far.
  public struct Axis: Hashable, Sendable {
    /// Nil for a single row or column.
    public var dimension: Int?
    public var first = 0
    public var count = 1
  }

  /// Copies of the rectangle: heads, experts, or the stretches of a dimension that is too long for one.
  public struct Fan: Hashable, Sendable {
    public var dimension: Int
    public var count: Int
    /// Indices of `dimension` that one copy covers.
    public var chunk = 1
    /// Indices that all copies cover; the last copy may be short.
    public var total: Int
    public var step = Point(0, 0, 0)
  }

  /// The value's index at a cell; nil past the end of a short last copy.
  public func index(copy: Int, row: Int, column: Int) -> [Int]? {
    guard row >= 0, column >= 0, copy >= 0, row < rows.count, column < columns.count, copy < fan?.count ?? 1 else {
      return nil
    }
    var index = [Int](repeating: 0, count: shape.count)
    if let dimension = rows.dimension { index[dimension] = rows.first + row }
    if let dimension = columns.dimension { index[dimension] = columns.first + column }
    if let fan {
      index[fan.dimension] += copy * fan.chunk
      let first =
        fan.dimension == columns.dimension ? columns.first : fan.dimension == rows.dimension ? rows.first : 0
      if index[fan.dimension] >= first + fan.total { return nil }
    }
    return index
  }

  /// The cell that shows an index; nil where the block does not.
  public func cell(_ index: [Int]) -> (copy: Int, row: Int, column: Int)? {
    guard index.count == shape.count else { return nil }
    var column = columns.dimension.map { index[$0] - columns.first } ?? 0
    var row = rows.dimension.map { index[$0] - rows.first } ?? 0
    var copy = 0
    if let fan {
      if fan.dimension == columns.dimension {
        guard column >= 0, column < fan.total else { return nil }
        (copy, column) = (column / fan.chunk, column % fan.chunk)
      } else if fan.dimension == rows.dimension {
        guard row >= 0, row < fan.total else { return nil }
        (copy, row) = (row / fan.chunk, row % fan.chunk)
      } else {
        copy = index[fan.dimension]
      }
    }
    guard (0..<rows.count).contains(row), (0..<columns.count).contains(column), copy >= 0, copy < fan?.count ?? 1
    else { return nil }
    return (copy, row, column)
  }
}
