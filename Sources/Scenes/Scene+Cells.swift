import GraphIR

extension Scene {
  /// A place on a block.
  public struct BlockCells: Hashable, Sendable {
    public let block: Int
    public let copy: Int
    public let row: Int
    public let column: Int
    /// Rows and columns from there.
    public let rows: Int
    public let columns: Int
  }

  /// A cell of any node as a cell of a node that has a block of its own; nil where none shows it.
  public func drawn(_ node: Int, _ index: [Int]) -> (node: Int, index: [Int])? {
    var (node, index) = (node, index)
    for _ in 0..<16 {
      if let own = blocksOfNode[node]?.first, blocks[own].node == node { return (node, index) }
      if let parts = parts[node] {
        let column = index.last ?? 0
        guard let part = parts.first(where: { $0.columns.contains(column) }) else { return nil }
        let shape = [shape(node)[0], part.columns.count]
        index = Self.reshaped(
          index.dropLast() + [column - part.columns.lowerBound], from: shape, to: self.shape(part.node))
        node = part.node
        continue
      }
      let op = graph.nodes[node].op
      guard let next = graph.nodes[node].inputs.first else { return nil }
      switch op {
      case .reshape: index = Self.reshaped(index, from: shape(node), to: shape(next))
      case .slice(let range): index[index.count - 1] += range.lowerBound
      case .append: if shape(next).count == 2 { index.remove(at: 1) }
      case .gather:
        index[0] += sizes.tokens - sizes.rows
        node = graph.nodes[node].inputs[1]
        continue
      default: return nil
      }
      node = next
    }
    return nil
  }

  /// The rectangles on blocks that show a box of cells, at most `limit`.
  public func places(of cells: Cells, limit: Int = 512) -> [BlockCells] {
    var result: [BlockCells] = []
    // Runs along the last dimension; neighbouring runs of a block join downwards.
    let rows = cells.count.dropLast().reduce(1, *)
    for row in 0..<rows where result.count < limit {
      var index = cells.lower
      var rest = row
      for dimension in index.indices.dropLast().reversed() {
        index[dimension] += rest % cells.count[dimension]
        rest /= cells.count[dimension]
      }
      var done = 0
      let width = cells.count.last ?? 1
      while done < width {
        guard let place = place(cells.node, index, most: width - done) else { break }
        let along = max(place.rows, place.columns)
        if let previous = result.last, let joined = previous.joined(below: place) {
          result[result.count - 1] = joined
        } else {
          result.append(place)
        }
        if index.isEmpty { break }
        done += along
        index[index.count - 1] += along
      }
    }
    return result
  }

  /// The run of cells from an index along the last dimension, as far as one copy of a block shows it.
  private func place(_ node: Int, _ index: [Int], most: Int) -> BlockCells? {
    guard let target = drawn(node, index) else { return nil }
    for id in blocksOfNode[target.node] ?? [] {
      guard let cell = blocks[id].cell(target.index) else { continue }
      let block = blocks[id]
      let last = block.shape.count - 1
      if block.columns.dimension == last {
        let room = min(most, block.columns.count - cell.column)
        return BlockCells(block: id, copy: cell.copy, row: cell.row, column: cell.column, rows: 1, columns: room)
      }
      if block.rows.dimension == last {
        let room = min(most, block.rows.count - cell.row)
        return BlockCells(block: id, copy: cell.copy, row: cell.row, column: cell.column, rows: room, columns: 1)
      }
      return BlockCells(block: id, copy: cell.copy, row: cell.row, column: cell.column, rows: 1, columns: 1)
    }
    return nil
  }
}

extension Scene.BlockCells {
  /// Both as one rectangle, where the other continues this one.
  func joined(below other: Self) -> Self? {
    guard block == other.block, copy == other.copy else { return nil }
    if column == other.column, columns == other.columns, row + rows == other.row {
      return Self(block: block, copy: copy, row: row, column: column, rows: rows + other.rows, columns: columns)
    }
    if row == other.row, rows == other.rows, column + columns == other.column {
      return Self(block: block, copy: copy, row: row, column: column, rows: rows, columns: columns + other.columns)
    }
    return nil
  }
}
