import CKernels
public import GraphIR
public import TensorCore

/// The states of a model for some sequences side by side, in the formats of a plan.
///
/// A cache lies `[slot][head][tile of 16 rows]`, in each tile as `cache_append` stores keys or values; a ring keeps
/// position `p` in row `p % rows`. Addresses are reserved at once, memory is taken as positions are written: in small
/// pages at first, in huge ones for a sequence that grows long.
public final class StateStore: @unchecked Sendable {
  public let states: [State]
  public let context: Int
  public let slots: Int
  public let format: BlockFormat
  private let buffer: Buffer
  private let layouts: [Layout]
  /// Slots whose memory has been asked for in huge pages.
  private var isEnlarged: [Bool]
  /// Positions from which on reading speed is worth the memory of a whole slot.
  private static let longSequence = 512

  struct Layout {
    var offset: Int
    /// Positions kept; 1 where the state does not grow.
    var rows: Int
    var heads: Int
    /// Elements of one head's row.
    var width: Int
    /// Bytes of one head's row, of one head, of one slot.
    var rowBytes: Int
    var headBytes: Int
    var slotBytes: Int
    var isRing: Bool
    /// Whether rows serve as keys and lie so.
    var isKeys: Bool
  }

  /// `keys` says which states serve as keys. Throws where the system refuses the addresses.
  public init(
    states: [State], keys: Set<Int>, context: Int, slots: Int, format: BlockFormat
  ) throws(AllocationError) {
    (self.states, self.context, self.slots, self.format) = (states, context, slots, format)
    var offset = 0
    layouts = states.enumerated().map { index, state in
      var layout = Self.layout(state, offset: offset, context: context, format: format)
      layout.isKeys = keys.contains(index)
      offset += (layout.slotBytes * slots + 63) / 64 * 64
      return layout
    }
    buffer = try Buffer(count: offset, pages: .small)
    isEnlarged = [Bool](repeating: false, count: slots)
  }

  /// Bytes in all, once every position is written.
  public var bytes: Int { buffer.count }

  private static func layout(_ state: State, offset: Int, context: Int, format: BlockFormat) -> Layout {
    var heads = 1
    var isRing = false
    if case .keyValue(_, let count, _, let retention) = state {
      heads = count
      isRing = retention != .all
    }
    let rows = state.rows(context: context)
    let rowBytes =
      state.isCache ? cache_row_bytes(format.rawValue, state.rowWidth / heads) : state.rowWidth * 4
    return Layout(
      offset: offset, rows: rows, heads: heads, width: state.rowWidth / heads, rowBytes: rowBytes,
      headBytes: rows * rowBytes,
      slotBytes: heads * rows * rowBytes, isRing: isRing, isKeys: false)
  }

  /// Hears how far a sequence will reach before its rows are written.
  func prepare(slot: Int, through position: Int) {
    guard position > Self.longSequence, !isEnlarged[slot] else { return }
    isEnlarged[slot] = true
    for layout in layouts where layout.rows > Self.longSequence {
      let start = layout.offset + slot * layout.slotBytes
      buffer.enlarge(start..<start + layout.slotBytes)
    }
  }

  func layout(_ state: Int) -> Layout { layouts[state] }

  /// One head's rows of a slot.
  func head(_ state: Int, slot: Int, head: Int) -> UnsafeMutableRawPointer {
    let layout = layouts[state]
    return buffer.base + layout.offset + slot * layout.slotBytes + head * layout.headBytes
  }

  /// Which of a head's rows keeps a position.
  func row(_ state: Int, position: Int) -> Int {
    let layout = layouts[state]
    return layout.isRing ? position % layout.rows : position
  }

  /// Forgets a sequence: states that carry no positions become zero.
  public func clear(slot: Int) {
    for (index, state) in states.enumerated() where !state.isCache {
      head(index, slot: slot, head: 0).initializeMemory(as: UInt8.self, repeating: 0, count: layouts[index].slotBytes)
    }
  }
}
