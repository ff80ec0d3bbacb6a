import GraphIR
import Kernels
import TensorCore

extension TrainingPlanner {
  /// Gives a node's value memory, and a step that fills it where it is no view of another.
  mutating func lower(_ index: Int) throws {
    let node = graph.nodes[index]
    switch node.op {
    case .input(let name, let shape, _):
      set(index, try input(name, shape))
    case .weight(let name, let shape): set(index, try weight(name, shape))
    case .reshape where !isRagged(index) && !isRagged(node.inputs[0]):
      var view = try view(node.inputs[0])
      view.rows = shape(index).first ?? 1
      set(index, view)
    case .cast(.float32): set(index, try view(node.inputs[0]))
    case .cast(.int32) where graph.nodes[node.inputs[0]].type == .int32: set(index, try view(node.inputs[0]))
    case .slice(let range) where isColumns(node.inputs[0]):
      set(index, try view(node.inputs[0]).columns(range))
    case .gather where isAllRows(node.inputs[0]): set(index, try view(node.inputs[1]))
    case .training(.scatterSum(let rows)) where isAllRows(node.inputs[0]) && dim(rows) == .tokens:
      set(index, try view(node.inputs[1]))
    case .linear, .training(.transposedLinear(.rows)), .training(.outerSum(.rows)): try lowerProduct(index)
    case .training(.scatterSum) where !isRagged(index): try lowerScatter(index)
    case .training(.sum) where !isRagged(node.inputs[0]) && !keepsRows(index): try lowerSum(index)
    case .headLinear, .expertLinear: try lowerMatrices(index, isTransposed: false)
    case .training(.transposedLinear): try lowerMatrices(index, isTransposed: true)
    case .training(.outerSum): try lowerMatricesGradient(index)
    case .shortConvolution: try lowerConvolution(index, isGradient: false)
    case .training(.shortConvolutionGradient): try lowerConvolution(index, isGradient: true)
    case .training(.shortConvolutionWeightGradient(let taps)): try lowerConvolutionWeight(index, taps: taps)
    case .recurrence: try lowerRecurrence(index)
    case .training(.recurrenceGradient): try lowerRecurrenceGradient(index)
    case .concatenate where isPlaced(index):
      if views[index] == nil, let (whole, column) = destinations[index] {
        set(index, try view(whole).columns(column..<column + inner(index).reduce(1, *)))
      }
    case .binary(.add) where storings[node.inputs[0]] != nil && storings[node.inputs[1]] != nil:
      set(index, try view(node.inputs[1]))
    default:
      if let operation = try rowOperation(index) {
        try lowerRow(index, operation)
      } else {
        try lowerPlainly(index)
      }
    }
  }

  // MARK: Leaves

  private mutating func input(_ name: String, _ shape: Shape) throws -> View {
    let known: [String: Shape] = [
      "tokens": [.tokens], "positions": [.tokens], "rows": [.rows], "targets": [.rows], "target_weights": [.rows],
      "token_weights": [.tokens], "dropout_keys": [.tokens],
    ]
    guard known[name] == shape else {
      throw TrainingEngineError.unplannable(node: name, reason: "no batch gives this input")
    }
    let view = try allocate(rows: dim(shape[0]), count: 1, name)
    plan.regions[view.region].isPinned = true
    plan.inputs[name] = view
    return view
  }

  private mutating func weight(_ name: String, _ shape: [Int]) throws -> View {
    let count = shape.reduce(1, *)
    if let tensor = layout[name] {
      guard tensor.shape == shape else {
        throw TrainingEngineError.weight(name: name, reason: "is \(tensor.shape) in the layout, \(shape) in the graph")
      }
      plan.regions.append(Region(space: .parameters, offset: tensor.offset, words: count, name: name))
    } else {
      plan.frozen.append((name, plan.regions.count, count))
      plan.regions.append(Region(space: .frozen, offset: plan.frozenWords, words: count, name: name))
      plan.frozenWords +=
        (count + ParameterLayout.alignment - 1) / ParameterLayout.alignment * ParameterLayout.alignment
    }
    let rows = shape.first ?? 1
    return View(region: plan.regions.count - 1, rows: .fixed(rows), count: count / max(1, rows))
  }

  // MARK: Shapes

  /// Whether the last dimension's columns are a row's.
  func isColumns(_ node: Int) -> Bool {
    let shape = shape(node)
    return shape.count >= 2 && !isRagged(node) && shape.dropFirst().dropLast().allSatisfy { $0 == 1 }
  }

  /// Whether a node is the input `rows`, which are all there are.
  private func isAllRows(_ node: Int) -> Bool {
    if case .input("rows", _, _) = graph.nodes[node].op { !options.choosesRows } else { false }
  }

  /// Whether a result has its first operand's rows.
  func keepsRows(_ node: Int) -> Bool {
    let (own, other) = (shape(node), shape(graph.nodes[node].inputs[0]))
    return own.count == other.count && own.first == other.first
  }

  /// A view's words as rows of `width`; copied first where they do not follow one another.
  mutating func rows(of node: Int, width: Int) throws -> View {
    var view = try view(node)
    if view.count == width { return view }
    if !view.isContiguous {
      let copy = try allocate(rows: view.rows, count: view.count, "rows of \(graph.nodes[node].name)")
      addRow(RowInstruction(.copy, [view], copy, "copy of \(graph.nodes[node].name)"))
      view = copy
    }
    view.rows = view.rows * .fixed(view.count / width)
    (view.count, view.stride) = (width, width)
    return view
  }

  /// A small value as one row that all rows of another meet.
  func vector(_ node: Int) throws -> View {
    var view = try view(node)
    view.count *= largest[view.rows]
    (view.rows, view.stride) = (1, 0)
    return view
  }

  /// The integers of an input of the batch; nil for other values.
  mutating func integers(_ node: Int) throws -> View? {
    guard case .input(let name, _, .int32) = graph.nodes[node].op else { return nil }
    if let known = plan.integers[name] { return known }
    let view = try allocate(rows: shape(node)[0], count: 1, "\(name) as integers")
    plan.regions[view.region].isPinned = true
    plan.integers[name] = view
    return view
  }

  // MARK: Steps across rows

  private mutating func lowerScatter(_ index: Int) throws {
    let node = graph.nodes[index]
    let (output, storing) = try allocateGradient(index)
    set(index, output)
    let integers = try integers(node.inputs[0])
    add(
      ScatterStep(
        name: node.name, indices: try integers ?? view(node.inputs[0]), areIntegers: integers != nil,
        input: try view(node.inputs[1]), width: output.count, output: output, storing: storing, kernels: kernels))
  }

  private mutating func lowerSum(_ index: Int) throws {
    let node = graph.nodes[index]
    let input = try view(node.inputs[0])
    let (large, small) = (inner(node.inputs[0]), shape(index).map { largest[$0] })
    let kept = small.count > large.count ? Array(small.dropFirst()) : small
    let (output, storing) = try allocateGradient(index)
    set(index, output)
    add(
      RowSumStep(
        name: node.name, input: input, spread: Spread(kept, over: large), output: output, storing: storing,
        kernels: kernels))
  }

  private mutating func lowerPlainly(_ index: Int) throws {
    let node = graph.nodes[index]
    set(index, try allocate(index))
    add(
      ReferenceStep(
        name: node.name, op: node.op, operands: try node.inputs.map { try view($0) },
        shapes: node.inputs.map { shape($0) }, output: try view(index), shape: shape(index), context: context))
  }
}
