import GraphIR
import Reference
import TensorCore

/// How one cell of a pass came to its value.
public struct CellExplanation: Hashable, Sendable {
  /// The rule in a sentence, and in symbols.
  public var words: String
  public var symbols: String
  /// The rule with this cell's numbers, long sums shortened to their largest terms; empty where it is only copied.
  public var numbers: String
  /// What the rule gives for those numbers.
  public var value: Double
}

extension BackwardPass {
  /// The rule of a node's cell with its numbers; nil for inputs, weights, and operations that are not told by the cell.
  public func explanation(of node: Int, at index: [Int]) -> CellExplanation? {
    guard graph.nodes.indices.contains(node), let shape = values[node]?.shape, shape.count == index.count,
      zip(index, shape).allSatisfy({ $0 >= 0 && $0 < $1 })
    else { return nil }
    let operands = graph.nodes[node].inputs.compactMap { values[$0] }
    guard operands.count == graph.nodes[node].inputs.count else { return nil }
    return CellRule(index: index, operands: operands, shape: shape, context: context)
      .explanation(of: graph.nodes[node].op)
  }
}

/// Computes one cell from its operands.
struct CellRule {
  let index: [Int]
  let operands: [HostArray<Double>]
  let shape: [Int]
  /// The longest sequence that the model is meant for, which some rotations depend on.
  let context: Int

  struct Product {
    var factors: [Double]
    var value: Double { factors.reduce(1, *) }
  }

  func explanation(of op: Op) -> CellExplanation? {
    switch op {
    case .input, .weight, .append: return nil
    case .recurrence(let rule, _): return recalled(rule)
    case .gather:
      let row = Int(operands[0].values[place(index.dropLast(), operands[0].shape)])
      let cell = operands[1].row(row)[operands[1].row(row).startIndex + last]
      return told("Row \(row) of the table, copied.", "y[t, c] = table[n[t], c]", "row \(row) → \(text(cell))", cell)
    case .linear: return linear()
    case .rmsNorm(let epsilon): return norm(epsilon, isCentred: false)
    case .layerNorm(let epsilon): return norm(epsilon, isCentred: true)
    case .rope(let embedding): return rope(embedding)
    case .attentionScores(let scale, let softcap, let mask):
      return scores(Double(scale), softcap: softcap.map { Double($0) }, mask)
    case .attentionPattern, .softmax: return pattern()
    case .attentionMix:
      return sum(
        mixed(operands[0], operands[1]), "Values of the tokens, each times its share.", "y[t, c] = Σₛ p[t, s] · v[s, c]"
      )
    case .shortConvolution: return convolution()
    case .headLinear, .expertLinear, .topK, .pick, .weightedSum: return chosen(op)
    case .unary(let function):
      let y = Reference.apply(function, to: same)
      return told(
        "Each number by itself through \(function.rawValue).", "y = \(function.rawValue)(x)",
        "\(function.rawValue)(\(text(same))) = \(text(y))", y)
    case .binary(let function): return binary(function)
    case .affine(let scale, let offset):
      if scale == 0 {
        return told("The loss by itself: 1.", "∂L/∂L = 1", "1", Double(offset))
      }
      let y = same * Double(scale) + Double(offset)
      let added = offset == 0 ? "" : " + \(text(Double(offset)))"
      return told(
        "Times a fixed number.", "y = a · x" + (offset == 0 ? "" : " + b"),
        "\(text(Double(scale))) × \(text(same))\(added) = \(text(y))", y)
    case .clamp(let lower, let upper):
      let y = max(Double(lower), min(Double(upper), same))
      return told(
        "Held between two bounds.", "y = min(max(x, low), high)",
        "\(text(same)) within \(text(Double(lower)))…\(text(Double(upper))) → \(text(y))", y)
    case .normalizeSum(let epsilon):
      let sum = row(operands[0]).reduce(Double(epsilon), +)
      return told(
        "Divided by the row's sum.", "y = x / (Σ x + ε)", "\(text(same)) ÷ \(text(sum)) = \(text(same / sum))",
        same / sum)
    case .cast, .reshape: return copied(operands[0].values[place(index, shape)])
    case .slice(let range):
      var moved = index
      moved[moved.count - 1] += range.lowerBound
      return copied(operands[0].values[place(moved[...], operands[0].shape)])
    case .concatenate:
      let first = operands[0].columns
      var moved = index
      if last >= first { moved[moved.count - 1] -= first }
      let side = operands[last < first ? 0 : 1]
      return copied(side.values[place(moved[...], side.shape)])
    case .training(let op): return training(op)
    }
  }

  // MARK: Places

  var last: Int { index.last ?? 0 }
  /// The first operand's value at the same place.
  var same: Double { operands[0].values[place(index[...], operands[0].shape)] }

  func place(_ index: some Collection<Int>, _ shape: [Int]) -> Int {
    zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
  }

  /// The value of an operand that is repeated along dimensions that it lacks or has as 1.
  func spread(_ operand: HostArray<Double>) -> Double {
    let own = index.suffix(operand.shape.count)
    return operand.values[place(zip(own, operand.shape).map { $1 == 1 ? 0 : $0 }, operand.shape)]
  }

  /// The row that holds this cell.
  func row(_ operand: HostArray<Double>) -> [Double] {
    Array(operand.row(place(index.dropLast(), Array(operand.shape.dropLast()))))
  }

  func vector(_ operand: HostArray<Double>, _ index: [Int]) -> ArraySlice<Double> {
    operand.row(place(index, Array(operand.shape.dropLast())))
  }

  // MARK: Text

  func text(_ value: Double) -> String { CellExplanation.text(value) }

  func told(_ words: String, _ symbols: String, _ numbers: String, _ value: Double) -> CellExplanation {
    CellExplanation(words: words, symbols: symbols, numbers: numbers, value: value)
  }

  func copied(_ value: Double) -> CellExplanation { told("The same number, in another shape.", "y = x", "", value) }

  /// `before (Σ products) + extra`, its three largest terms shown.
  func sum(
    _ products: [Product], _ words: String, _ symbols: String, scale: Double = 1, extra: Double? = nil
  ) -> CellExplanation {
    let value = scale * products.reduce(0) { $0 + $1.value } + (extra ?? 0)
    let shown = products.filter { $0.value != 0 }.sorted { abs($0.value) > abs($1.value) }.prefix(3)
    var numbers = shown.map { $0.factors.map { text($0) }.joined(separator: " × ") }.joined(separator: " + ")
    if numbers.isEmpty { numbers = "0" }
    if products.count > shown.count { numbers += " + … (\(products.count) terms)" }
    if scale != 1 { numbers = "\(text(scale)) × (\(numbers))" }
    if let extra { numbers += " + \(text(extra))" }
    return told(words, symbols, "\(numbers) = \(text(value))", value)
  }
}
