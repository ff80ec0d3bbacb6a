import GraphIR
import Kernels
import TensorCore

/// Turns a graph into a plan: what outputs and taps demand, in the graph's order.
struct TrainingPlanner {
  let graph: Graph
  let layout: ParameterLayout
  let options: TrainingEngineOptions
  let kernels: TrainingKernels
  let products: FloatProductKernels
  let largest: Sizes
  let context: Int

  var plan: TrainingPlan
  /// Where each node's value lies, once it is lowered.
  var views: [View?]
  var attention: [Int: AttentionMatch] = [:]
  /// Attention gradients, and for each node that one of them makes its index.
  var gradients: [AttentionGradientMatch] = []
  var gradientOf: [Int: Int] = [:]
  var live: [Bool]
  /// Weights whose gradient a node is.
  var targets: [Int: [ParameterLayout.Tensor]] = [:]
  var tapped: Set<Int> = []
  let uses: [Int]
  let readers: [[Int]]
  /// Whether a node's steps are there; a joined value has its memory before that.
  var isDone: [Bool]
  /// For each node, how many implementations are still to read its value; those that are kept are never read out.
  var remaining: [Int]
  /// The nodes whose values lie in a region.
  var residents: [Int: [Int]] = [:]
  var norms: [NormGradientMatch] = []
  var normOf: [Int: Int] = [:]
  /// Gradients that are stored where another's already is.
  var storings: [Int: (tensor: ParameterLayout.Tensor, storing: Storing)] = [:]
  var gradientRegions: [String: Int] = [:]
  /// Where attention of the same operands keeps what its gradients read.
  var attentionViews: [AttentionMatch: AttentionViews] = [:]
  var tables: [RotaryEmbedding: RotaryTable] = [:]
  /// By the node that chooses experts, where its slots lie in their order.
  var routings: [Int: View] = [:]
  /// For a value that is a part of a joined one: that node, and its first column.
  var destinations: [Int: (node: Int, column: Int)] = [:]

