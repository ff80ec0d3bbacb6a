import CKernels
import GraphIR
import TensorCore

extension TrainingPlanner {
  /// The row operation that computes a node; nil where rows meet, or where a size depends on the batch.
  func rowOperation(_ index: Int) throws -> RowOperation? {
    let node = graph.nodes[index]
    if isRagged(index) || node.inputs.contains(where: { isRagged($0) }) { return nil }
    guard let first = node.inputs.first else { return nil }
    let sizes = inner(first)
    let width = sizes.last ?? 1
    switch node.op {
    case .gather: return .gather(width: inner(node.inputs[1]).reduce(1, *))
    case .unary(let function): return .unary(function.kernel)
    case .binary(let function): return .binary(function.kernel, spread(node.inputs[1], over: first))
    case .affine(let scale, let offset): return .affine(scale: scale, offset: offset)
    case .clamp(let lower, let upper): return .clamp(lower: lower, upper: upper)
    case .cast: return .truncate
    case .training(.unaryGradient(let function)): return .unaryGradient(function)
    case .training(.sum): return .sum(spread(index, over: first))
    case .training(.spread): return .spread(spread(first, over: index))
    case .weightedSum: return sizes.count == 2 ? .weightedSum(width: width) : nil
    case .training(.crossEntropy): return .crossEntropy
    case .training(.crossEntropyGradient): return .crossEntropyGradient
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
    case .rope(let embedding):
      return .rope(RotaryTable(embedding, context: context), embedding, width: width)
    case .slice(let range): return .slice(range, width: width)
    case .concatenate: return .join(width, inner(node.inputs[1]).last ?? 1)
    case .training(.pad(let before, let after)): return .pad(before: before, width: width, after: after)
    case .topK(let selection):
      return selection.groups == nil ? .topK(count: selection.count, width: width) : nil
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

  /// Lowers a row operation whose later operands may be one row for all.
  mutating func lowerRow(_ index: Int, _ operation: RowOperation) throws {
    let node = graph.nodes[index]
    var operands: [View] = []
    for (place, input) in node.inputs.enumerated() {
      let isVector: Bool
      switch (operation, place) {
      case (.spread, 0): isVector = !hasRows(input, of: index)
      case (.binary, 1): isVector = !hasRows(input, of: index)
      case (.rmsNorm, 1...), (.layerNorm, 1...): isVector = true
      default: isVector = false
      }
      operands.append(isVector ? try vector(input) : try view(input))
    }
    let output = try allocate(index)
    views[index] = output
    addRow(RowInstruction(operation, operands, output, node.name))
  }

  /// Joins an instruction to the step before it where it reads nothing of that step but its own rows.
  mutating func addRow(_ instruction: RowInstruction) {
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
    var aligned = [instruction.a]
    var whole: [View] = []
    if case .gather = instruction.operation {
      whole = [instruction.b].compactMap { $0 }
    } else {
      aligned += [instruction.b, instruction.c].compactMap { $0 }
    }
    return whole.allSatisfy { !written.contains($0.region) }
      && aligned.allSatisfy { !written.contains($0.region) || ($0.rows == step.rows && $0.stride != 0) }
  }
}
