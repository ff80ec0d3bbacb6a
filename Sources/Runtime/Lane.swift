import Planning

typealias Floats = UnsafeMutablePointer<Float>

/// Which rows, and which columns of products, operations run over.
struct Piece {
  var rows: Range<Int>
  /// Units of columns, in an epilogue.
  var units = 0..<0
  /// The row that lies first in a thread's own memory.
  var firstOwnRow = 0
  /// Words between rows of a tile.
  var tileStride = 0
}

/// An operand for some rows, found: where its first row begins and how it goes on.
struct Lane {
  var base: Floats
  var rowStride: Int
  /// Runs of `width` words in a row, `groupStride` apart.
  var groups: Int
  var groupStride: Int
  var width: Int
  /// Groups of the operand that come before.
  var firstGroup = 0

  var isContiguous: Bool { groups == 1 || groupStride == width }
  /// Words of a row.
  var count: Int { groups * width }

  /// Row `index` of the piece.
  subscript(index: Int) -> Floats { base + index * rowStride }
}

extension Executor {
  /// An operand's part in a piece.
  func lane(_ operand: Operand, _ piece: Piece, _ context: ThreadContext) -> Lane {
    let row = piece.rows.lowerBound
    var lane = Lane(
      base: pointer(operand, row: row, firstOwnRow: piece.firstOwnRow, tileStride: piece.tileStride, context),
      rowStride: operand.space == .tile ? piece.tileStride : operand.rowStride, groups: operand.groups,
      groupStride: operand.groupStride, width: operand.width)
    switch operand.cut {
    case .whole: return lane
    case .groups(let count):
      lane.firstGroup = piece.units.lowerBound * count
      lane.groups = min(operand.groups - lane.firstGroup, piece.units.count * count)
      if operand.space != .tile { lane.base += lane.firstGroup * operand.groupStride }
    case .words(let count):
      let first = piece.units.lowerBound * count
      lane.width = min(operand.width - first, piece.units.count * count)
      if operand.space != .tile { lane.base += first }
    }
    return lane
  }

  /// Where a row of an operand begins; own rows count from `firstOwnRow`.
  @inline(__always)
  func pointer(
    _ operand: Operand, row: Int, firstOwnRow: Int = 0, tileStride: Int = 0, _ context: ThreadContext
  ) -> Floats {
    switch operand.space {
    case .arena: (arena + (operand.offset + row * operand.rowStride) * 4).assumingMemoryBound(to: Float.self)
    case .thread: context.rows + operand.offset + (row - firstOwnRow) * operand.rowStride
    case .tile: context.tiles + operand.offset * Program.tileWords + (row - firstOwnRow) * tileStride
    case .constant(let index): code.constants[index] + operand.offset
    }
  }
}
