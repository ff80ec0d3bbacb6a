/// Buffers of one run, so that words allocate nothing.
struct BytePairBuffers {
  struct Symbol {
    var start: Int32
    var end: Int32
    /// The token, or -1 for a character that is none.
    var id: Int32
    var previous: Int32 = -1
    var next: Int32 = -1
  }

  struct Candidate {
    var rank: Int32
    var left: Int32
    var middle: Int32
    var end: Int32
    var id: Int32

    @inline(__always)
    static func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
      a.rank != b.rank ? a.rank < b.rank : a.left < b.left
    }
  }

  var symbols: [Symbol] = []
  var merges: [PairTable.Merge] = []
  var heap: [Candidate] = []
  /// For a token that is only a step: the length of its left part.
  var splits: [Int32: Int32] = [:]
  /// What happens to a word, where that is asked for.
  var log: Log?

  struct Log {
    /// The first symbols.
    var symbols: [Symbol] = []
    var merges: [Candidate] = []
  }
}

extension BytePair {
  private static let shortWord = 48

  /// Appends the tokens of `text[start..<end]`.
  func encode(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ vocabulary: Vocabulary,
    _ buffers: inout BytePairBuffers, _ output: inout [Int32]
  ) {
    guard end > start, let base = text.baseAddress else { return }
    if takesWholeWords {
      let id = vocabulary.find(base + start, end - start)
      if id >= 0 {
        output.append(id)
        return
      }
    }
    begin(text, start, end, vocabulary, &buffers)
    buffers.log?.symbols = buffers.symbols
    if buffers.symbols.count <= Self.shortWord {
      mergeShort(base, vocabulary, &buffers)
    } else {
      mergeLong(base, vocabulary, &buffers)
    }
    finish(base, vocabulary, &buffers, &output)
  }

  /// The first symbols: bytes or characters.
  private func begin(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ vocabulary: Vocabulary,
    _ buffers: inout BytePairBuffers
  ) {
    buffers.symbols.removeAll(keepingCapacity: true)
    switch atoms {
    case .bytes(let ids):
      for position in start..<end {
        let id = ids[Int(text[position])]
        if id >= 0 || unknown >= 0 { add(position, position + 1, id, &buffers) }
      }
    case .characters:
      var position = start
      while position < end {
        let next = min(position + UTF8Text.length(text[position]), end)
        addCharacter(text, position, next, (position == start, next == end), vocabulary, &buffers)
        position = next
      }
    }
  }

  @inline(__always)
  private func add(_ start: Int, _ end: Int, _ id: Int32, _ buffers: inout BytePairBuffers) {
    buffers.symbols.append(.init(start: Int32(start), end: Int32(end), id: id))
  }

  private func addCharacter(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ isAtBorder: (first: Bool, last: Bool),
    _ vocabulary: Vocabulary, _ buffers: inout BytePairBuffers
  ) {
    guard case .pairs = rule else {
      add(start, end, mergeable(vocabulary.find(text.baseAddress! + start, end - start)), &buffers)
      return
    }
    var id: Int32
    if continuingPrefix.isEmpty && endSuffix.isEmpty {
      id = vocabulary.find(text.baseAddress! + start, end - start)
    } else {
      let prefix = isAtBorder.first ? [] : continuingPrefix
      id = vocabulary.id(of: prefix + Array(text[start..<end]) + (isAtBorder.last ? endSuffix : [])) ?? -1
    }
    if id < 0, let byteTokens {
      for position in start..<end { add(position, position + 1, byteTokens[Int(text[position])], &buffers) }
      return
    }
    if id < 0 {
      guard unknown >= 0 else { return }
      if fusesUnknown, let last = buffers.symbols.last, last.id == -1 {
        buffers.symbols[buffers.symbols.count - 1].end = Int32(end)
        return
      }
    }
    add(start, end, id, &buffers)
  }

  @inline(__always)
  private func mergeable(_ id: Int32) -> Int32 {
    if case .ranks(let ranks) = rule, id >= 0, ranks[Int(id)] < 0 { return -1 }
    return id
  }

