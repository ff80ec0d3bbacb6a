/// Merges the pairs of a word list, most frequent first, and keeps every pair's count as it goes (Sennrich et al. 2016).
///
/// A pair that arises again once it is queued, because two merges made the same token, gets a further entry of its own
/// with the new words only; the pair's last merge gives its rank. That is what `tokenizers` does.
struct TrainingMerges {
  /// Each token in GPT-2's byte alphabet, as UTF-8.
  private(set) var tokens: [[UInt8]]
  /// A pair of tokens, in the order in which encoding merges.
  private(set) var rules: [PairCounts.Pair] = []
  private var ids: [[UInt8]: Int32] = [:]
  private let settings: BytePairTrainer.Settings
  /// All words, one behind the other; word `i` is `symbols[starts[i]..<starts[i] + lengths[i]]`.
  private var symbols: [Int32]
  private var starts: [Int32]
  private var lengths: [Int32]
  private var wordCounts: [Int]
  private var pairs = PairCounts()
  private var queue = MergeQueue()
  /// The words that the merge under way formed new pairs in, with each pair's index.
  private var formed: [(index: Int, words: [Int32])] = []

  init(_ words: WordCounts, _ settings: BytePairTrainer.Settings) {
    self.settings = settings
    let specials = settings.specialTokens.map { Array($0.utf8) }
    let bytes = ByteAlphabet.scalars.enumerated().sorted { $0.element < $1.element }
    var idOfByte = [Int32](repeating: 0, count: 256)
    for (order, entry) in bytes.enumerated() { idOfByte[entry.offset] = Int32(specials.count + order) }
    tokens =
      specials
      + bytes.map { entry in
        var text: [UInt8] = []
        UTF8Text.append(entry.element, to: &text)
        return text
      }
    for (id, token) in tokens.enumerated() { ids[token] = Int32(id) }
    symbols = words.storage.map { idOfByte[Int($0)] }
    starts = words.starts
    lengths = zip(words.starts, words.starts.dropFirst()).map { $1 - $0 }
    wordCounts = words.counts
  }

  mutating func run(progress: (Int) -> Void) {
    for word in 0..<lengths.count { count(word) }
    queueFormed()
    var merges: [PairCounts.Pair] = []
    while tokens.count < settings.vocabularySize, var top = queue.pop() {
      let count = UInt64(bitPattern: Int64(pairs.counts[top.index]))
      guard top.count == count else {
        top.count = count
        queue.push(top)
        continue
      }
      if count < 1 || count < UInt64(max(settings.minimumCount, 0)) { break }
      let text = tokens[Int(top.pair.left)] + tokens[Int(top.pair.right)]
      let id = ids[text] ?? Int32(tokens.count)
      if ids[text] == nil {
        tokens.append(text)
        ids[text] = id
      }
      merges.append(top.pair)
      for word in top.words { merge(top.pair, into: id, word: Int(word)) }
      queueFormed()
      if merges.count % 64 == 0 { progress(tokens.count) }
    }
    var seen: Set<PairCounts.Pair> = []
    rules = merges.reversed().filter { seen.insert($0).inserted }.reversed()
  }

  private mutating func count(_ word: Int) {
    let start = Int(starts[word])
    for place in start..<max(start, start + Int(lengths[word]) - 1) {
      change(symbols[place], symbols[place + 1], by: wordCounts[word], word)
    }
  }

  /// Adds to a pair's count; where it grows, the word is one to look at when the pair is merged.
  @inline(__always)
  private mutating func change(_ left: Int32, _ right: Int32, by amount: Int, _ word: Int) {
    let index = pairs.index(left, right)
    pairs.counts[index] += amount
    guard amount > 0 else { return }
    if pairs.formed[index] < 0 {
      pairs.formed[index] = Int32(formed.count)
      formed.append((index, []))
    }
    let place = Int(pairs.formed[index])
    if formed[place].words.last != Int32(word) { formed[place].words.append(Int32(word)) }
  }

  private mutating func queueFormed() {
    for (index, words) in formed {
      pairs.formed[index] = -1
      guard pairs.counts[index] > 0 else { continue }
      queue.push(
        MergeQueue.Entry(count: UInt64(pairs.counts[index]), pair: pairs.pairs[index], index: index, words: words))
    }
    formed.removeAll(keepingCapacity: true)
  }

  /// Replaces the pair in one word, from its start on.
  private mutating func merge(_ pair: PairCounts.Pair, into id: Int32, word: Int) {
    let (start, end, weight) = (Int(starts[word]), Int(starts[word] + lengths[word]), wordCounts[word])
    var (from, to) = (start, start)
    while from < end {
      guard symbols[from] == pair.left, from + 1 < end, symbols[from + 1] == pair.right else {
        symbols[to] = symbols[from]
        (from, to) = (from + 1, to + 1)
        continue
      }
      if to > start {
        change(symbols[to - 1], pair.left, by: -weight, word)
        change(symbols[to - 1], id, by: weight, word)
      }
      if from + 2 < end {
        change(pair.right, symbols[from + 2], by: -weight, word)
        change(id, symbols[from + 2], by: weight, word)
      }
      symbols[to] = id
      (from, to) = (from + 2, to + 1)
    }
    lengths[word] = Int32(to - start)
  }
}
