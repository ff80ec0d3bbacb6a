public import GraphIR
public import Kernels
public import TensorCore

extension Program {
  /// Plans a graph for up to `capacity` rows a run.
  ///
  /// `format` gives the stored format of a weight by name. Throws `PlanError` for what cannot be planned.
  public init(
    planning graph: Graph, capacity: Int, options: PlanOptions, catalogue: KernelCatalogue,
    format: @escaping (String) throws -> BlockFormat
  ) throws {
    let kept = Set(options.taps.compactMap { graph.node(named: $0) })
    let graph = capacity > 1 ? graph.askingEarly(keeping: kept) : graph
    var lowering = Lowering(
      graph: graph, capacity: capacity, options: options, catalogue: catalogue, format: format)
    try lowering.run()
    var schedule = Schedule(lowering.items, values: lowering.values, clusters: lowering.clusters)
    if capacity <= Self.ownRows { schedule.shareRows(lowering.items, values: lowering.values) }
    let placement = Self.place(&lowering, schedule)
    self = lowering.program
    steps = schedule.steps.map { step in
      func rows(_ items: [Int]) -> [RowInstruction] {
        items.compactMap { Self.instruction(lowering.items[$0], placement, lowering) }
      }
      if let domain = step.domain { return .rows(domain, rows(step.items)) }
      let own = step.own.isEmpty ? [] : [TaskStep.ownRows(.tokens, rows(step.own))]
      return .tasks(own + step.items.compactMap { Self.task(lowering.items[$0], placement, lowering) })
    }
    inputs = lowering.inputs.mapValues { placement($0) }
    for (name, node) in lowering.tapped {
      guard case .view(let view) = lowering.results[node] else { continue }
      let shape = graph.nodes[node].shape
      taps[name] = Tap(
        operand: placement(view), domain: lowering.domain(shape), shape: Array(shape.dropFirst()),
        type: graph.nodes[node].type)
    }
    output = taps[graph.nodes[graph.output].name]?.operand ?? output
  }

  /// Up to so many rows, every thread prepares a product's input by itself: that is quicker than to meet once more.
  static let ownRows = 2

  private static func task(_ item: Item, _ placement: Placement, _ lowering: Lowering) -> TaskStep? {
    switch item.work {
    case .row: return nil
    case .task(let make): return make(placement)
    case .product:
      guard let cluster = item.cluster.map({ lowering.clusters[$0] }) else { return nil }
      return .products(
        ProductsStep(
          members: cluster.products.compactMap {
            if case .product(let make, _) = lowering.items[$0].work { make(placement) } else { nil }
          }, epilogue: cluster.epilogue.compactMap { instruction(lowering.items[$0], placement, lowering) },
          domain: cluster.domain, columns: cluster.columns, unit: cluster.unit))
    }
  }

  private static func instruction(_ item: Item, _ placement: Placement, _ lowering: Lowering) -> RowInstruction? {
    guard case .row(var op) = item.work else { return nil }
    let inputs = item.inputs.map { placement($0) }
    if case .append(let state, _) = op, let output = item.output {
      op = .append(state: state, chunk: chunk(placement(output), lowering.capacity))
    }
    var output = item.output.map { placement($0) } ?? inputs[0]
    var sources = inputs
    if case .commit = op {
      sources[0] = chunk(inputs[0], lowering.capacity)
      output = sources[0]
    }
    if let cutting = item.cutting, let unit = item.cluster.map({ lowering.clusters[$0].unit }) {
      sources = zip(sources, cutting.inputs).map { cutting.apply($1, unit: unit, to: $0) }
      output = cutting.apply(cutting.output, unit: unit, to: output)
    }
    return RowInstruction(op: op, inputs: sources, output: output, name: item.name)
  }

  /// Chunks lie head by head: rows of a head follow one another.
  private static func chunk(_ operand: Operand, _ capacity: Int) -> Operand {
    var chunk = operand
    chunk.rowStride = operand.width
    chunk.groupStride = operand.width * capacity
    return chunk
  }

