/// Different words and how often each was met, in the order of their first meeting.
package struct WordCounts: Sendable, Equatable {
  package init() {}

  package private(set) var storage: [UInt8] = []
  /// The word `i` is `storage[starts[i]..<starts[i + 1]]`.
  package private(set) var starts: [Int32] = [0]
  package private(set) var counts: [Int] = []
  private var slots = [Int32](repeating: -1, count: 1 << 12)

  var count: Int { counts.count }

  /// Counts parts of a text. Throws where different words take two gigabytes together.
  mutating func add(_ text: [UInt8], _ ranges: ArraySlice<Range<Int>>) throws(TokenizerError) {
    for range in ranges {
      guard storage.count + range.count < Int(Int32.max) else {
        throw .untrainable("the different words of this text take more than \(Int32.max) bytes")
      }
      if (count + 1) * 2 > slots.count { grow() }
      text.withUnsafeBufferPointer { add($0.baseAddress! + range.lowerBound, range.count) }
    }
  }

  private mutating func add(_ word: UnsafePointer<UInt8>, _ length: Int) {
    let slot = slot(word, length)
    let found = slots[slot]
    if found >= 0 {
      counts[Int(found)] += 1
      return
    }
    slots[slot] = Int32(count)
    storage.append(contentsOf: UnsafeBufferPointer(start: word, count: length))
    starts.append(Int32(storage.count))
    counts.append(1)
  }

  /// The slot that holds this word, or the free one for it.
  private func slot(_ word: UnsafePointer<UInt8>, _ length: Int) -> Int {
    slots.withUnsafeBufferPointer { slots in
      storage.withUnsafeBufferPointer { storage in
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: byteHash(word, length)) & mask
        while slots[slot] >= 0 {
          let start = Int(starts[Int(slots[slot])])
          let size = Int(starts[Int(slots[slot]) &+ 1]) &- start
          if size == length, bytesEqual(storage.baseAddress! + start, word, length) { break }
          slot = (slot &+ 1) & mask
        }
        return slot
      }
    }
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    for word in 0..<count {
      let (start, end) = (Int(starts[word]), Int(starts[word + 1]))
      let place = storage.withUnsafeBufferPointer { slot($0.baseAddress! + start, end - start) }
      slots[place] = Int32(word)
    }
  }
}
