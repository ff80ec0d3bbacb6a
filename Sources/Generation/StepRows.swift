import Runtime

/// The rows of one step: which sequences take part, with how many tokens each.
struct StepRows {
  private(set) var tokens: [Int32] = []
  private(set) var runs: [Run] = []
  /// Rows whose logits are wanted, and the slots they are for.
  private(set) var outputs: [Int32] = []
  private(set) var choosing: [Slot] = []
  private(set) var slots: [Slot] = []
  private var reading: [Slot] = []

  /// Packs a step: one row of each sequence that has begun, then rows of prompts up to `mixed` in all, or up to `most`
  /// where none has begun.
  mutating func pack(_ all: [Slot], mixed: Int, most: Int) {
    tokens.removeAll(keepingCapacity: true)
    runs.removeAll(keepingCapacity: true)
    outputs.removeAll(keepingCapacity: true)
    choosing.removeAll(keepingCapacity: true)
    slots.removeAll(keepingCapacity: true)
    reading.removeAll(keepingCapacity: true)
    for slot in all where slot.sequence != nil {
      if slot.sequence!.hasBegun, slot.unread == 1 { add(slot, 1) } else { reading.append(slot) }
    }
    var room = (runs.isEmpty ? most : min(most, max(mixed, runs.count + 1))) - runs.count
    guard room > 0, !reading.isEmpty else { return }
    reading.sort { $0.sequence!.number < $1.sequence!.number }
    // The oldest is sure of half; the shortest come next, and what they leave is the oldest's again.
    let oldest = reading.removeFirst()
    reading.sort { ($0.unread, $0.sequence!.number) < ($1.unread, $1.sequence!.number) }
    let sure = min(oldest.unread, max(1, (room + 1) / 2))
    var left = room - sure
    let others = reading.reduce(0) { $0 + $1.unread }
    let first = min(oldest.unread, sure + max(0, left - others))
    add(oldest, first)
    room -= first
    left = room
    for slot in reading where left > 0 {
      let count = min(left, slot.unread)
      add(slot, count)
      left -= count
    }
  }

  /// Adds rows, up to the next position after which the states are to be kept.
  private mutating func add(_ slot: Slot, _ most: Int) {
    let sequence = slot.sequence!
    let start = slot.tokens.count
    let count = min(most, (sequence.snapshots.first ?? .max) - start)
    runs.append(Run(slot: slot.index, start: start, count: count))
    tokens += sequence.tokens[start..<start + count]
    slots.append(slot)
    if start + count == sequence.tokens.count {
      outputs.append(Int32(tokens.count - 1))
      choosing.append(slot)
    }
  }
}
