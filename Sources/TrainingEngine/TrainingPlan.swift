import CKernels
import GraphIR
import TensorCore

/// A training graph as steps over planned memory.
struct TrainingPlan: Sendable {
  /// A step, and whether the loss needs it.
  struct Entry: Sendable {
    var step: any TrainingStep
    var isForLoss = false
  }

  /// A value that is kept.
  struct Tap: Sendable {
    let view: View
    let shape: Shape
  }

  var entries: [Entry] = []
  var regions: [Region] = []
  /// Views of the batch's inputs by name.
  var inputs: [String: View] = [:]
  var taps: [String: Tap] = [:]
  var loss = View(region: 0, rows: 1, count: 1)
  /// Indices of parameters' regions are their names here, frozen ones' too.
  var frozen: [(name: String, region: Int, count: Int)] = []
  /// Counts that indices of the batch must stay below.
  var vocabulary = 1 << 24
  var context: Int
  var classes = 1 << 24
  /// Words of each space.
  var arenaWords = 0
  var frozenWords = 0
  var scratchWords = 0
  /// Words of all arena values together, were none to share memory.
  var valueWords = 0
}

/// Turns a graph into a plan: what outputs and taps demand, in the graph's order.
struct TrainingPlanner {
  let graph: Graph
  let layout: ParameterLayout
  let options: TrainingEngineOptions
  let kernels: row_kernels
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

  init(_ graph: Graph, _ layout: ParameterLayout, _ options: TrainingEngineOptions, _ kernels: row_kernels) {
    (self.graph, self.layout, self.options, self.kernels) = (graph, layout, options, kernels)
    largest = Sizes(tokens: options.maximumTokens, rows: options.maximumTokens)
    context = options.context ?? options.maximumTokens
    plan = TrainingPlan(context: context)
    views = [View?](repeating: nil, count: graph.nodes.count)
    live = [Bool](repeating: false, count: graph.nodes.count)
    uses = graph.uses
  }

  /// The whole plan; throws `TrainingEngineError` for what cannot be planned.
  mutating func run() throws -> TrainingPlan {
    try findOutputs()
    matchAttention()
    markLive()
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
    if views[node] != nil { return }
    for read in reads(node) { try emit(read) }
    if views[node] != nil { return }
    if let match = attention[node] {
      try lowerAttention(node, match)
    } else if let index = gradientOf[node] {
      try lowerAttentionGradient(index)
    } else {
      try lower(node)
    }
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
    try allocate(rows: shape(node).first ?? 1, count: inner(node).reduce(1, *), graph.nodes[node].name)
  }

  /// The only weight whose gradient this node is, where nothing else reads it.
  func target(_ node: Int) -> ParameterLayout.Tensor? {
    guard let tensors = targets[node], tensors.count == 1, uses[node] == 1, !tapped.contains(node) else { return nil }
    return tensors[0]
  }

  /// Memory for a gradient where its buffer has it, which later steps need not copy; else as any other value's.
  mutating func allocateGradient(_ node: Int) throws -> (view: View, isGradient: Bool) {
    guard let tensor = target(node) else { return (try allocate(node), false) }
    targets[node] = nil
    return (gradientView(tensor), true)
  }

  mutating func gradientView(_ tensor: ParameterLayout.Tensor) -> View {
    plan.regions.append(
      Region(space: .gradients, offset: tensor.offset, words: tensor.count, name: "grad.\(tensor.name)"))
    let rows = tensor.shape.first ?? 1
    return View(region: plan.regions.count - 1, rows: .fixed(rows), count: tensor.count / rows)
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
