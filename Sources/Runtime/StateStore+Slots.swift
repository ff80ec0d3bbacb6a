import GraphIR

extension StateStore {
  /// Whether a slot that holds `held` positions can go back to its first `kept` by counting fewer: every row that they
  /// need is still there.
  ///
  /// Full caches always can, rings until they have wrapped, recurrent states never.
  public func canForget(from held: Int, to kept: Int) -> Bool {
    if kept == held { return true }
    return states.indices.allSatisfy { index in
      states[index].isCache && (!layout(index).isRing || held <= layout(index).rows)
    }
  }

  /// Gives one slot the states that another has after its first `count` positions, to which it could go back.
  public func copy(from source: Int, to target: Int, positions count: Int) {
    prepare(slot: target, through: count)
    for (index, state) in states.enumerated() {
      let layout = layout(index)
      // Whole tiles, since rows of keys lie across theirs.
      let bytes = state.isCache ? min(State.tiled(count), layout.rows) * layout.rowBytes : layout.headBytes
      for head in 0..<layout.heads {
        self.head(index, slot: target, head: head)
          .copyMemory(from: self.head(index, slot: source, head: head), byteCount: bytes)
      }
    }
  }
}
