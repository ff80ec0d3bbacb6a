import GraphIR
import Kernels
import TensorCore

/// A value that needs memory.
struct PlannedValue {
  var domain: Domain
  /// Words of one row.
  var rowWords: Int
  /// Words in all, where rows do not simply follow one another.
  var totalWords: Int?
  /// Lives in the arena until the run ends.
  var isPinned = false
  /// The item that makes it; nil for inputs.
  var producer: Int?
}

/// One piece of work before it has a place in a step.
struct Item {
  enum Work {
    case row(RowOperation)
    case task((Placement) -> TaskStep)
    /// A product that row operations may follow.
    case product((Placement) -> ProductStep, columns: Int)
  }
  var work: Work
  var domain: Domain
  var inputs: [Source] = []
  /// Values read without being operands of a row operation.
  var reads: [Int] = []
  /// Items that must have ended in an earlier step.
  var after: [Int] = []
  /// Values among the inputs whose other rows are read too.
  var crossRow: Set<Int> = []
  var output: View?
  var name: String
  /// The cluster that does this item, and how an operation of its epilogue is cut.
  var cluster: Int?
  var cutting: Cutting?

  /// Values that it reads.
  var roots: [Int] { inputs.compactMap(\.root) + reads }
}

/// What an instruction reads.
enum Source {
  case view(View)
  case constant(Operand)

  var root: Int? { if case .view(let view) = self { view.root } else { nil } }
}

/// Turns a graph's nodes into items: views cost nothing, known pairs are fused, activations are quantised once.
struct Lowering {
  let graph: Graph
  let capacity: Int
  let options: PlanOptions
  let catalogue: KernelCatalogue
  let format: (String) throws -> BlockFormat

  /// What a node turned into.
  enum Result {
    case view(View)
    case weight(String, [Int])
    case state(StatePart)
    /// A product's result in parts, each with memory of its own.
    case parts([Range<Int>: View])
    /// Part of a later fusion.
    case fused
  }

  /// Rows of a state, perhaps narrowed.
  struct StatePart {
    var state: Int
    var offset: Int
    var width: Int
    var heads: Int
    var item: Int
    var chunk: Int?
  }

  /// Cosines and sines of some positions, shared by all that turn by them.
  struct Rotation: Hashable {
    var embedding: RotaryEmbedding
    /// The node of the positions.
    var positions: Int
  }

  /// Rows listed by expert, shared by all products of one choice.
  struct Routing: Hashable {
    var choice: View
    var experts: Int
  }

  var values: [PlannedValue] = []
  var items: [Item] = []
  var results: [Result] = []
  var program: Program
  var uses: [Int]
  /// Nodes that read each node.
  let readers: [[Int]]
  var matrixOf: [String: Int] = [:]
  var constantOf: [String: Int] = [:]
  var tableOf: [String: Int] = [:]
  var quantised: [ActivationLayout: [View: Int]] = [:]
  var rotations: [Rotation: View] = [:]
  var routes: [Routing: (item: Int, route: [Int])] = [:]
  /// Values that lie as the product after them reads activations.
  var activated: Set<Int> = []
  /// Products after gates of experts that are one task.
  var gatedReaders: [Int: Int] = [:]
  var clusters: [Cluster] = []
  /// Items that read each ring, whose new rows are kept when all have ended.
  var ringReaders: [Int: (part: StatePart, items: [Int])] = [:]
  var inputs: [String: View] = [:]
  var tapped: [(name: String, node: Int)] = []
  /// Names under which nodes are to be kept.
  private(set) var kept: [Int: [String]] = [:]

