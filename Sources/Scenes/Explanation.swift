import GraphIR
import Reference

/// How a cell came to its value: the rule in words and symbols, the rule with this cell's numbers, and its sources.
public struct Explanation: Hashable, Sendable {
  public var words: String
  public var symbols: String
  /// The same with actual numbers, shortened where a sum has many terms; ends with the result.
  public var numbers: String
  /// What the rule gives for the numbers of `sources`, in double precision.
  public var value: Double
  /// The largest products of a sum by magnitude, as place in the sum, factors and product; empty for other rules.
  public var terms: [Term] = []
  public var sources: Sources

  public struct Term: Hashable, Sendable {
    public let place: Int
    public let factors: [Double]
    public let product: Double
  }
}

extension Scene {
  /// How a cell came to its value; nil for inputs, weights and training operations, and where a source is not at hand.
  ///
  /// `context` is the longest sequence that the run is meant for, which some rotations depend on.
  public func explanation(of node: Int, at index: [Int], context: Int? = nil, read: CellReader) -> Explanation? {
    let sources = sources(of: node, at: index, read: read)
    var values: [[Double]] = []
    for boxes in sources.operands {
      var all: [Double] = []
      for cells in boxes {
        guard let part = read(cells) else { return nil }
        all += part
      }
      values.append(all)
    }
    let operands = OperandCells(graph.nodes[node], shape: shape)
    var rule = CellRule(
      index: index, values: values, shapes: operands.shapes, context: context ?? sizes.tokens, shape: shape(node))
    guard let result = rule.apply(graph.nodes[node].op) else { return nil }
    return Explanation(
      words: result.words, symbols: result.symbols, numbers: result.numbers, value: result.value,
      terms: result.terms, sources: sources)
  }
}

/// Computes one cell from the values of its sources.
struct CellRule {
  let index: [Int]
  /// For each operand, the values of its boxes one after the other.
  let values: [[Double]]
  let shapes: [[Int]]
  let context: Int
  let shape: [Int]

  struct Result {
    var value: Double
    var words: String
    var symbols: String
    var numbers: String
    var terms: [Explanation.Term] = []
  }

  var last: Int { index.last ?? 0 }
  func first(_ operand: Int) -> Double { values[operand].first ?? .nan }

  mutating func apply(_ op: Op) -> Result? {
    switch op {
    case .input, .weight, .training: return nil
    case .gather:
      return copied(
        values[1].first, "The row that the number names, copied.", "y[i, c] = table[n[i], c]", "row \(Int(first(0)))")
    case .linear: return dot("Each input times its weight, summed.", "y[t, o] = Σᵢ x[t, i] · W[o, i]", bias: 2)
    case .headLinear:
      return dot("The head's input times the head's own matrix.", "y[t, h, o] = Σᵢ x[t, h, i] · W[h, o, i]", bias: nil)
    case .expertLinear:
      return dot(
        "The input times the chosen expert's matrix.", "y[t, k, o] = Σᵢ x[t, i] · W[e, o, i],  e = chosen[t, k]",
        bias: nil, note: "expert \(Int(first(2))): ")
    case .rmsNorm(let epsilon): return rmsNorm(Double(epsilon))
    case .layerNorm(let epsilon): return layerNorm(Double(epsilon))
    case .rope(let embedding): return rope(embedding)
    case .append: return copied(first(0), "Kept for later tokens as it is.", "y = x", "")
    case .attentionScores(let scale, let softcap, _): return score(Double(scale), softcap.map { Double($0) })
    case .attentionPattern:
      return softmax(
        at: last, sink: values.count > 1 ? first(1) : nil,
        "Scores become shares of 1: each token this row sees gets its part.")
    case .attentionMix:
      return dot(
        "Values of the tokens, each times its share.", "z[t, h, c] = Σₛ pattern[t, h, s] · v[s, h, c]", bias: nil)
    case .shortConvolution: return convolution()
    case .recurrence(let rule, _): return recurrence(rule)
    case .topK(let selection): return choice(selection)
    case .pick:
      return copied(
        first(0), "The score at the chosen number.", "y[t, k] = x[t, chosen[t, k]]", "number \(Int(first(1)))")
    case .weightedSum:
      return dot(
        "What each chosen expert gives, times its weight, summed.", "y[t, c] = Σₖ x[t, k, c] · w[t, k]", bias: nil)
    case .unary(let function): return unary(function)
    case .binary(let function): return binary(function)
    case .affine(let scale, let offset):
      let (x, a, b) = (first(0), Double(scale), Double(offset))
      return Result(
        value: x * a + b, words: "Times a fixed number" + (b == 0 ? "." : ", plus a fixed number."),
        symbols: b == 0 ? "y = a · x" : "y = a · x + b",
        numbers: "\(text(a)) × \(text(x))" + (b == 0 ? "" : " \(signed(b))") + " = \(text(x * a + b))")
    case .clamp(let lower, let upper):
      let y = max(Double(lower), min(Double(upper), first(0)))
      return copied(
        y, "Held between two bounds.", "y = min(max(x, low), high)",
        "\(text(first(0))) within \(text(Double(lower)))…\(text(Double(upper)))")
    case .softmax: return softmax(at: last, sink: nil, "Scores become shares of 1.")
    case .normalizeSum(let epsilon):
      let sum = values[0].reduce(Double(epsilon), +)
      return copied(
        values[0][last] / sum, "Divided by the row's sum.", "y = x / Σ x", "\(text(values[0][last])) ÷ \(text(sum))")
    case .cast(let type):
      let y = type == .int32 ? first(0).rounded(.towardZero) : first(0)
      return copied(y, "The same number in another type.", "y = x", text(first(0)))
    case .reshape, .slice: return copied(first(0), "The same cell, seen in another shape.", "y = x", "")
    case .concatenate: return copied(values.first { !$0.isEmpty }?.first, "Two rows side by side.", "y = [a, b]", "")
    }
  }

