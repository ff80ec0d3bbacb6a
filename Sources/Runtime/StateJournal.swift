import CKernels
import GraphIR
import TensorCore

/// What some coming rows of a slot will overwrite, kept so that they can be taken back.
///
/// Full caches need none. Of rings the tiles are kept whose rows will be overwritten, of recurrent states all.
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
      forEachPiece(store) { piece, tile in
        let kept = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + piece.count])
        offset += piece.count
        if let tile {
          tile.restore(from: kept, to: piece, position..<start + count)
        } else {
          piece.copyMemory(from: kept)
        }
      }
    }
  }

  /// A tile of a ring: which state's, and the first of its rows.
  private struct Tile {
    let layout: StateStore.Layout
    let format: UInt32
    let first: Int

    /// Copies the rows that keep `positions`.
    func restore(
      from kept: UnsafeRawBufferPointer, to piece: UnsafeMutableRawBufferPointer, _ positions: Range<Int>
    ) {
      for position in positions where position % layout.rows / State.tile == first / State.tile {
        cache_copy_row(
          format, layout.isKeys ? 1 : 0, layout.width, kept.baseAddress!, piece.baseAddress!,
          position % layout.rows % State.tile)
      }
    }
  }

  private func forEachPiece(_ store: StateStore, _ body: (UnsafeMutableRawBufferPointer, Tile?) -> Void) {
    for (index, state) in store.states.enumerated() {
      let layout = store.layout(index)
      if !state.isCache {
        let base = store.head(index, slot: slot, head: 0)
        body(UnsafeMutableRawBufferPointer(start: base, count: layout.slotBytes), nil)
      } else if layout.isRing {
        let tiles = Set((start..<start + count).map { $0 % layout.rows / State.tile }).sorted()
        for head in 0..<layout.heads {
          for tile in tiles {
            let first = tile * State.tile
            body(
              UnsafeMutableRawBufferPointer(
                start: store.head(index, slot: slot, head: head) + first * layout.rowBytes,
                count: State.tile * layout.rowBytes),
              Tile(layout: layout, format: store.format.rawValue, first: first))
          }
        }
      }
    }
  }
}
