import GraphIR

/// A box of cells of one node's value: from `lower`, so many along each dimension.
public struct Cells: Hashable, Sendable {
  public let node: Int
  public let lower: [Int]
  public let count: [Int]

  public init(node: Int, lower: [Int], count: [Int]) {
    (self.node, self.lower, self.count) = (node, lower, count)
  }

  /// One cell.
  public init(node: Int, at index: [Int]) {
    self.init(node: node, lower: index, count: [Int](repeating: 1, count: index.count))
  }

  public var size: Int { count.reduce(1, *) }
}

/// Where a cell comes from: for each operand of its operation, the boxes of cells that it was computed from.
public struct Sources: Hashable, Sendable {
  /// One entry an operand, in the order of the node's inputs.
  public var operands: [[Cells]]
}

/// Reads cells in the order of their indices; nil where a value is not at hand.
public typealias CellReader = (Cells) -> [Double]?

/// A node's operands with their sizes, ready to name cells of them.
struct OperandCells {
  let nodes: [Int]
  let shapes: [[Int]]

  init(_ node: Node, shape: (Int) -> [Int]) {
    nodes = node.inputs
    shapes = node.inputs.map(shape)
  }

  var count: Int { nodes.count }

  /// The cells with these indices; nil in `index` stands for all along that dimension.
  func cells(_ operand: Int, _ index: [Int?]) -> Cells {
    let shape = shapes[operand]
    return Cells(
      node: nodes[operand], lower: index.map { $0 ?? 0 },
      count: zip(index, shape).map { $0 == nil ? $1 : 1 })
  }

  func all(_ operand: Int) -> Cells { cells(operand, shapes[operand].map { _ in nil }) }

  /// The cell at an index whose last dimensions are the operand's, which may be 1 where the result is wider.
  func aligned(_ operand: Int, _ index: [Int]) -> Cells {
    let shape = shapes[operand]
    let suffix = index.suffix(shape.count)
    return Cells(node: nodes[operand], at: zip(suffix, shape).map { $1 == 1 ? 0 : $0 })
  }

  /// The first `rows` rows at an index of the other dimensions.
  func rows(_ operand: Int, _ range: Range<Int>, _ index: [Int?]) -> Cells {
    let rest = cells(operand, [0] + index)
    return Cells(
      node: rest.node, lower: [range.lowerBound] + rest.lower.dropFirst(),
      count: [range.count] + rest.count.dropFirst())
  }
}
