import GraphIR
import Kernels
import TensorCore

extension TrainingPlanner {
  // MARK: Maps with several matrices, one a head or one an expert

  mutating func lowerMatrices(_ index: Int, isTransposed: Bool) throws {
    let inputs = graph.nodes[index].inputs
    let choice = try matrixChoice(index, parts: isTransposed ? inputs[0] : index, matrices: inputs[1])
    let (x, weights) = (try parts(inputs[0]), try withoutGaps(inputs[1]))
    let sizes = inner(inputs[1])
    set(index, try allocate(index))
    add(
      MatricesStep(
        name: graph.nodes[index].name, choice: choice, input: x, weights: weights, inputs: sizes[1], outputs: sizes[0],
        isTransposed: isTransposed, output: try view(index), kernels: products))
  }

  mutating func lowerMatricesGradient(_ index: Int) throws {
    let inputs = graph.nodes[index].inputs
    let choice = try matrixChoice(index, parts: inputs[0], matrices: index)
    let (g, x, sizes) = (try parts(inputs[0]), try parts(inputs[1]), inner(index))
    let (output, storing) = try allocateGradient(index)
    set(index, output)
    add(
      MatricesGradientStep(
        name: graph.nodes[index].name, choice: choice, gradient: g, input: x, inputs: sizes[1], outputs: sizes[0],
        output: output, storing: storing, kernels: products))
  }

  /// Which of the matrices of one node the parts of another's rows `[T, slots, …]` meet; a third operand chooses.
  private mutating func matrixChoice(_ index: Int, parts: Int, matrices: Int) throws -> MatrixChoice {
    let count = largest[shape(matrices)[0]]
    let inputs = graph.nodes[index].inputs
    let routing = try inputs.count > 2 ? routing(inputs[2], experts: count) : nil
    return MatrixChoice(
      count: count, slots: inner(parts)[0], routing: routing,
      rows: routing == nil ? try view(inputs[0]) : try view(inputs[2]))
  }

  /// The slots of each expert, found once for all maps that read the same choice.
  private mutating func routing(_ choice: Int, experts: Int) throws -> View {
    if let known = routings[choice] { return known }
    let view = try view(choice)
    let output = try allocate(
      rows: 1, count: experts + 1 + 2 * largest[view.rows] * view.count, "routing by \(graph.nodes[choice].name)")
    add(RoutingStep(name: graph.nodes[choice].name, choice: view, experts: experts, output: output))
    routings[choice] = output
    return output
  }

  /// Rows of one part, or rows whose parts follow one another without gaps.
  private mutating func parts(_ node: Int) throws -> View {
    inner(node).dropLast().allSatisfy { $0 == 1 } ? try view(node) : try withoutGaps(node)
  }

  /// A value's words without gaps; copied first where there are some.
  mutating func withoutGaps(_ node: Int) throws -> View {
    let view = try view(node)
    if view.isContiguous { return view }
    let copy = try allocate(rows: view.rows, count: view.count, "copy of \(graph.nodes[node].name)")
    addRow(RowInstruction(.copy, [view], copy, "copy of \(graph.nodes[node].name)"))
    return copy
  }
}
