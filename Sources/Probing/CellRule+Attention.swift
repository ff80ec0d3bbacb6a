import GraphIR
import Reference
import TensorCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension CellRule {
  /// Two numbers of a head turn together; their gradient turns back by the same angle.
  func rope(_ embedding: RotaryEmbedding) -> CellExplanation {
    guard last < embedding.width else { return told("This number does not turn.", "y = x", "", same) }
    let half = embedding.width / 2
    let isFirst = embedding.interleaved ? last % 2 == 0 : last < half
    let (pair, step) = embedding.interleaved ? (last / 2, 1) : (last % half, half)
    let other = row(operands[0])[isFirst ? last + step : last - step]
    let position = operands[1].values[index[0]]
    let angle = position * embedding.frequencies(context: context)[pair]
    let cosine = cos(angle) * Double(embedding.magnitude)
    let sine = (isFirst ? -sin(angle) : sin(angle)) * Double(embedding.magnitude)
    let value = same * cosine + other * sine
    let isBack = embedding.isReversed
    let (x, sign) = (isBack ? "g" : "x", isFirst == isBack ? "+" : "−")
    return told(
      isBack
        ? "What arrives for two numbers, turned back by the angle that they were turned by."
        : "Two numbers of a head turned together, further for every position.",
      "\(isBack ? "∂L/∂x" : "y") = \(x)·cos(p·ω) \(sign) \(x)′·sin(p·ω)",
      "position \(text(position)): \(text(same)) × \(text(cosine)) + \(text(other)) × \(text(sine)) = \(text(value))",
      value)
  }

  func scores(_ scale: Double, softcap: Double?, _ mask: AttentionMask) -> CellExplanation {
    let (q, k) = (operands[0], operands[1])
    guard index[2] <= index[0], index[2] >= mask.firstVisible(from: index[0]) else {
      return told("Hidden: this row may not see that token.", "y[t, h, s] = −∞", "−∞", -.infinity)
    }
    let group = q.shape[1] / k.shape[1]
    let products = zip(row(q, at: index.dropLast()), vector(k, [index[2], index[1] / group])).map {
      Product(factors: [$0, $1])
    }
    let plain = sum(
      products, "How far two rows point the same way.", "y[t, h, s] = a · Σᵢ q[t, h, i] · k[s, h, i]", scale: scale)
    guard let softcap else { return plain }
    let value = softcap * Reference.apply(.tanh, to: plain.value / softcap)
    return told(
      plain.words + " It bends before it reaches a bound.",
      "y[t, h, s] = c · tanh(a · Σᵢ q[t, h, i] · k[s, h, i] / c)",
      "\(plain.numbers); \(text(softcap)) × tanh(\(text(plain.value)) ÷ \(text(softcap))) = \(text(value))", value)
  }

  func mixed(_ weights: HostArray<Double>, _ values: HostArray<Double>) -> [Product] {
    let group = weights.shape[1] / values.shape[1]
    return row(weights, at: index.dropLast()).enumerated().filter { $0.element != 0 }.map { position, share in
      let cells = vector(values, [position, index[1] / group])
      return Product(factors: [share, cells[cells.startIndex + last]])
    }
  }

  /// Shares of a row; a second operand is a score a head that takes its part and is not shown.
  func pattern() -> CellExplanation {
    let scores = row(operands[0])
    let score = scores[last]
    guard score.isFinite else { return told("Hidden from this row.", "p = 0", "0", 0) }
    let sink = operands.count > 1 ? operands[1].values[index[1]] : nil
    let largest = max(scores.max() ?? 0, sink ?? -.infinity)
    let total = scores.reduce(sink.map { exp($0 - largest) } ?? 0) { $0 + exp($1 - largest) }
    let value = exp(score - largest) / total
    return told(
      "Scores become shares of 1.", "p[s] = e^x[s] / \(sink == nil ? "Σ e^x" : "(Σ e^x + e^sink)")",
      "e^(\(text(score)) − \(text(largest))) ÷ \(text(total)) = \(text(value))", value)
  }

  // MARK: Short convolution

  /// The cells of a column from so far before to the row itself, as far as there are any, with their taps.
  private func tapped(_ rows: HostArray<Double>, _ taps: Int, _ place: (Int) -> Int, _ tap: (Int) -> Double)
    -> [Product]
  {
    (0..<taps).compactMap { j in
      let t = place(j)
      guard (0..<rows.rowCount).contains(t) else { return nil }
      return Product(factors: [tap(j), rows.values[t * rows.columns + last]])
    }
  }

  func convolution() -> CellExplanation {
    let taps = operands[1].columns
    let products = tapped(operands[0], taps) {
      index[0] - taps + 1 + $0
    } _: {
      operands[1].values[last * taps + $0]
    }
    return sum(
      products, "The last few tokens of this channel, each times its tap.",
      "y[t, c] = Σⱼ w[c, j] · x[t − taps + 1 + j, c]" + (operands.count > 2 ? " + b[c]" : ""),
      extra: operands.count > 2 ? operands[2].values[last] : nil)
  }

  func convolutionGradient() -> CellExplanation {
    let taps = operands[1].columns
    let products = tapped(operands[0], taps) {
      index[0] + taps - 1 - $0
    } _: {
      operands[1].values[last * taps + $0]
    }
    return sum(
      products, "The next few tokens that read this one send their share back through the same taps.",
      "∂L/∂x[t, c] = Σⱼ w[c, j] · g[t + taps − 1 − j, c]")
  }

  func tapGradient(_ taps: Int) -> CellExplanation {
    let (g, x) = (operands[0], operands[1])
    let products = (0..<g.rowCount).compactMap { t -> Product? in
      let from = t - taps + 1 + last
      guard (0..<x.rowCount).contains(from) else { return nil }
      return Product(factors: [g.values[t * g.columns + index[0]], x.values[from * x.columns + index[0]]])
    }
    return sum(
      products, "What came in at this tap times what should change, over all tokens.",
      "∂L/∂w[c, j] = Σₜ g[t, c] · x[t − taps + 1 + j, c]")
  }
}
