import GraphIR

extension StateStore {
  /// The shape of a state's content after `count` positions: a cache's is `[heads, rows, bytes of a row]` in whole tiles,
  /// that of others `[elements]` of float32.
  public func contentShape(of state: Int, positions count: Int) -> [Int] {
    let layout = layout(state)
    return states[state].isCache
      ? [layout.heads, min(State.tiled(count), layout.rows), layout.rowBytes] : [layout.slotBytes / 4]
  }

  /// Lends a state's content after `count` positions piece by piece: a cache's tiles of each head as they lie, or the
  /// whole of another state.
  public func forEachPiece(
    of state: Int, slot: Int, positions count: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    let layout = layout(state)
    guard states[state].isCache else {
      return try body(UnsafeMutableRawBufferPointer(start: head(state, slot: slot, head: 0), count: layout.slotBytes))
    }
    prepare(slot: slot, through: count)
    for head in 0..<layout.heads {
      let rows = min(State.tiled(count), layout.rows)
      try body(
        UnsafeMutableRawBufferPointer(start: self.head(state, slot: slot, head: head), count: rows * layout.rowBytes))
    }
  }

  /// Whether some state carries no positions.
  public var isRecurrent: Bool { states.contains { !$0.isCache } }

  /// Rows of the shortest ring; nil without one.
  public var leastRing: Int? {
    states.indices.filter { layout($0).isRing }.map { layout($0).rows }.min()
  }
}
