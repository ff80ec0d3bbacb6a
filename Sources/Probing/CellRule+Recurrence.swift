import GraphIR
import Reference

extension CellRule {
  /// What a head's query reads from its matrix.
  func recalled(_ rule: RecurrenceRule) -> CellExplanation {
    let moment = moment(rule, operands, gradient: nil, head: index[1])
    let width = moment.value.count
    let products = moment.query.enumerated().map { Product(factors: [$1, moment.state[$0 * width + last]]) }
    return sum(products, rule.words, rule.symbols)
  }

  /// Gradients by queries, keys, values, decays and rates, side by side; `D` is the gradient by the memory after the token.
  func recurrenceGradient(_ rule: RecurrenceRule) -> CellExplanation {
    let (keys, values) = (operands[2], operands[3])
    let (groups, keyWidth, heads, width) = (keys.shape[1], keys.columns, values.shape[1], values.columns)
    let ends = [groups * keyWidth, 2 * groups * keyWidth, 2 * groups * keyWidth + heads * width]
    func moment(_ head: Int) -> RecurrenceMoment {
      self.moment(rule, Array(operands.dropFirst()), gradient: operands[0], head: head)
    }
    if last < ends[1] {
      let (group, i) = (last % ends[0] / keyWidth, last % keyWidth)
      let moments = (group * heads / groups..<(group + 1) * heads / groups).map(moment)
      return last < ends[0] ? query(moments, group, i) : key(moments, i, rule)
    }
    if last < ends[2] {
      let (moment, j) = (moment((last - ends[1]) / width), (last - ends[1]) % width)
      let rates = rule == .gatedDelta ? [moment.rate] : []
      return sum(
        moment.key.enumerated().map { Product(factors: rates + [$1, moment.slope[$0 * width + j]]) },
        "What the key wrote of this value, times D: what the memory should change.",
        rule == .gatedDelta ? "∂L/∂v[j] = β · Σᵢ k[i] · D[i, j]" : "∂L/∂v[j] = Σᵢ k[i] · D[i, j]")
    }
    let own = moment((last - ends[2]) % heads)
    if last < ends[2] + heads {
      return sum(
        zip(own.faded, own.fadedSlope).map { Product(factors: [$0, $1]) },
        "What was left of the memory, times D′: what it should change before the token is taken in.",
        "∂L/∂g = Σᵢⱼ eᵍ·S[i, j] · D′[i, j]")
    }
    let products = own.error.enumerated().flatMap { j, error in
      own.key.enumerated().map { Product(factors: [error, $1, own.slope[$0 * width + j]]) }
    }
    return sum(
      products, "What the memory did not know, times D, what it should change, along the key.",
      "∂L/∂β = Σⱼ (v − kᵀ·eᵍ·S)[j] · (kᵀ·D)[j]")
  }

  private func query(_ moments: [RecurrenceMoment], _ group: Int, _ i: Int) -> CellExplanation {
    let g = operands[0]
    let heads = g.shape[1]
    let products = moments.enumerated().flatMap { place, moment in
      moment.value.indices.map { j in
        let head = group * moments.count + place
        return Product(factors: [
          moment.state[i * moment.value.count + j], g.values[(index[0] * heads + head) * g.columns + j],
        ])
      }
    }
    return sum(
      products, "What the memory holds under this number, times what the output should change.",
      "∂L/∂q[i] = Σⱼ S[i, j] · g[j]")
  }

  private func key(_ moments: [RecurrenceMoment], _ i: Int, _ rule: RecurrenceRule) -> CellExplanation {
    let products = moments.flatMap { moment in
      let width = moment.value.count
      return moment.value.indices.flatMap { j -> [Product] in
        let written = Product(factors: [moment.rate * moment.error[j], moment.slope[i * width + j]])
        if rule == .decay { return [written] }
        let change =
          moment.rate * moment.key.enumerated().reduce(0) { $0 + $1.element * moment.slope[$1.offset * width + j] }
        return [written, Product(factors: [-moment.faded[i * width + j], change])]
      }
    }
    return sum(
      products,
      rule == .gatedDelta
        ? "What was written under the key times D, what the memory should change, less what was recalled by it."
        : "What was written under the key, times D: what the memory should change.",
      rule == .gatedDelta
        ? "∂L/∂k[i] = Σⱼ u[j] · D[i, j] − eᵍ·S[i, j] · β·(kᵀ·D)[j]" : "∂L/∂k[i] = Σⱼ v[j] · D[i, j]")
  }

  private func moment(
    _ rule: RecurrenceRule, _ operands: [HostArray<Double>], gradient: HostArray<Double>?, head: Int
  ) -> RecurrenceMoment {
    RecurrenceMoment(
      rule, queries: operands[0], keys: operands[1], values: operands[2], decay: operands[3],
      rate: operands.dropFirst(4).first, gradient: gradient, head: head, token: index[0])
  }
}