  init(_ graph: Graph, _ layout: ParameterLayout, _ options: TrainingEngineOptions, _ features: ProcessorFeatures) {
    (self.graph, self.layout, self.options) = (graph, layout, options)
    kernels = TrainingKernels(features: features)
    products = FloatProductKernels(options.products, features: features)
    largest = Sizes(largest: options.maximumTokens)
    context = options.context ?? options.maximumTokens
    plan = TrainingPlan(context: context)
    views = [View?](repeating: nil, count: graph.nodes.count)
    live = [Bool](repeating: false, count: graph.nodes.count)
    uses = graph.uses
    remaining = [Int](repeating: 0, count: graph.nodes.count)
    isDone = [Bool](repeating: false, count: graph.nodes.count)
    var readers = [[Int]](repeating: [], count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() { for input in node.inputs { readers[input].append(index) } }
    self.readers = readers
  }

  /// The whole plan; throws `TrainingEngineError` for what cannot be planned.
  mutating func run() throws -> TrainingPlan {
    try findOutputs()
    matchAttention()
    matchNorms()
    markLive()
    countReads()
    findJoined()
    for node in graph.nodes.indices where live[node] { try emit(node) }
    try storeGradients()
    plan.loss = try view(graph.output)
    for name in options.taps.sorted() {
      guard let node = graph.node(named: name) else { throw TrainingEngineError.unknownTap(name) }
      plan.taps[name] = TrainingPlan.Tap(view: try view(node), shape: graph.nodes[node].shape.map(dim))
    }
    finish()
    return plan
  }

  // MARK: What is needed

  private mutating func findOutputs() throws {
    guard let loss = graph.outputs.first, graph.nodes[loss.node].shape == [1] else {
      throw TrainingEngineError.unplannable(node: graph.outputs.first?.name ?? "graph", reason: "its loss is not [1]")
    }
    for output in graph.outputs.dropFirst() where output.name.hasPrefix("grad.") {
      if let tensor = layout[String(output.name.dropFirst(5))] { targets[output.node, default: []].append(tensor) }
    }
    tapped = Set(options.taps.compactMap { graph.node(named: $0) })
  }

  /// The nodes whose values a node's implementation reads.
  func reads(_ node: Int) -> [Int] {
    if let match = attention[node] { return match.reads }
    if let index = gradientOf[node] { return gradients[index].reads }
    if let index = normOf[node] { return norms[index].reads }
    return graph.nodes[node].inputs
  }

  private mutating func markLive() {
    var waiting = [graph.output] + targets.keys + tapped
    while let node = waiting.popLast() {
      if live[node] { continue }
      live[node] = true
      waiting += reads(node)
    }
  }

  private mutating func emit(_ node: Int) throws {
    if isDone[node] { return }
    for read in reads(node) { try emit(read) }
    if isDone[node] { return }
    isDone[node] = true
    if let match = attention[node] {
      try lowerAttention(node, match)
    } else if let index = gradientOf[node] {
      try lowerAttentionGradient(index)
    } else if let index = normOf[node] {
      try lowerNormGradient(index)
    } else {
      try lower(node)
    }
    for read in Set(reads(node)) { remaining[read] -= 1 }
  }

  /// Each implementation reads a value once, outputs and taps keep theirs.
  private mutating func countReads() {
    var seen: Set<[Int]> = []
    for node in graph.nodes.indices where live[node] {
      if let index = gradientOf[node], !seen.insert([0, index]).inserted { continue }
      if let index = normOf[node], !seen.insert([1, index]).inserted { continue }
      for read in Set(reads(node)) { remaining[read] += 1 }
    }
    for node in [graph.output] + targets.keys + tapped { remaining[node] += 1 }
  }

  /// Whether nothing reads a region's values once an implementation has read `last`.
  func isFree(_ region: Int, after last: Set<Int>) -> Bool {
    plan.regions[region].space == .arena && !plan.regions[region].isPinned
      && residents[region, default: []].allSatisfy { remaining[$0] == (last.contains($0) ? 1 : 0) }
  }

  mutating func set(_ node: Int, _ view: View) {
    views[node] = view
    residents[view.region, default: []].append(node)
  }

  // MARK: Memory

  func view(_ node: Int) throws -> View {
    guard let view = views[node] else {
      throw TrainingEngineError.unplannable(node: graph.nodes[node].name, reason: "is read before it is made")
    }
    return view
  }

  /// A size with asked rows counted as rows, where all are asked for.
  func dim(_ dim: Dim) -> Dim { dim == .rows && !options.choosesRows ? .tokens : dim }

  func shape(_ node: Int) -> Shape { graph.nodes[node].shape.map(dim) }

  /// Sizes after the first.
  func inner(_ node: Int) -> [Int] { shape(node).dropFirst().map { largest[$0] } }

  /// Whether a size after the first depends on the batch.
  func isRagged(_ node: Int) -> Bool { shape(node).dropFirst().contains { $0.fixed == nil } }

  /// New memory for rows.
  mutating func allocate(rows: Dim, count: Int, _ name: String) throws -> View {
    let (words, overflow) = largest[rows].multipliedReportingOverflow(by: count)
    guard !overflow, words < 1 << 40 else {
      throw TrainingEngineError.unplannable(node: name, reason: "needs \(rows)·\(count) words")
    }
    plan.regions.append(Region(space: .arena, words: words, name: name))
    return View(region: plan.regions.count - 1, rows: rows, count: count)
  }

  mutating func allocate(_ node: Int) throws -> View {
    let count = inner(node).reduce(1, *)
    if let (whole, column) = destinations[node] {
      if views[whole] == nil { set(whole, try allocate(whole)) }
      return try view(whole).columns(column..<column + count)
    }
    return try allocate(rows: shape(node).first ?? 1, count: count, graph.nodes[node].name)
  }

  /// Memory for a gradient where its buffer has it, which later steps need not copy; else as any other value's.
  mutating func allocateGradient(_ node: Int) throws -> (view: View, storing: Storing) {
    if let (tensor, storing) = storings[node] { return (gradientView(tensor), storing) }
    guard let tensors = targets[node], tensors.count == 1, uses[node] == 1, !tapped.contains(node) else {
      return (try allocate(node), .replaces)
    }
    targets[node] = nil
    return (gradientView(tensors[0]), .asTheRunSays)
  }

  mutating func gradientView(_ tensor: ParameterLayout.Tensor) -> View {
    let rows = tensor.shape.first ?? 1
    let region = gradientRegions[tensor.name] ?? plan.regions.count
    if gradientRegions.updateValue(region, forKey: tensor.name) == nil {
      plan.regions.append(
        Region(space: .gradients, offset: tensor.offset, words: tensor.count, name: "grad.\(tensor.name)"))
    }
    return View(region: region, rows: .fixed(rows), count: tensor.count / rows)
  }

  mutating func add(_ step: any TrainingStep) { plan.entries.append(TrainingPlan.Entry(step: step)) }

  private mutating func storeGradients() throws {
    for (node, tensors) in targets.sorted(by: { $0.key < $1.key }) {
      for tensor in tensors {
        let output = gradientView(tensor)
        add(StoreStep(name: tensor.name, input: try view(node), output: output))
      }
    }
    let names = Set(graph.outputs.map(\.name))
    if graph.outputs.count > 1 {
      for tensor in layout.tensors where !names.contains("grad.\(tensor.name)") {
        let output = gradientView(tensor)
        add(StoreStep(name: tensor.name, input: nil, output: output))
      }
    }
  }
}
