import GraphIR
import Reference
import TensorCore

extension CellRule {
  /// Rules where a head has a matrix of its own, or a row's choice says which cells take part.
  func chosen(_ op: Op) -> CellExplanation? {
    switch op {
    case .headLinear:
      let weight = vector(operands[1], [index[1], last])
      return sum(
        zip(row(operands[0], at: index.dropLast()), weight).map { Product(factors: [$0, $1]) },
        "The head's input times the head's own matrix.", "y[t, h, o] = Σᵢ x[t, h, i] · W[h, o, i]")
    case .expertLinear:
      let expert = choice(operands[2], index[0], index[1])
      let x =
        operands[0].shape.count == 3 ? vector(operands[0], [index[0], index[1]]) : vector(operands[0], [index[0]])
      return of(
        expert,
        sum(
          zip(x, vector(operands[1], [expert, last])).map { Product(factors: [$0, $1]) },
          "The input times the chosen expert's matrix.", "y[t, k, o] = Σᵢ x[t, i] · W[e, o, i],  e = chosen[t, k]"))
    case .topK(let selection) where selection.groups == nil:
      let scores = row(operands[0]).map { $0.isNaN ? -.infinity : $0 }
      let place = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }[last]
      return told(
        "The number of the \(last == 0 ? "largest score" : "score of rank \(last + 1)").",
        "n[t, k] = place of the k-th largest x[t, ·]", "score \(text(scores[place])) of \(scores.count) → \(place)",
        Double(place))
    case .pick:
      let place = choice(operands[1], index[0], last)
      let value = row(operands[0])[place]
      return told(
        "The score at the chosen number.", "y[t, k] = x[t, chosen[t, k]]", "number \(place) → \(text(value))", value)
    case .weightedSum:
      let products = vector(operands[1], [index[0]]).enumerated().map { k, weight in
        let x = vector(operands[0], [index[0], k])
        return Product(factors: [weight, x[x.startIndex + last]])
      }
      return sum(products, "What each chosen expert gives, times its weight.", "y[t, c] = Σₖ w[t, k] · x[t, k, c]")
    default: return nil
    }
  }

  /// The gradients of those rules.
  func chosen(_ op: TrainingOp) -> CellExplanation? {
    switch op {
    case .transposedLinear(let map):
      let weight = operands[1]
      let matrix = map == .heads ? index[1] : choice(operands[2], index[0], index[1])
      let products = row(operands[0], at: index.dropLast()).enumerated().map { output, g in
        Product(factors: [g, weight.values[(matrix * weight.shape[1] + output) * weight.columns + last]])
      }
      let told = sum(
        products, "Blame goes back through the same \(map == .heads ? "head's" : "expert's") weights.",
        map == .heads ? "∂L/∂x[t, h, i] = Σₒ g[t, h, o] · W[h, o, i]" : "∂L/∂x[t, k, i] = Σₒ g[t, k, o] · W[e, o, i]")
      return map == .heads ? told : of(matrix, told)
    case .outerSum(let map):
      let (g, x) = (operands[0], operands[1])
      let sharing = max(1, g.rowCount / max(1, x.rowCount))
      let rows = (0..<g.rowCount).filter { row in
        map == .heads ? row % g.shape[1] == index[0] : Int(operands[2].values[row]) == index[0]
      }
      let products = rows.map { row in
        Product(factors: [g.values[row * g.columns + index[1]], x.values[row / sharing * x.columns + last]])
      }
      return sum(
        products,
        "What came in times what should change, over all tokens\(map == .heads ? "" : " that chose this expert").",
        map == .heads
          ? "∂L/∂W[h, o, i] = Σₜ g[t, h, o] · x[t, h, i]" : "∂L/∂W[e, o, i] = Σ g[t, k, o] · x[t, i],  chosen[t, k] = e"
      )
    case .unpick:
      let products = row(operands[0], at: index.dropLast()).enumerated()
        .filter { choice(operands[1], index[0], $0.offset) == last }.map { Product(factors: [$0.element]) }
      return sum(
        products, "A score that was chosen gets what its choice gets; the others nothing.",
        "∂L/∂x[t, c] = Σ g[t, k],  chosen[t, k] = c")
    default: return nil
    }
  }

  private func choice(_ chosen: HostArray<Double>, _ row: Int, _ place: Int) -> Int {
    Int(chosen.values[row * chosen.columns + place])
  }

  private func of(_ expert: Int, _ told: CellExplanation) -> CellExplanation {
    var told = told
    told.numbers = "expert \(expert): \(told.numbers)"
    return told
  }
}
