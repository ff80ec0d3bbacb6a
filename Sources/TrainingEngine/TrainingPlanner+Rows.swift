import CKernels
import GraphIR
import Kernels
import TensorCore

extension TrainingPlanner {
  /// The row operation that computes a node; nil where rows meet, or where a size depends on the batch.
  mutating func rowOperation(_ index: Int) throws -> RowOperation? {
    let node = graph.nodes[index]
    if isRagged(index) || node.inputs.contains(where: { isRagged($0) }) { return nil }
    guard let first = node.inputs.first else { return nil }
    let sizes = inner(first)
    let width = sizes.last ?? 1
    switch node.op {
    case .gather:
      let width = inner(node.inputs[1]).reduce(1, *)
      return try integers(node.inputs[0]) == nil ? .gather(width: width) : .embed(width: width)
    case .unary(let function): return .unary(function.kernel)
    case .binary(let function): return .binary(function.kernel, spread(node.inputs[1], over: first))
    case .affine(let scale, let offset): return .affine(scale: scale, offset: offset)
    case .clamp(let lower, let upper): return .clamp(lower: lower, upper: upper)
    case .cast: return .truncate
    case .training(.dropout(let mask)): return try integers(node.inputs[1]) == nil ? nil : .dropout(mask)
    case .training(.unaryGradient(let function)): return .unaryGradient(function.kernel)
    case .training(.sum): return .sum(spread(index, over: first))
    case .training(.spread): return .spread(spread(first, over: index))
    case .weightedSum: return sizes.count == 2 ? .weightedSum(width: width) : nil
    case .training(.crossEntropy): return try integers(node.inputs[1]) == nil ? nil : .crossEntropy
    case .training(.crossEntropyGradient): return try integers(node.inputs[1]) == nil ? nil : .crossEntropyGradient
    case .rope(let embedding):
      guard try integers(node.inputs[1]) != nil, !sizes.isEmpty else { return nil }
      return .rope(rotaryTable(embedding), embedding, width: width)
    default: return sizes.isEmpty ? nil : lastDimensionOperation(index, width)
    }
  }

  /// What works along the last dimension, of values with rows before it.
  private func lastDimensionOperation(_ index: Int, _ width: Int) -> RowOperation? {
    let node = graph.nodes[index]
    switch node.op {
    case .softmax: return .softmax(width: width)
    case .normalizeSum(let epsilon): return .normalizeSum(epsilon: epsilon, width: width)
    case .rmsNorm(let epsilon): return isSuffix(node) ? .rmsNorm(epsilon: epsilon, width: width) : nil
    case .layerNorm(let epsilon): return isSuffix(node) ? .layerNorm(epsilon: epsilon, width: width) : nil
    case .training(.rmsNormGradient(let epsilon)):
      return .normGradient(epsilon: epsilon, width: width, isCentred: false)
    case .training(.layerNormGradient(let epsilon)):
      return .normGradient(epsilon: epsilon, width: width, isCentred: true)
    case .slice(let range): return .slice(range, width: width)
    case .concatenate: return .join(width, inner(node.inputs[1]).last ?? 1)
    case .training(.pad(let before, let after)): return .pad(before: before, width: width, after: after)
    case .topK(let selection): return .topK(selection, width: width)
    case .pick: return .pick(width: width)
    case .training(.unpick(let count)): return .unpick(width: count)
    default: return nil
    }
  }

  /// Whether a norm's weights have the sizes of the last one or two dimensions, rows not among them.
  private func isSuffix(_ node: Node) -> Bool {
    node.inputs.dropFirst().allSatisfy { graph.nodes[$0].shape.count < graph.nodes[node.inputs[0]].shape.count }
  }

  /// How words of `small`'s row meet those of `large`'s.
  private func spread(_ small: Int, over large: Int) -> Spread {
    Spread(hasRows(small, of: large) ? inner(small) : shape(small).map { largest[$0] }, over: inner(large))
  }

  /// Whether a value has another's rows, rather than one row for all of them.
  private func hasRows(_ small: Int, of large: Int) -> Bool {
    let (own, other) = (shape(small), shape(large))
    return own.count == other.count && own.first == other.first
  }

  /// One table for all that turn alike.
  private mutating func rotaryTable(_ embedding: RotaryEmbedding) -> RotaryTable {
    if let known = tables[embedding] { return known }
    let table = RotaryTable(embedding, context: context)
    tables[embedding] = table
    return table
  }