  private func copied(_ value: Double?, _ words: String, _ symbols: String, _ note: String) -> Result? {
    guard let value else { return nil }
    return Result(
      value: value, words: words, symbols: symbols, numbers: (note.isEmpty ? "" : note + " → ") + text(value))
  }

  /// `Σ a · b (+ bias)` of the first two operands.
  private func dot(_ words: String, _ symbols: String, bias: Int?, note: String = "") -> Result {
    let products = zip(values[0], values[1]).map { $0 == 0 ? 0 : $0 * $1 }
    let extra = bias.flatMap { $0 < values.count ? values[$0].first : nil }
    let value = products.reduce(0, +) + (extra ?? 0)
    let terms = Explanation.Term.largest(products, of: [values[0], values[1]])
    return Result(
      value: value, words: words, symbols: symbols + (extra == nil ? "" : " + b[o]"),
      numbers: note + sum(terms, of: products.count, extra.map { [$0] } ?? []) + " = \(text(value))", terms: terms)
  }

  private func score(_ scale: Double, _ softcap: Double?) -> Result {
    let symbols =
      softcap == nil ? "s[t, h, s] = scale · Σᵢ q[t, h, i] · k[s, h, i]" : "s = cap · tanh(scale · q·k / cap)"
    guard !values[0].isEmpty else {
      return Result(
        value: -.infinity, words: "Hidden: this row may not see that token.", symbols: "s[t, h, s] = −∞", numbers: "−∞")
    }
    let products = zip(values[0], values[1]).map(*)
    let terms = Explanation.Term.largest(products, of: [values[0], values[1]])
    var value = scale * products.reduce(0, +)
    var numbers = "\(text(scale)) × (\(sum(terms, of: products.count, [])))"
    if let softcap {
      value = softcap * Reference.apply(.tanh, to: value / softcap)
      numbers = "\(text(softcap)) · tanh(\(numbers) ÷ \(text(softcap)))"
    }
    return Result(
      value: value, words: "How well this row's query meets that token's key.", symbols: symbols,
      numbers: numbers + " = \(text(value))", terms: terms)
  }

  private func softmax(at place: Int, sink: Double?, _ words: String) -> Result {
    let largest = max(values[0].max() ?? 0, sink ?? -.infinity)
    let powers = values[0].map { Reference.apply(.exp, to: $0 - largest) }
    let total = powers.reduce(sink.map { Reference.apply(.exp, to: $0 - largest) } ?? 0, +)
    let value = powers[place] / total
    return Result(
      value: value, words: words, symbols: sink == nil ? "p[s] = e^x[s] / Σ e^x" : "p[s] = e^x[s] / (Σ e^x + e^sink)",
      numbers: "e^(\(text(values[0][place])) − \(text(largest))) ÷ \(text(total)) = \(text(value))")
  }

  private func rmsNorm(_ epsilon: Double) -> Result {
    let row = values[0]
    let size = (row.reduce(0) { $0 + $1 * $1 } / Double(row.count) + epsilon).squareRoot()
    let weight = values.count > 1 ? first(1) : nil
    let value = row[last] / size * (weight ?? 1)
    return Result(
      value: value, words: "The row brought to size 1, then scaled by a learnt weight.",
      symbols: "y = x / √(mean(x²) + ε)" + (weight == nil ? "" : " · w"),
      numbers: "\(text(row[last])) ÷ \(text(size))" + (weight.map { " × \(text($0))" } ?? "") + " = \(text(value))")
  }

  private func layerNorm(_ epsilon: Double) -> Result {
    let row = values[0]
    let mean = row.reduce(0, +) / Double(row.count)
    let spread = (row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count) + epsilon).squareRoot()
    let weight = values.count > 1 ? first(1) : nil
    let bias = values.count > 2 ? first(2) : nil
    let value = (row[last] - mean) / spread * (weight ?? 1) + (bias ?? 0)
    return Result(
      value: value, words: "The row's mean taken away, brought to spread 1, then scaled and shifted by learnt numbers.",
      symbols: "y = (x − mean) / √(variance + ε)" + (weight == nil ? "" : " · w") + (bias == nil ? "" : " + b"),
      numbers: "(\(text(row[last])) \(signed(-mean))) ÷ \(text(spread))" + (weight.map { " × \(text($0))" } ?? "")
        + (bias.map { " \(signed($0))" } ?? "") + " = \(text(value))")
  }

  private func unary(_ function: Unary) -> Result {
    let value = Reference.apply(function, to: first(0))
    return Result(
      value: value, words: "Each number by itself through \(function.rawValue).", symbols: function.symbols,
      numbers: "\(function.rawValue)(\(text(first(0)))) = \(text(value))")
  }

  private func binary(_ function: Binary) -> Result {
    let (a, b) = (first(0), first(1))
    let value = Reference.apply(function, to: a, b)
    let sign: String
    let words: String
    switch function {
    case .add: (sign, words) = ("+", "Two numbers added: what is there stays, what is new joins it.")
    case .subtract: (sign, words) = ("−", "One number taken from the other.")
    case .multiply: (sign, words) = ("×", "Two numbers multiplied: one lets the other through.")
    case .divide: (sign, words) = ("÷", "One number divided by the other.")
    case .minimum: (sign, words) = ("min", "The smaller of two numbers.")
    case .maximum: (sign, words) = ("max", "The larger of two numbers.")
    }
    return Result(
      value: value, words: words, symbols: "y = a \(sign) b",
      numbers: "\(text(a)) \(function == .add ? signed(b) : "\(sign) \(text(b))") = \(text(value))")
  }
}
