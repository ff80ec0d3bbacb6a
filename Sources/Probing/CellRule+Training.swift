import GraphIR
import Reference
import TensorCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension CellRule {
  /// The rules of the loss and of the backward pass; `g` is the gradient that arrives.
  func training(_ op: TrainingOp) -> CellExplanation? {
    switch op {
    case .crossEntropy:
      let logits = Array(operands[0].row(last))
      let target = Int(operands[1].values[last])
      let value = log(logits.reduce(0) { $0 + exp($1 - (logits.max() ?? 0)) }) + (logits.max() ?? 0) - logits[target]
      return told(
        "How surprised the model is by the token that does follow.", "L[r] = ln Σ e^z − z[target]",
        "−ln(\(text(exp(-value)))) = \(text(value))", value)
    case .crossEntropyGradient:
      let share = softmax(row(operands[0]))[last]
      let isTarget = Int(operands[1].values[index[0]]) == last
      let value = operands[2].values[index[0]] * (share - (isTarget ? 1 : 0))
      return told(
        isTarget ? "The right token: its score should rise." : "Another token: its score should fall.",
        "∂L/∂z = g · (p − 1[target])",
        "\(text(operands[2].values[index[0]])) × (\(text(share)) − \(isTarget ? 1 : 0)) = \(text(value))", value)
    case .transposedLinear(.rows):
      let weight = operands[1]
      let products = row(operands[0], at: index.dropLast()).enumerated().map { output, g in
        Product(factors: [g, weight.values[output * weight.columns + last]])
      }
      return sum(products, "Blame goes back through the same weights.", "∂L/∂x[t, i] = Σₒ g[t, o] · W[o, i]")
    case .outerSum(.rows):
      let (g, x) = (operands[0], operands[1])
      let products = (0..<g.rowCount).map { row in
        Product(factors: [g.values[row * g.columns + index[0]], x.values[row * x.columns + index[1]]])
      }
      return sum(
        products, "What came in times what should change, over all tokens.", "∂L/∂W[o, i] = Σₜ g[t, o] · x[t, i]")
    case .scatterSum:
      let products = operands[0].values.enumerated().filter { Int($0.element) == index[0] }.map {
        Product(factors: [operands[1].values[$0.offset * operands[1].columns + last]])
      }
      return sum(products, "Every place that read this row sends its share.", "∂L/∂table[n] = Σ g[t],  n[t] = n")
    case .sum: return summed()
    case .spread: return told("The same number for each.", "y = g", "", spread(operands[0]))
    case .pad(let before, _):
      let x = row(operands[0], at: index.dropLast())
      let inside = (0..<x.count).contains(last - before)
      return copied(inside ? x[x.startIndex + last - before] : 0)
    case .unaryGradient(let function):
      let (g, x) = (operands[0].values[place(index, shape)], operands[1].values[place(index, shape)])
      let slope = Reference.slope(of: function, at: x)
      return told(
        "What arrives, times the function's slope here.", "∂L/∂x = g · \(function.rawValue)′(x)",
        "\(text(g)) × \(function.rawValue)′(\(text(x))) = \(text(g)) × \(text(slope)) = \(text(g * slope))", g * slope)
    case .rmsNormGradient(let epsilon): return normGradient(epsilon, isCentred: false)
    case .layerNormGradient(let epsilon): return normGradient(epsilon, isCentred: true)
    case .attentionPatternGradient:
      let (p, g) = (row(operands[0]), row(operands[1]))
      let mean = zip(p, g).reduce(0) { $0 + ($1.0 == 0 ? 0 : $1.0 * $1.1) }
      let value = p[last] == 0 ? 0 : p[last] * (g[last] - mean)
      return told(
        "A share grows where it helps more than the row's average.", "∂L/∂s = p · (g − Σ p · g)",
        p[last] == 0 ? "0" : "\(text(p[last])) × (\(text(g[last])) − \(text(mean))) = \(text(value))", value)
    case .attentionCollect: return collected()
    case .transposedLinear, .outerSum, .unpick: return chosen(op)
    case .shortConvolutionGradient: return convolutionGradient()
    case .shortConvolutionWeightGradient(let taps): return tapGradient(taps)
    case .recurrenceGradient(let rule): return recurrenceGradient(rule)
    case .dropout, .attentionDropout: return nil
    }
  }

  private func collected() -> CellExplanation {
    let (weights, x) = (operands[0], operands[1])
    let (heads, held, group) = (weights.shape[1], weights.columns, weights.shape[1] / shape[1])
    var products: [Product] = []
    for t in 0..<weights.shape[0] {
      for head in index[1] * group..<(index[1] + 1) * group {
        let share = weights.values[(t * heads + head) * held + index[0]]
        if share != 0 {
          products.append(Product(factors: [share, x.values[(t * heads + head) * x.columns + last]]))
        }
      }
    }
    return sum(products, "All rows that looked here send back their part.", "y[s, c] = Σₜ w[t, s] · x[t, c]")
  }

  /// The sum over all dimensions that the result lacks or has as 1.
  private func summed() -> CellExplanation {
    let x = operands[0]
    let missing = x.shape.count - shape.count
    var products: [Product] = []
    for (place, value) in x.values.enumerated() {
      var rest = place
      var isOurs = true
      for dimension in x.shape.indices.reversed() {
        let own = dimension - missing
        if own >= 0, shape[own] != 1, rest % x.shape[dimension] != index[own] { isOurs = false }
        rest /= x.shape[dimension]
      }
      if isOurs { products.append(Product(factors: [value])) }
    }
    return sum(products, "Added up over all tokens that share it.", "y = Σ x")
  }

  private func normGradient(_ epsilon: Float, isCentred: Bool) -> CellExplanation {
    let g = row(operands[0])
    let (x, mean, size) = moments(operands[1], epsilon, isCentred)
    let count = Double(g.count)
    let meanGradient = isCentred ? g.reduce(0, +) / count : 0
    let scaled = x.map { ($0 - mean) / size }
    let share = zip(g, scaled).reduce(0) { $0 + $1.0 * $1.1 } / count
    let value = (g[last] - meanGradient - scaled[last] * share) / size
    return told(
      "What only changes the row's size\(isCentred ? " or mean" : "") is taken out.",
      isCentred ? "∂L/∂x = (g − mean(g) − x̂ · mean(g · x̂)) / σ" : "∂L/∂x = (g − x̂ · mean(g · x̂)) / size",
      "(\(text(g[last]))\(isCentred ? " − \(text(meanGradient))" : "") − \(text(scaled[last])) × \(text(share))) ÷ "
        + "\(text(size)) = \(text(value))", value)
  }
}

extension CellExplanation {
  /// A number in four significant digits.
  public static func text(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "−∞" : "∞" }
    if value == 0 { return "0" }
    let exponent = Int(log10(abs(value)).rounded(.down))
    if exponent < -3 || exponent > 5 {
      let mantissa = (value / pow(10, Double(exponent)) * 1000).rounded() / 1000
      return "\(mantissa)e\(exponent)".replacing("-", with: "−")
    }
    let factor = pow(10, Double(max(0, 3 - exponent)))
    let rounded = (value * factor).rounded() / factor
    return (rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)").replacing("-", with: "−")
  }
}
