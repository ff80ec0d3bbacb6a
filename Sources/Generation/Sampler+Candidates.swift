#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tokens still in question. Filters reorder them in place: a heap gives the best first, so nothing is sorted whole.
struct Candidates: Sendable {
  struct Candidate: Sendable {
    var token: Int32
    var logit: Float
    /// What the heap orders by; after `weigh`, the share of the draw.
    var key: Float
  }

  private var items: [Candidate] = []
  private var largest: Float = 0

  /// Tokens and probabilities after `weigh`, likeliest first.
  var probabilities: [(token: Int32, probability: Double)] {
    let total = total
    return items.map { ($0.token, Double($0.key) / total) }
      .sorted { ($0.probability, $1.token) > ($1.probability, $0.token) }
  }

  /// By falling logit, of equals the lower token first.
  var largestFirst: [Candidate] { items.sorted { ($0.logit, $1.token) > ($1.logit, $0.token) } }

  /// Begins with the `count` largest logits, the lower token of equals; all of them where `count` is 0 or less.
  mutating func take(_ logits: UnsafeBufferPointer<Float>, largest count: Int) {
    items.removeAll(keepingCapacity: true)
    let limit = count > 0 ? min(count, logits.count) : logits.count
    items.reserveCapacity(limit)
    var next = 0
    while next < logits.count, items.count < limit {
      // Negated keys: the root is the one to give up first, of equals the latest token.
      if logits[next] > -.infinity {
        items.append(Candidate(token: Int32(next), logit: logits[next], key: -logits[next]))
      }
      next += 1
    }
    if items.count == limit, limit < logits.count { takeLarger(logits, from: next) }
    largest = items.reduce(-.infinity) { max($0, $1.logit) }
  }

  /// Takes what is larger than the smallest so far in its place; most of a vocabulary is passed over 16 at a time.
  private mutating func takeLarger(_ logits: UnsafeBufferPointer<Float>, from start: Int) {
    makeHeap(laterFirst: true)
    var next = start
    while next < logits.count {
      let end = min(logits.count, next + 16)
      if end == next + 16 {
        let part = UnsafeRawPointer(logits.baseAddress! + next).loadUnaligned(as: SIMD16<Float>.self)
        if !any(part .> items[0].logit) {
          next = end
          continue
        }
      }
      for token in next..<end where logits[token] > items[0].logit {
        items[0] = Candidate(token: Int32(token), logit: logits[token], key: -logits[token])
        sink(0, items.count, laterFirst: true)
      }
      next = end
    }
  }

  /// Keeps the tokens whose surprise is nearest to the expected one until their probability exceeds `share`.
  mutating func keepTypical(_ share: Float) {
    let total = items.reduce(0.0) { $0 + power($1, 1) }
    let entropy = items.reduce(0.0) { sum, item in
      let p = power(item, 1) / total
      return p > 0 ? sum - p * log(p) : sum
    }
    for index in items.indices {
      let surprise = log(total) - Double(items[index].logit - largest)
      items[index].key = Float(-abs(surprise - entropy))
    }
    keepBest { $0 > Double(share) * total }
  }

  /// Keeps the likeliest tokens until their probability reaches `share`.
  mutating func keepTop(_ share: Float) {
    let total = items.reduce(0.0) { $0 + power($1, 1) }
    for index in items.indices { items[index].key = items[index].logit }
    keepBest { $0 >= Double(share) * total }
  }

  /// Keeps tokens with at least `share` of the likeliest one's probability.
  mutating func keepAbove(_ share: Float) {
    let least = largest + log(share)
    items.removeAll { $0.logit < least && $0.logit < largest }
  }

  mutating func weigh(temperature: Float) {
    for index in items.indices { items[index].key = Float(power(items[index], temperature)) }
  }

  /// The token at a share `unit` in [0, 1) of all shares.
  func draw(_ unit: Double) -> Int32 {
    var left = unit * total
    for item in items {
      left -= Double(item.key)
      if left < 0 { return item.token }
    }
    return items.last { $0.key > 0 }?.token ?? 0
  }

  private var total: Double { items.reduce(0) { $0 + Double($1.key) } }

  private func power(_ item: Candidate, _ temperature: Float) -> Double {
    exp((Double(item.logit) - Double(largest)) / Double(temperature))
  }

  /// Keeps the best by key until the sum of their powers is enough.
  private mutating func keepBest(until isEnough: (Double) -> Bool) {
    makeHeap(laterFirst: false)
    var sum = 0.0
    var rest = items.count
    while rest > 0 {
      sum += power(items[0], 1)
      rest -= 1
      items.swapAt(0, rest)
      sink(0, rest, laterFirst: false)
      if isEnough(sum) { break }
    }
    items.removeSubrange(..<rest)
    largest = items.reduce(-.infinity) { max($0, $1.logit) }
  }
}

extension Candidates {
  /// Orders a heap with the largest key at the root; of equals the lower token, or the later one.
  private mutating func makeHeap(laterFirst: Bool) {
    for root in (0..<items.count / 2).reversed() { sink(root, items.count, laterFirst: laterFirst) }
  }

  private mutating func sink(_ start: Int, _ end: Int, laterFirst: Bool) {
    func isBetter(_ a: Candidate, _ b: Candidate) -> Bool {
      a.key == b.key ? (a.token > b.token) == laterFirst : a.key > b.key
    }
    var root = start
    while true {
      var best = 2 * root + 1
      if best >= end { return }
      if best + 1 < end, isBetter(items[best + 1], items[best]) { best += 1 }
      if !isBetter(items[best], items[root]) { return }
      items.swapAt(root, best)
      root = best
    }
  }
}
