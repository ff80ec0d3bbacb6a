import GraphIR
import TensorCore

/// The gradients of one norm within a graph: nodes of its operands, and those that it makes.
struct NormGradientMatch {
  let x: Int
  /// The gradient by what the norm gave.
  let gradient: Int
  let weight: Int?
  let epsilon: Float
  let isCentred: Bool
  /// The node that has the gradient by the rows, and what it adds that to.
  let output: Int
  let addend: Int?
  let weightGradient: Int?
  let biasGradient: Int?

  var reads: [Int] { [x, gradient] + [weight, addend].compactMap { $0 } }
  var makes: [Int] { [output] + [weightGradient, biasGradient].compactMap { $0 } }
}

extension TrainingPlanner {
  /// Finds the gradients of norms of rows, by rows, weight and bias, which become one pass over the rows.
  mutating func matchNorms() {
    for (index, node) in graph.nodes.enumerated() {
      let match: NormGradientMatch?
      switch node.op {
      case .training(.rmsNormGradient(let epsilon)): match = normMatch(index, .rmsNorm(epsilon: epsilon), epsilon)
      case .training(.layerNormGradient(let epsilon)): match = normMatch(index, .layerNorm(epsilon: epsilon), epsilon)
      default: match = nil
      }
      guard let match else { continue }
      for made in match.makes { normOf[made] = norms.count }
      norms.append(match)
    }
  }

  private func normMatch(_ index: Int, _ norm: Op, _ epsilon: Float) -> NormGradientMatch? {
    let x = graph.nodes[index].inputs[1]
    let (size, factor) = (shape(x), graph.nodes[index].inputs[0])
    guard size.count >= 2, !isRagged(x), size[0].fixed == nil, !tapped.contains(index), !tapped.contains(factor),
      let width = size.last?.fixed
    else { return nil }
    var (gradient, weight): (Int, Int?) = (factor, nil)
    if graph.nodes[factor].op == .binary(.multiply), uses[factor] == 1,
      shape(graph.nodes[factor].inputs[1]) == [.fixed(width)]
    {
      (gradient, weight) = (graph.nodes[factor].inputs[0], graph.nodes[factor].inputs[1])
    }
    func sum(_ node: Int) -> Int? {
      readers[node].first { graph.nodes[$0].op == .training(.sum([.fixed(width)])) && gradientOf[$0] == nil }
    }
    var (weightGradient, biasGradient): (Int?, Int?)
    if weight != nil {
      let product = readers[gradient].first { reader in
        let node = graph.nodes[reader]
        guard node.op == .binary(.multiply), node.inputs[0] == gradient, uses[reader] == 1 else { return false }
        let normed = graph.nodes[node.inputs[1]]
        return normed.op == norm && normed.inputs == [x]
      }
      weightGradient = product.flatMap { sum($0) }
      if case .layerNorm = norm { biasGradient = sum(gradient) }
    }
    let added = uses[index] == 1 ? readers[index].first : nil
    let addition = added.flatMap { reader -> Int? in
      let node = graph.nodes[reader]
      let fits = node.op == .binary(.add) && node.inputs[1] == index && node.inputs[0] != index
      return fits && shape(node.inputs[0]) == size ? reader : nil
    }
    return NormGradientMatch(
      x: x, gradient: gradient, weight: weight, epsilon: epsilon, isCentred: isLayerNorm(norm),
      output: addition ?? index, addend: addition.map { graph.nodes[$0].inputs[0] }, weightGradient: weightGradient,
      biasGradient: biasGradient)
  }

  private func isLayerNorm(_ op: Op) -> Bool { if case .layerNorm = op { true } else { false } }

  mutating func lowerNormGradient(_ index: Int) throws {
    let match = norms[index]
    let width = inner(match.x).last ?? 1
    let x = try rows(of: match.x, width: width)
    let gradient = try rows(of: match.gradient, width: width)
    let output = try outputOfNorm(match)
    for node in match.makes { isDone[node] = true }
    set(match.output, output.view)
    var flat = output.view
    flat.rows = x.rows
    (flat.count, flat.stride) = (width, width)
    func isWanted(_ node: Int?) -> Bool { node.map { live[$0] } ?? false }
    let weightSums = isWanted(match.weightGradient) ? try allocateSums(x, graph.nodes[match.output].name) : nil
    let biasSums = isWanted(match.biasGradient) ? try allocateSums(x, graph.nodes[match.output].name) : nil
    add(
      NormGradientStep(
        name: graph.nodes[match.output].name, x: x, gradient: gradient, weight: try match.weight.map { try view($0) },
        epsilon: match.epsilon, isCentred: match.isCentred, output: flat, adds: output.adds, weightSums: weightSums,
        biasSums: biasSums, kernels: kernels))
    for (node, sums) in [(match.weightGradient, weightSums), (match.biasGradient, biasSums)] {
      guard let node, let sums else { continue }
      let (target, storing) = try allocateGradient(node)
      set(node, target)
      add(
        RowSumStep(
          name: graph.nodes[node].name, input: sums, rowsPerRow: NormGradientStep.block, spread: .alike,
          output: target, storing: storing, kernels: kernels))
    }
  }

  /// Where the rows' gradient goes: over its addend, which it adds to, where nothing else reads that.
  private mutating func outputOfNorm(_ match: NormGradientMatch) throws -> (view: View, adds: Bool) {
    guard let addend = match.addend else { return (try contiguous(match.output), false) }
    let other = try view(addend)
    if isWhole(other), isFree(other.region, after: Set(match.reads)), addend != match.x, addend != match.gradient {
      return (other, true)
    }
    let copy = try contiguous(match.output)
    addRow(RowInstruction(.copy, [other], copy, "copy of \(graph.nodes[addend].name)"))
    return (copy, true)
  }

  private mutating func contiguous(_ node: Int) throws -> View {
    try allocate(rows: shape(node).first ?? 1, count: inner(node).reduce(1, *), graph.nodes[node].name)
  }

  /// Memory for one row of sums a block of rows.
  private mutating func allocateSums(_ rows: View, _ name: String) throws -> View {
    let blocks = (largest[rows.rows] + NormGradientStep.block - 1) / NormGradientStep.block
    var sums = try allocate(rows: .fixed(blocks), count: rows.count, "sums of \(name)")
    sums.rows = rows.rows
    return sums
  }
}
