/// How often each pair of neighbouring tokens occurs, by an index that stays while pairs are added.
struct PairCounts {
  private(set) var pairs: [Pair] = []
  var counts: [Int] = []
  /// The words where the last merge formed the pair: an index of `TrainingMerges.formed`, or -1.
  var formed: [Int32] = []
  private var slots = [Int32](repeating: -1, count: 1 << 16)

  struct Pair: Hashable {
    var left: Int32
    var right: Int32

    @inline(__always)
    var hash: Int {
      let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
      return Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 24)
    }
  }

  /// The pair's index; a new pair is added with a count of zero.
  @inline(__always)
  mutating func index(_ left: Int32, _ right: Int32) -> Int {
    let pair = Pair(left: left, right: right)
    let mask = slots.count &- 1
    var slot = pair.hash & mask
    while true {
      let index = slots[slot]
      if index < 0 { return add(pair, slot) }
      if pairs[Int(index)] == pair { return Int(index) }
      slot = (slot &+ 1) & mask
    }
  }

  private mutating func add(_ pair: Pair, _ slot: Int) -> Int {
    slots[slot] = Int32(pairs.count)
    pairs.append(pair)
    counts.append(0)
    formed.append(-1)
    if pairs.count * 2 > slots.count { grow() }
    return pairs.count - 1
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    let mask = slots.count - 1
    for (index, pair) in pairs.enumerated() {
      var slot = pair.hash & mask
      while slots[slot] >= 0 { slot = (slot + 1) & mask }
      slots[slot] = Int32(index)
    }
  }
}

/// Pairs to merge with the words they were formed in; the first is the most frequent, then the one of lower ids.
struct MergeQueue {
  struct Entry {
    var count: UInt64
    var pair: PairCounts.Pair
    /// An index of `PairCounts`.
    var index: Int
    var words: [Int32]

    @inline(__always)
    func isBefore(_ other: Entry) -> Bool {
      if count != other.count { return count > other.count }
      if pair.left != other.pair.left { return pair.left < other.pair.left }
      return pair.right < other.pair.right
    }
  }

  /// A binary heap: entry `i` is before entries `2i + 1` and `2i + 2`.
  private var entries: [Entry] = []

  mutating func push(_ entry: Entry) {
    entries.append(entry)
    var place = entries.count - 1
    while place > 0, entries[place].isBefore(entries[(place - 1) / 2]) {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func pop() -> Entry? {
    guard !entries.isEmpty else { return nil }
    entries.swapAt(0, entries.count - 1)
    let top = entries.removeLast()
    var place = 0
    while true {
      var first = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < entries.count && entries[child].isBefore(entries[first]) { first = child }
      if first == place { return top }
      entries.swapAt(first, place)
      place = first
    }
  }
}