  /// The merge of two neighbours, if there is one; its rank is `.max` if not.
  @inline(__always)
  func candidate(
    _ left: BytePairBuffers.Symbol, _ right: BytePairBuffers.Symbol, _ base: UnsafePointer<UInt8>,
    _ vocabulary: Vocabulary
  ) -> PairTable.Merge {
    switch rule {
    case .pairs(let pairs):
      guard left.id >= 0, right.id >= 0 else { break }
      return pairs.find(left.id, right.id) ?? PairTable.Merge(rank: .max, id: -1)
    case .ranks(let ranks):
      let id = vocabulary.find(base + Int(left.start), Int(right.end &- left.start))
      if id >= 0, ranks[Int(id)] >= 0 { return PairTable.Merge(rank: ranks[Int(id)], id: id) }
    }
    return PairTable.Merge(rank: .max, id: -1)
  }

  func note(_ id: Int32, _ leftLength: Int32, _ buffers: inout BytePairBuffers) {
    if !unused.isEmpty, unused.contains(id) { buffers.splits[id] = leftLength }
  }

  /// Quadratic, for words of a few dozen symbols: the smallest rank is searched each time.
  private func mergeShort(_ base: UnsafePointer<UInt8>, _ vocabulary: Vocabulary, _ buffers: inout BytePairBuffers) {
    var count = buffers.symbols.count
    guard count > 1 else { return }
    buffers.merges.removeAll(keepingCapacity: true)
    func look(_ index: Int, _ buffers: inout BytePairBuffers) -> PairTable.Merge {
      let merge = candidate(buffers.symbols[index], buffers.symbols[index + 1], base, vocabulary)
      if merge.id >= 0 { note(merge.id, buffers.symbols[index].end - buffers.symbols[index].start, &buffers) }
      return merge
    }
    for index in 0..<count - 1 { buffers.merges.append(look(index, &buffers)) }
    while count > 1 {
      var (best, rank) = (-1, Int32.max)
      for index in 0..<count - 1 where buffers.merges[index].rank < rank {
        (best, rank) = (index, buffers.merges[index].rank)
      }
      if best < 0 { break }
      let (left, right) = (buffers.symbols[best], buffers.symbols[best + 1])
      buffers.log?.merges.append(
        .init(rank: rank, left: left.start, middle: left.end, end: right.end, id: buffers.merges[best].id))
      buffers.symbols[best].end = buffers.symbols[best + 1].end
      buffers.symbols[best].id = buffers.merges[best].id
      buffers.symbols.remove(at: best + 1)
      buffers.merges.remove(at: best)
      count -= 1
      if best < count - 1 { buffers.merges[best] = look(best, &buffers) }
      if best > 0 { buffers.merges[best - 1] = look(best - 1, &buffers) }
    }
  }

  private func finish(
    _ base: UnsafePointer<UInt8>, _ vocabulary: Vocabulary, _ buffers: inout BytePairBuffers, _ output: inout [Int32]
  ) {
    var isAfterUnknown = false
    for symbol in buffers.symbols where symbol.end > symbol.start {
      if symbol.id >= 0, unused.isEmpty || !unused.contains(symbol.id) {
        output.append(symbol.id)
        isAfterUnknown = false
      } else {
        emit(base, symbol, vocabulary, buffers, &isAfterUnknown, &output)
      }
    }
  }

  /// A symbol that is no token for output: an unused one is taken apart, an unknown one becomes bytes or `unknown`.
  private func emit(
    _ base: UnsafePointer<UInt8>, _ symbol: BytePairBuffers.Symbol, _ vocabulary: Vocabulary,
    _ buffers: BytePairBuffers, _ isAfterUnknown: inout Bool, _ output: inout [Int32]
  ) {
    let length = symbol.end - symbol.start
    if symbol.id >= 0, unused.contains(symbol.id), let left = buffers.splits[symbol.id], left > 0, left < length {
      for (start, end) in [(symbol.start, symbol.start + left), (symbol.start + left, symbol.end)] {
        let id = mergeable(vocabulary.find(base + Int(start), Int(end - start)))
        emit(base, .init(start: start, end: end, id: id), vocabulary, buffers, &isAfterUnknown, &output)
      }
    } else if symbol.id >= 0 {
      output.append(symbol.id)
      isAfterUnknown = false
    } else if let byteTokens {
      for position in Int(symbol.start)..<Int(symbol.end) { output.append(byteTokens[Int(base[position])]) }
    } else {
      if unknown >= 0, !(isAfterUnknown && fusesUnknown) { output.append(unknown) }
      isAfterUnknown = true
    }
  }
}