  /// Values that live within one step stay with its threads; others share the arena by lifetime.
  private static func place(_ lowering: inout Lowering, _ schedule: Schedule) -> Placement {
    let values = lowering.values
    let end = schedule.steps.count
    var (first, last, spaces) = lifetimes(lowering, schedule)
    for index in values.indices where values[index].isPinned {
      (first[index], last[index]) = (0, end)
    }
    var placement = Placement(
      offsets: [Int](repeating: 0, count: values.count), spaces: spaces, rowWords: values.map(\.rowWords))
    for cluster in lowering.clusters { placeTiles(of: cluster, &lowering, &placement) }
    var arena = ArenaPlan()
    var threadWords = [Int](repeating: 0, count: end + 1)
    for index in values.indices where spaces[index] == .thread {
      threadWords[first[index]] += aligned(values[index].rowWords)
    }
    let most = threadWords.max() ?? 0
    lowering.program.rowBlock = lowering.capacity <= ownRows ? lowering.capacity : max(1, min(16, 8192 / max(1, most)))
    lowering.program.threadWords = most * lowering.program.rowBlock
    threadWords = [Int](repeating: 0, count: end + 1)
    for index in values.indices.sorted(by: { size($0, lowering) > size($1, lowering) }) {
      switch spaces[index] {
      case .thread:
        placement.offsets[index] = threadWords[first[index]]
        threadWords[first[index]] += aligned(values[index].rowWords) * lowering.program.rowBlock
      case .tile: break
      case .arena, .constant:
        placement.offsets[index] = arena.place(words: size(index, lowering), steps: first[index]...last[index])
      }
    }
    lowering.program.arenaWords = arena.words
    return placement
  }

  /// The steps between which each value is needed, and where it can live.
  private static func lifetimes(
    _ lowering: Lowering, _ schedule: Schedule
  ) -> (first: [Int], last: [Int], spaces: [Operand.Space]) {
    let (values, items) = (lowering.values, lowering.items)
    let first = values.map { $0.producer.map { schedule.stepOf[$0] } ?? 0 }
    var last = first
    let own = Set(schedule.steps.flatMap(\.own))
    var spaces = values.map { value -> Operand.Space in
      guard let producer = value.producer, !value.isPinned, value.totalWords == nil else { return .arena }
      if own.contains(producer) || schedule.steps[schedule.stepOf[producer]].domain != nil { return .thread }
      guard let cluster = items[producer].cluster else { return .arena }
      return value.rowWords == lowering.clusters[cluster].columns ? .tile : .arena
    }
    for (index, item) in items.enumerated() {
      let step = schedule.stepOf[index]
      for root in item.roots {
        last[root] = max(last[root], step)
        guard let producer = values[root].producer else { continue }
        let stays =
          spaces[root] == .tile
          ? items[producer].cluster == item.cluster
          : step == first[root] && !item.crossRow.contains(root)
        if !stays { spaces[root] = .arena }
      }
    }
    return (first, last, spaces)
  }

  /// Gives a cluster's own values tiles; an operation may write where what it read last lay.
  private static func placeTiles(of cluster: Cluster, _ lowering: inout Lowering, _ placement: inout Placement) {
    let items = lowering.items
    var taken: Set<Int> = []
    func lastReader(_ root: Int) -> Int { cluster.epilogue.last { items[$0].roots.contains(root) } ?? -1 }
    for index in cluster.items {
      for root in Set(items[index].inputs.compactMap(\.root))
      where placement.spaces[root] == .tile && lastReader(root) == index {
        taken.remove(placement.offsets[root])
      }
      guard let root = items[index].output?.root, placement.spaces[root] == .tile else { continue }
      let free = (0...).first { !taken.contains($0) } ?? 0
      placement.offsets[root] = free
      taken.insert(free)
      lowering.program.tiles = max(lowering.program.tiles, free + 1)
    }
  }

  private static func size(_ value: Int, _ lowering: Lowering) -> Int {
    let planned = lowering.values[value]
    let rows = planned.domain == .rows ? lowering.program.rowCapacity : lowering.capacity
    return aligned(planned.totalWords ?? planned.rowWords * rows)
  }

  private static func aligned(_ words: Int) -> Int { (words + 15) / 16 * 16 }
}

/// Fixed offsets for values by lifetime: two share memory only where no step needs both.
package struct ArenaPlan {
  private var placed: [(offset: Int, words: Int, steps: ClosedRange<Int>)] = []
  package private(set) var words = 0

  package init() {}

  /// The lowest place that is free during `steps`.
  package mutating func place(words size: Int, steps: ClosedRange<Int>) -> Int {
    var offset = 0
    for other in placed.filter({ $0.steps.overlaps(steps) }).sorted(by: { $0.offset < $1.offset }) {
      if offset + size <= other.offset { break }
      offset = max(offset, other.offset + other.words)
    }
    placed.append((offset, size, steps))
    words = max(words, offset + size)
    return offset
  }
}