  init(
    graph: Graph, capacity: Int, options: PlanOptions, catalogue: KernelCatalogue,
    format: @escaping (String) throws -> BlockFormat
  ) {
    (self.graph, self.capacity, self.options) = (graph, capacity, options)
    (self.catalogue, self.format) = (catalogue, format)
    program = Program(capacity: capacity, options: options)
    uses = graph.uses
    var readers = [[Int]](repeating: [], count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() { for input in node.inputs { readers[input].append(index) } }
    self.readers = readers
  }

  mutating func run() throws {
    for name in options.taps.sorted() {
      guard let node = graph.node(named: name) else { throw PlanError(name: name, reason: "is no value of this graph") }
      kept[node, default: []].append(name)
    }
    let fused = fusedNodes()
    for (index, node) in graph.nodes.enumerated() {
      results.append(fused.contains(index) ? .fused : try lower(node, index))
      for name in kept[index] ?? [] { try keep(index, as: name) }
    }
    commitRings()
    try keep(graph.output, as: graph.nodes[graph.output].name)
    fuse()
  }

  /// Nodes that become part of the node that reads them: attention's inner pair, activations of a gate.
  private mutating func fusedNodes() -> Set<Int> {
    var fused: Set<Int> = []
    let (graph, uses, kept) = (graph, uses, kept)
    func isPrivate(_ index: Int) -> Bool {
      uses[index] == 1 && index != graph.output && kept[index] == nil
    }
    for (index, node) in graph.nodes.enumerated() {
      switch node.op {
      case .attentionMix:
        let pattern = node.inputs[0]
        guard graph.nodes[pattern].op == .attentionPattern else { continue }
        let scores = graph.nodes[pattern].inputs[0]
        if isPrivate(pattern), isPrivate(scores), areAlike(graph.nodes[scores].inputs[1], node.inputs[1]) {
          fused.formUnion([pattern, scores])
        }
      case .binary(.multiply):
        let first = node.inputs[0]
        if case .unary(.silu) = graph.nodes[first].op, isPrivate(first) { fused.insert(first) }
        if case .unary(.geluTanh) = graph.nodes[first].op, isPrivate(first) { fused.insert(first) }
        if let gated = gatedExperts(index, isPrivate: isPrivate) {
          fused.formUnion(gated.operands)
          gatedReaders[index] = gated.reader
        }
      default: break
      }
    }
    return fused
  }

  /// Whether keys and values keep the same rows, for the same heads or values for all heads.
  private func areAlike(_ keys: Int, _ values: Int) -> Bool {
    func state(_ index: Int) -> State? {
      let node = graph.nodes[index]
      if case .slice = node.op { return state(node.inputs[0]) }
      return node.op.state
    }
    guard case .keyValue(_, let keyHeads, _, let keyRetention) = state(keys),
      case .keyValue(_, let valueHeads, _, let valueRetention) = state(values)
    else { return state(keys) == state(values) }
    return keyRetention == valueRetention && (keyHeads == valueHeads || valueHeads == 1)
  }

  private mutating func keep(_ index: Int, as name: String) throws {
    guard case .view(let view) = results[index] else {
      throw PlanError(name: graph.nodes[index].name, reason: "is a state or a weight; only values can be kept")
    }
    values[view.root].isPinned = true
    tapped.append((name, index))
  }

  // MARK: Making values and items

  func domain(_ shape: Shape) -> Domain { shape.first == .rows ? .rows : .tokens }

  /// Sizes of a row; symbols other than rows take their greatest size.
  func sizes(_ shape: Shape) -> [Int] {
    let rest = shape.dropFirst().map { $0 == .context ? options.context : $0.size() }
    return rest.isEmpty ? [1] : rest
  }

  mutating func value(_ domain: Domain, _ sizes: [Int], producer: Int?) -> View {
    let width = sizes[sizes.count - 1]
    let groups = sizes.dropLast().reduce(1, *)
    values.append(PlannedValue(domain: domain, rowWords: groups * width, producer: producer))
    return View(root: values.count - 1, groups: groups, width: width)
  }

  /// Adds a row operation whose result has these sizes.
  mutating func row(
    _ op: RowOperation, _ sources: [Source], _ domain: Domain, _ sizes: [Int], _ name: String,
    crossRow: Set<Int> = []
  ) -> View {
    let output = value(domain, sizes, producer: items.count)
    items.append(
      Item(work: .row(op), domain: domain, inputs: sources, crossRow: crossRow, output: output, name: name))
    return output
  }

  /// Adds a task that reads these values.
  mutating func task(
    reads: [Int], after: [Int] = [], output: View?, domain: Domain, name: String,
    _ make: @escaping (Placement) -> TaskStep
  ) {
    items.append(
      Item(work: .task(make), domain: domain, reads: reads, after: after, output: output, name: name))
  }

  /// The value of an operand, or the weight as float32.
  mutating func source(_ node: Int) throws -> Source {
    switch results[node] {
    case .view(let view): return .view(view)
    case .weight(let name, let sizes): return .constant(try constant(name, sizes))
    case .state, .parts, .fused:
      throw PlanError(name: graph.nodes[node].name, reason: "is read as a plain value, which it is not")
    }
  }

  func view(_ node: Int) throws -> View {
    guard case .view(let view) = results[node] else {
      throw PlanError(name: graph.nodes[node].name, reason: "is no row value")
    }
    return view
  }

  mutating func constant(_ name: String, _ sizes: [Int]) throws -> Operand {
    let index = constantOf[name] ?? program.constants.count
    if constantOf.updateValue(index, forKey: name) == nil { program.constants.append(name) }
    let width = sizes.last ?? 1
    return Operand(
      space: .constant(index), offset: 0, rowStride: 0, groups: sizes.dropLast().reduce(1, *), groupStride: width,
      width: width)
  }

  mutating func matrix(_ name: String, _ sizes: [Int]) throws -> Int {
    if let known = matrixOf[name] { return known }
    let format = try format(name)
    let columns = sizes[sizes.count - 1]
    guard columns % format.blockWidth == 0 else {
      throw PlanError(name: name, reason: "rows of \(columns) do not divide into blocks of \(format)")
    }
    let packing = catalogue.packing(for: format, columns: columns, arithmetic: options.arithmetic)
    program.matrices.append(
      Matrix(
        name: name, count: sizes.dropLast(2).reduce(1, *), rows: sizes[sizes.count - 2], columns: columns,
        format: format, packing: packing))
    matrixOf[name] = program.matrices.count - 1
    return program.matrices.count - 1
  }
}
