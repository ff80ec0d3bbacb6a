import GraphIR
import Reference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension CellRule {
  func rope(_ embedding: RotaryEmbedding) -> Result {
    guard last < embedding.width else {
      return Result(value: first(0), words: "This element does not turn.", symbols: "y = x", numbers: text(first(0)))
    }
    let isFirst = last < embedding.partner(of: last)
    let pair = embedding.interleaved ? last / 2 : last % (embedding.width / 2)
    let angle = first(1) * embedding.frequencies(context: context)[pair]
    let magnitude = Double(embedding.magnitude)
    let (cosine, sine) = (cos(angle) * magnitude, sin(angle) * magnitude)
    let (a, b) = (values[0][0], values[0][1])
    let value = isFirst ? a * cosine - b * sine : b * cosine + a * sine
    let numbers =
      isFirst
      ? "\(text(a)) × \(text(cosine)) \(signed(-b)) × \(text(sine))"
      : "\(text(b)) × \(text(cosine)) \(signed(a)) × \(text(sine))"
    return Result(
      value: value, words: "Two numbers turned together, further for every position.",
      symbols: isFirst ? "y = a·cos(p·ω) − b·sin(p·ω)" : "y = b·cos(p·ω) + a·sin(p·ω)",
      numbers: "position \(Int(first(1))): \(numbers) = \(text(value))")
  }

  /// Fewer rows than taps stand at the beginning of a prompt; they meet the last taps.
  func convolution() -> Result {
    let taps = Array(values[1].suffix(values[0].count))
    let products = zip(values[0], taps).map(*)
    let bias = values.count > 2 ? first(2) : nil
    let value = products.reduce(0, +) + (bias ?? 0)
    let terms = Explanation.Term.largest(products, of: [values[0], taps])
    return Result(
      value: value, words: "The last few tokens of this channel, each times its tap.",
      symbols: "y[t, c] = Σⱼ w[c, j] · x[t − taps + 1 + j, c]" + (bias == nil ? "" : " + b[c]"),
      numbers: sum(terms, of: products.count, bias.map { [$0] } ?? []) + " = \(text(value))", terms: terms)
  }

  /// Runs one column of the head's matrix over all tokens so far.
  func recurrence(_ rule: RecurrenceRule) -> Result {
    let query = values[0]
    let width = query.count
    var state = [Double](repeating: 0, count: width)
    for t in values[2].indices {
      let key = values[1][t * width..<(t + 1) * width]
      let fade = Reference.apply(.exp, to: values[3][t])
      for i in state.indices { state[i] *= fade }
      var change = values[2][t]
      if rule == .gatedDelta {
        let recalled = zip(key, state).reduce(0) { $0 + $1.0 * $1.1 }
        change = (values.count > 4 ? values[4][t] : 1) * (change - recalled)
      }
      for (i, k) in key.enumerated() { state[i] += k * change }
    }
    let products = zip(query, state).map(*)
    let value = products.reduce(0, +)
    let terms = Explanation.Term.largest(products, of: [query, state])
    return Result(
      value: value, words: rule.words, symbols: rule.symbols,
      numbers: "\(values[2].count) tokens: \(sum(terms, of: products.count, [])) = \(text(value))", terms: terms)
  }

  /// The place of the score that is `last`-th largest among those that take part.
  func choice(_ selection: Selection) -> Result {
    let scores = values[0].map { $0.isNaN ? -.infinity : $0 }
    func ranked(_ places: [Int], _ scores: [Double]) -> [Int] {
      places.sorted { (scores[$0], $1) > (scores[$1], $0) }
    }
    var places = Array(scores.indices)
    if let groups = selection.groups {
      let size = scores.count / groups.count
      let totals = (0..<groups.count).map { group in
        scores[group * size..<(group + 1) * size].sorted(by: >).prefix(groups.best).reduce(0, +)
      }
      let used = Set(ranked(Array(totals.indices), totals).prefix(groups.used))
      places = places.filter { used.contains($0 / size) }
    }
    let chosen = ranked(places, scores)[last]
    return Result(
      value: Double(chosen), words: "The number of the \(last == 0 ? "largest score" : "score of rank \(last + 1)").",
      symbols: "n[t, k] = place of the k-th largest x[t, ·]",
      numbers: "score \(text(scores[chosen])) of \(scores.count) → \(chosen)")
  }

  // MARK: Text

  /// A few terms of a sum, largest first, and how many there are.
  func sum(_ terms: [Explanation.Term], of count: Int, _ extra: [Double]) -> String {
    let shown = terms.prefix(3).map { "\(text($0.factors[0]))×\(text($0.factors[1]))" }.joined(separator: " + ")
    let rest = count > 3 ? " + … (\(count) products)" : ""
    return (shown.isEmpty ? "0" : shown) + rest + extra.map { " \(signed($0))" }.joined()
  }

  /// Four significant digits.
  func text(_ value: Double) -> String { Explanation.text(value) }
  func signed(_ value: Double) -> String { value < 0 ? "− \(text(-value))" : "+ \(text(value))" }
}

extension Explanation {
  /// A number in at most four significant digits.
  public static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "−∞" : "∞" }
    if value == 0 { return "0" }
    var (scaled, exponent) = (abs(value), 0)
    while scaled >= 10 { (scaled, exponent) = (scaled / 10, exponent + 1) }
    while scaled < 1 { (scaled, exponent) = (scaled * 10, exponent - 1) }
    let sign = value < 0 ? "−" : ""
    if value == value.rounded(), abs(value) < 1e6 { return "\(sign)\(Int(abs(value)))" }
    if exponent >= 5 || exponent < -4 { return "\(sign)\((scaled * 1000).rounded() / 1000)e\(exponent)" }
    let places = max(0, 3 - exponent)
    let factor = (0..<places).reduce(1.0) { power, _ in power * 10 }
    let whole = Int((abs(value) * factor).rounded())
    guard places > 0 else { return "\(sign)\(whole)" }
    let digits = String(whole)
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return sign + padded.dropLast(places) + "." + padded.suffix(places)
  }
}

extension Explanation.Term {
  /// The eight largest products of a sum.
  static func largest(_ products: [Double], of factors: [[Double]]) -> [Explanation.Term] {
    products.indices.sorted { abs(products[$0]) > abs(products[$1]) }.prefix(8).map { place in
      Explanation.Term(place: place, factors: factors.map { $0[place] }, product: products[place])
    }
  }
}

extension Unary {
  /// The function in symbols.
  var symbols: String {
    switch self {
    case .silu: "y = x / (1 + e⁻ˣ)"
    case .sigmoid: "y = 1 / (1 + e⁻ˣ)"
    case .gelu: "y = ½x · (1 + erf(x / √2))"
    case .geluTanh: "y = ½x · (1 + tanh(√(2/π) · (x + 0.044715x³)))"
    case .relu: "y = max(x, 0)"
    case .reluSquared: "y = max(x, 0)²"
    case .tanh: "y = tanh(x)"
    case .exp: "y = eˣ"
    case .softplus: "y = ln(1 + eˣ)"
    case .log1p: "y = ln(1 + x)"
    case .floor: "y = ⌊x⌋"
    case .negate: "y = −x"
    }
  }
}
