import Runtime

/// Sequences that begin like one that a slot holds start from its states.
extension SchedulerThread {
  /// The fewest positions for which states are copied.
  private static let leastCopy = 4

  /// Gives a sequence a free slot with as much of its prompt as any slot holds.
  func place(_ sequence: ScheduledSequence) -> Slot? {
    guard let spare = spareSlot() else { return nil }
    let prompt = sequence.tokens
    let source = slots.max { reusable($0, prompt) < reusable($1, prompt) } ?? spare
    let count = reusable(source, prompt)
    var slot = spare
    let lost = source.tokens.count - count
    let isConsumed = source === spare || source.kept == .sequence && lost * 8 <= source.tokens.count
    if count > 0, source.sequence == nil, isConsumed {
      slot = source
      slot.tokens.removeLast(slot.tokens.count - count)
    } else if count >= Self.leastCopy {
      states.copy(from: source.index, to: slot.index, positions: count)
      source.lastUse = step
      slot.tokens = Array(prompt[..<count])
    } else {
      states.clear(slot: slot.index)
      slot.tokens.removeAll(keepingCapacity: true)
    }
    slot.kept = .sequence
    slot.sequence = sequence
    sequence.request.count { $0.reused = slot.tokens.count }
    planSnapshots(slot, sequence)
    return slot
  }

  /// How many positions of a slot a prompt can start from; its last token is always read, for its logits.
  private func reusable(_ slot: Slot, _ prompt: [Int32]) -> Int {
    let count = min(slot.tokens.commonPrefix(with: prompt), prompt.count - 1)
    return states.canForget(from: slot.tokens.count, to: count) ? count : 0
  }

  /// The free slot whose content is the least loss.
  private func spareSlot() -> Slot? {
    func loss(_ slot: Slot) -> (Int, Int) { (slot.tokens.isEmpty ? 0 : slot.kept == .promptEnd ? 1 : 2, slot.lastUse) }
    return slots.filter { $0.sequence == nil }.min { loss($0) < loss($1) }
  }

  /// Where states cannot go back, they are kept where another sequence may begin: where this prompt leaves one that came
  /// before, and where it ends.
  private func planSnapshots(_ slot: Slot, _ sequence: ScheduledSequence) {
    let prompt = sequence.tokens
    let held = slots.filter { $0 !== slot && !states.canForget(from: max(1, $0.tokens.count), to: 0) }
    let left = held.map { $0.tokens.commonPrefix(with: prompt) }.max() ?? 0
    sequence.snapshots = [left, prompt.count].filter { $0 >= 16 && $0 > slot.tokens.count }
    if sequence.snapshots.count == 2, left == prompt.count { sequence.snapshots.removeLast() }
  }

  /// Keeps the states of a slot where its sequence has a snapshot planned, if it costs no sequence and no better one.
  func keepSnapshot(of slot: Slot) {
    guard let sequence = slot.sequence, sequence.snapshots.first == slot.tokens.count else { return }
    sequence.snapshots.removeFirst()
    guard !states.canForget(from: slot.tokens.count, to: 0) else { return }
    let kind = slot.tokens.count == sequence.tokens.count ? Slot.Kept.promptEnd : .branch
    func loss(_ place: Slot) -> (Int, Int) { (place.tokens.isEmpty ? -1 : place.kept.rawValue, place.lastUse) }
    let places = slots.filter { $0.sequence == nil && ($0.tokens.isEmpty || $0.kept.rawValue <= kind.rawValue) }
    guard let place = places.min(by: { loss($0) < loss($1) }) else { return }
    states.copy(from: slot.index, to: place.index, positions: slot.tokens.count)
    (place.tokens, place.kept, place.lastUse) = (slot.tokens, kind, step)
  }
}

extension [Int32] {
  /// How many tokens at the beginning are the same.
  func commonPrefix(with other: [Int32]) -> Int {
    let end = Swift.min(count, other.count)
    var index = 0
    while index < end, self[index] == other[index] { index += 1 }
    return index
  }
}
