import GraphIR
import Reference
import TensorCore

extension CellRule {
  func linear() -> CellExplanation {
    let (x, weight) = (row(operands[0], at: index.dropLast()), vector(operands[1], [last]))
    let bias = operands.count > 2 ? operands[2].values[last] : nil
    return sum(
      zip(x, weight).map { Product(factors: [$0, $1]) }, "Each input times its weight, summed.",
      "y[t, o] = Σᵢ x[t, i] · W[o, i]" + (bias == nil ? "" : " + b[o]"), extra: bias)
  }

  func row(_ operand: HostArray<Double>, at leading: some Collection<Int>) -> ArraySlice<Double> {
    operand.row(place(leading, Array(operand.shape.dropLast())))
  }

  func norm(_ epsilon: Float, isCentred: Bool) -> CellExplanation {
    let (x, mean, size) = moments(operands[0], epsilon, isCentred)
    let weight = operands.count > 1 ? operands[1].values[last] : 1
    let bias = operands.count > 2 ? operands[2].values[last] : 0
    let value = (x[last] - mean) / size * weight + bias
    var numbers = isCentred ? "(\(text(x[last])) − \(text(mean))) ÷ \(text(size))" : "\(text(x[last])) ÷ \(text(size))"
    if operands.count > 1 { numbers += " × \(text(weight))" }
    if operands.count > 2 { numbers += " + \(text(bias))" }
    return told(
      isCentred ? "The row's mean taken away, brought to spread 1." : "The row brought to size 1.",
      isCentred ? "y = (x − mean) / √(variance + ε) · w + b" : "y = x / √(mean(x²) + ε) · w",
      "\(numbers) = \(text(value))", value)
  }

  /// A row, its mean where it is taken away, and what it is divided by.
  func moments(_ operand: HostArray<Double>, _ epsilon: Float, _ isCentred: Bool) -> ([Double], Double, Double) {
    let x = row(operand)
    let mean = isCentred ? x.reduce(0, +) / Double(x.count) : 0
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
    return (x, mean, (variance + Double(epsilon)).squareRoot())
  }

  func binary(_ function: Binary) -> CellExplanation {
    let (a, b) = (spread(operands[0]), spread(operands[1]))
    let value = Reference.apply(function, to: a, b)
    let words: String
    let sign: String
    switch function {
    case .add: (words, sign) = ("Two shares of one value, added.", "+")
    case .subtract: (words, sign) = ("One number taken from the other.", "−")
    case .multiply: (words, sign) = ("Two numbers multiplied.", "×")
    case .divide: (words, sign) = ("One number divided by the other.", "÷")
    case .minimum: (words, sign) = ("The smaller of two numbers.", "min")
    case .maximum: (words, sign) = ("The larger of two numbers.", "max")
    }
    return told(words, "y = a \(sign) b", "\(text(a)) \(sign) \(text(b)) = \(text(value))", value)
  }
}