  /// Lowers a row operation whose later operands may be one row for all, or integers.
  mutating func lowerRow(_ index: Int, _ operation: RowOperation) throws {
    let node = graph.nodes[index]
    var operands: [View] = []
    for (place, input) in node.inputs.enumerated() {
      let isVector: Bool
      switch (operation, place) {
      case (.embed, 0), (.rope, 1), (.dropout, 1), (.crossEntropy, 1), (.crossEntropyGradient, 1):
        operands.append(try integers(input) ?? view(input))
        continue
      case (.spread, 0), (.binary, 1):
        isVector = !hasRows(input, of: place == 0 ? index : node.inputs[0])
      case (.rmsNorm, 1...), (.layerNorm, 1...): isVector = true
      default: isVector = false
      }
      operands.append(isVector ? try vector(input) : try view(input))
    }
    let output = try placeToReplace(index, operation, operands) ?? allocate(index)
    set(index, output)
    addRow(RowInstruction(operation, operands, output, node.name))
  }

  /// The memory of an operand that an elementwise operation reads last.
  private func placeToReplace(_ index: Int, _ operation: RowOperation, _ operands: [View]) -> View? {
    guard operation.isElementwise, destinations[index] == nil else { return nil }
    let rows = shape(index).first ?? 1
    let count = inner(index).reduce(1, *)
    return operands.first {
      $0.rows == rows && $0.count == count && isWhole($0) && isFree($0.region, after: Set(reads(index)))
    }
  }

  /// Gives an instruction to the product whose tiles it follows, or to the row step before it, where it needs nothing
  /// that these do not have; else a step of its own.
  mutating func addRow(_ instruction: RowInstruction) {
    if joinProduct(instruction) { return }
    if let last = plan.entries.indices.last, var step = plan.entries[last].step as? RowStep,
      step.rows == instruction.output.rows, canJoin(instruction, step)
    {
      step.instructions.append(instruction)
      plan.entries[last].step = step
    } else {
      add(RowStep(rows: instruction.output.rows, block: 16, kernels: kernels, instructions: [instruction]))
    }
  }

  private func canJoin(_ instruction: RowInstruction, _ step: RowStep) -> Bool {
    let written = Set(step.writes.map(\.region))
    return instruction.wholeReads.allSatisfy { !written.contains($0.region) }
      && instruction.alignedReads.allSatisfy {
        !written.contains($0.region) || ($0.rows == step.rows && $0.stride != 0)
      }
  }

  /// Lets an instruction follow on the tiles of the product that makes one of its operands.
  private mutating func joinProduct(_ instruction: RowInstruction) -> Bool {
    let reads = Set(instruction.reads.map(\.region))
    let written = instruction.output.region
    for at in plan.entries.indices.reversed().prefix(24) {
      let step = plan.entries[at].step
      if var product = step as? ProductStep, product.writes.contains(where: { reads.contains($0.region) }) {
        guard canFollow(instruction, product) else { return false }
        product.tail.append(instruction)
        plan.entries[at].step = product
        return true
      }
      let touched = step.reads.contains { $0.region == written } || step.writes.contains { $0.region == written }
      if touched || step.writes.contains(where: { reads.contains($0.region) }) { return false }
    }
    return false
  }

  /// Whether an instruction needs only what a product's tile has, and harms nothing that another tile reads.
  private func canFollow(_ instruction: RowInstruction, _ product: ProductStep) -> Bool {
    let own = product.product
    let made = Set(product.writes.map(\.region))
    guard own.m == instruction.output.rows, instruction.output.count == own.n else { return false }
    let factors = [own.a.view, product.packed] + (own.bias.map { [$0] } ?? [])
    guard factors.allSatisfy({ $0.region != instruction.output.region }) else { return false }
    guard instruction.wholeReads.allSatisfy({ !made.contains($0.region) }) else { return false }
    let isAligned = instruction.alignedReads.allSatisfy {
      !made.contains($0.region) || ($0.rows == own.m && $0.count == own.n && $0.stride != 0)
    }
    guard isAligned else { return false }
    if products.hasWholeRows(columns: own.n) { return instruction.operation.isRowwise }
    return instruction.operation.isElementwise && instruction.columnReads.allSatisfy { $0.count == own.n }
  }
}
