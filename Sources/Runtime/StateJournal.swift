import GraphIR

/// What some coming rows of a slot will overwrite, kept so that they can be taken back.
///
/// Full caches need none. Of rings the rows are kept that will be overwritten, of recurrent states all.
public struct StateJournal: Sendable {
  private var bytes: [UInt8] = []
  private var (slot, start, count) = (0, 0, 0)

  public init() {}

  /// Records before `count` rows from `position` on are run, at most as many as the shortest ring has.
  public mutating func record(_ store: StateStore, slot: Int, position: Int, count: Int) {
    bytes.removeAll(keepingCapacity: true)
    (self.slot, start, self.count) = (slot, position, count)
    forEachPiece(store) { piece, _ in bytes.append(contentsOf: UnsafeRawBufferPointer(piece)) }
  }

  /// Puts back what rows from `position` on have overwritten; recurrent states go back to where recording began.
  public func restore(_ store: StateStore, from position: Int) {
    var offset = 0
    bytes.withUnsafeBytes { bytes in
      forEachPiece(store) { piece, row in
        if row.map({ $0 >= position }) ?? true {
          piece.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + piece.count]))
        }
        offset += piece.count
      }
    }
  }

  private func forEachPiece(_ store: StateStore, _ body: (UnsafeMutableRawBufferPointer, Int?) -> Void) {
    for (index, state) in store.states.enumerated() {
      let layout = store.layout(index)
      if !state.isCache {
        let base = store.head(index, slot: slot, head: 0)
        body(UnsafeMutableRawBufferPointer(start: base, count: layout.slotBytes), nil)
      } else if layout.isRing {
        for head in 0..<layout.heads {
          for position in start..<start + count {
            let row = store.row(index, slot: slot, head: head, position: position)
            body(UnsafeMutableRawBufferPointer(start: row, count: layout.rowBytes), position)
          }
        }
      }
    }
  }
}
