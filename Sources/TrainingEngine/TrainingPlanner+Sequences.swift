import GraphIR
import Kernels

extension TrainingPlanner {
  // MARK: Convolutions and recurrences, which go along the rows of a sequence

  mutating func lowerConvolution(_ index: Int, isGradient: Bool) throws {
    let inputs = graph.nodes[index].inputs
    let (rows, weight) = (try view(inputs[0]), try withoutGaps(inputs[1]))
    let bias = try inputs.dropFirst(2).first.map { try vector($0) }
    let output = try allocate(index)
    set(index, output)
    add(
      ConvolutionStep(
        name: graph.nodes[index].name, input: rows, weight: weight, bias: bias, taps: weight.count, output: output,
        isGradient: isGradient, kernels: kernels))
  }

  mutating func lowerConvolutionWeight(_ index: Int, taps: Int) throws {
    let inputs = graph.nodes[index].inputs
    let (gradient, rows) = (try view(inputs[0]), try view(inputs[1]))
    let (output, storing) = try allocateGradient(index)
    set(index, output)
    add(
      ConvolutionWeightStep(
        name: graph.nodes[index].name, gradient: gradient, input: rows, taps: taps, output: output, storing: storing,
        kernels: kernels))
  }

  mutating func lowerRecurrence(_ index: Int) throws {
    let operands = try recurrenceViews(graph.nodes[index].inputs)
    let output = try allocate(index)
    set(index, output)
    add(RecurrenceStep(name: graph.nodes[index].name, operands: operands, output: output))
  }

  mutating func lowerRecurrenceGradient(_ index: Int) throws {
    let inputs = graph.nodes[index].inputs
    let operands = try recurrenceViews(Array(inputs.dropFirst()))
    let gradient = try view(inputs[0])
    let output = try allocate(index)
    set(index, output)
    add(
      RecurrenceGradientStep(
        name: graph.nodes[index].name, operands: operands, gradient: gradient, output: output,
        context: min(context, options.maximumTokens)))
  }

  /// Queries, keys, values, decays and, for the gated delta rule, rates.
  private func recurrenceViews(_ nodes: [Int]) throws -> RecurrenceViews {
    let (keys, values) = (inner(nodes[1]), inner(nodes[2]))
    return RecurrenceViews(
      shape: SequenceRecurrence.Shape(
        heads: values[0], groups: keys[0], keyWidth: keys[1], valueWidth: values[1]),
      queries: try view(nodes[0]), keys: try view(nodes[1]), values: try view(nodes[2]), decays: try view(nodes[3]),
      rates: try nodes.count > 4 ? view(nodes[4]) : nil)
  }
}
