/// Sequences in a list, each of which comes once before any comes again: documents in parts, or conversations.
struct SequenceList: TrainingData {
  let sequences: [TrainingSequence]
  let heldOut: [TrainingSequence]
  let vocabularySize: Int
  let longestRows: Int
  let what: String

  /// Throws `DataError` where there is nothing to learn from.
  init(
    _ sequences: [TrainingSequence], heldOut: [TrainingSequence], vocabularySize: Int, what: String, path: String
  ) throws {
    guard !sequences.isEmpty else { throw DataError(path: path, reason: "there is nothing to learn from") }
    (self.sequences, self.heldOut) = (sequences, heldOut)
    (self.vocabularySize, self.what) = (vocabularySize, what)
    longestRows = (sequences + heldOut).reduce(1) { max($0, $1.rowCount) }
  }

  var hasAnswers: Bool { false }
  var summary: String {
    let rows = sequences.reduce(0) { $0 + $1.rowCount }
    return "\(sequences.count) \(what) of \(rows) tokens; \(heldOut.count) held out"
  }

  func sequences(step: Int, seed: UInt64, count: Int) -> [TrainingSequence] {
    (0..<count).map { index in
      let place = step * count + index
      let (round, inside) = place.quotientAndRemainder(dividingBy: sequences.count)
      return sequences[Shuffle(count: sequences.count, key: seed &+ UInt64(round) &* 0x9E37_79B9_7F4A_7C15)[inside]]
    }
  }
}

/// An order of `0..<count` that a key decides, looked up in constant time: a Feistel network of four rounds over the next
/// power of four, walked until it lands inside (Black and Rogaway 2002).
struct Shuffle {
  let count: Int
  let key: UInt64
  private let halfBits: Int

  init(count: Int, key: UInt64) {
    (self.count, self.key) = (count, key)
    var bits = 1
    while bits < 31, 1 << (2 * bits) < count { bits += 1 }
    halfBits = bits
  }

  subscript(place: Int) -> Int {
    var value = place
    repeat { value = permuted(value) } while value >= count
    return value
  }

  private func permuted(_ value: Int) -> Int {
    let mask = 1 << halfBits - 1
    var (left, right) = (value >> halfBits, value & mask)
    for round in 0..<4 {
      var random = TrainingRandom(key, UInt64(round), UInt64(right))
      (left, right) = (right, left ^ Int(random.next() & UInt64(mask)))
    }
    return left << halfBits | right
  }
}
