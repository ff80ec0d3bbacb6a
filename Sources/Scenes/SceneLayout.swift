public import GraphIR

extension Scene {
  /// Lays out a graph for a prompt of so many tokens, of which the last `rows` have logits, by default all.
  ///
  /// Costs time in the order of the graph's nodes; no weight is read.
  public init(_ graph: Graph, sizes: Sizes) {
    (self.graph, self.sizes) = (graph, sizes)
    let drawn = DrawnNodes(graph)
    parts = drawn.parts
    let anatomy = Anatomy(graph)
    let stream = anatomy.branches.first?.sum ?? graph.output
    hiddenSize = max(1, shape(stream).last ?? 1)
    gap = max(3, Double(hiddenSize).squareRoot().rounded())
    var layout = SceneLayout(scene: self, drawn: drawn, anatomy: anatomy)
    layout.run()
    self = layout.scene
  }
}

/// Puts branches along the spine, each as high as its side and its source allow.
struct SceneLayout {
  var scene: Scene
  let drawn: DrawnNodes
  let anatomy: Anatomy
  /// Lower edges of the spine and of either side.
  private var spine = 0.0
  private var sides: [Bool: Double] = [:]
  private var known: Set<Int> = []
  /// The model's width, which a vocabulary's table is cut to.
  private var breadth = 0.0

  init(scene: Scene, drawn: DrawnNodes, anatomy: Anatomy) {
    (self.scene, self.drawn, self.anatomy) = (scene, drawn, anatomy)
  }

  private var gap: Double { scene.gap }

  mutating func run() {
    var layouts: [BranchLayout] = []
    var seen = Set(anatomy.start.filter(isWeight))
    for branch in anatomy.branches {
      let taken = seen
      let layout = BranchLayout(branch, in: scene, drawn: drawn, known: { taken.contains($0) })
      seen.formUnion(branch.nodes.filter(isWeight))
      layouts.append(layout)
    }
    let widths = [true, false].map { left in
      layouts.filter { $0.branch.mixesTokens == left }.reduce(0) { max($0, reach($1)) }
    }
    breadth = widths[0] + widths[1] + Double(scene.hiddenSize)
    placeInputs()
    placeStart()
    for layout in layouts { place(layout) }
    placeHead()
    fold()
    connect()
  }

  /// How far a branch goes from the spine.
  private func reach(_ layout: BranchLayout) -> Double {
    layout.laneWidths.reduce(0) { $0 + $1 + 2 * gap }
  }

  func isWeight(_ node: Int) -> Bool { if case .weight = scene.graph.nodes[node].op { true } else { false } }

  // MARK: The spine

  private mutating func placeInputs() {
    guard
      let tokens = scene.graph.nodes.firstIndex(where: {
        if case .input("tokens", _, _) = $0.op { true } else { false }
      })
    else { return }
    add(Draft.value(tokens, scene.shape(tokens)), at: Point(-0.5, 0, 0), part: .embedding)
    spine = Double(scene.sizes.tokens) + gap
  }

  /// The embedding: its table above, cut into stretches beside one another, then what becomes of the rows.
  private mutating func placeStart() {
    for node in anatomy.start where !isWeight(node) && !scene.isInput(node) && !drawn.isView(node) {
      for weight in scene.graph.nodes[node].inputs where isWeight(weight) && known.insert(weight).inserted {
        placeTable(weight)
      }
      placeOnSpine(node, part: .embedding)
    }
    sides = [true: spine - gap, false: spine - gap]
  }

  private mutating func placeTable(_ weight: Int) {
    var draft = Draft.small(weight, scene.shape(weight), drawn: [])
    let pitch = Double(draft.columns.count) + gap / 2
    let count = max(1, min(Int(breadth / pitch), draft.rows.count / 64))
    draft = draft.cut(rows: (draft.rows.count + count - 1) / count)
    draft.fan?.step = Point(pitch, 0, 0)
    let width = draft.width(pitch: pitch)
    add(draft, at: Point(-(width / 2).rounded(), spine, 0), part: .embedding)
    spine += draft.height + gap
  }

  /// A value `[T, hidden]` in the middle, its vectors above it.
  private mutating func placeOnSpine(_ node: Int, part: Block.Part) {
    spine += gap
    for weight in scene.graph.nodes[node].inputs where isWeight(weight) && known.insert(weight).inserted {
      let draft = Draft.small(weight, scene.shape(weight), drawn: [])
      add(draft, at: Point(middle(draft), spine, 0), part: part)
      spine += draft.height + gap / 4
    }
    let draft = Draft.value(node, scene.shape(node))
    add(draft, at: Point(middle(draft), spine, 0), part: part)
    spine += draft.height
  }

  private func middle(_ draft: Draft) -> Double { -(draft.width(pitch: 0) / 2).rounded() }

  // MARK: Branches

  private mutating func place(_ layout: BranchLayout) {
    let isLeft = layout.branch.mixesTokens
    let part = Self.part(layout.branch, scene.graph)
    let norms = layout.before.reduce(0.0) { height, node in
      height + gap + scene.graph.nodes[node].inputs.reduce(0.0) { $0 + (isWeight($1) ? 1 + gap / 4 : 0) }
        + Double(scene.sizes.tokens)
    }
    let floor = (sides[isLeft] ?? 0) + 2 * gap - layout.top
    spine = max(spine, floor - norms)
    for node in layout.before { placeOnSpine(node, part: .stream) }
    let base = spine
    placeLanes(layout, base: base, isLeft: isLeft, part: part)
    for node in layout.branch.nodes where isWeight(node) && layout.drafts.contains(where: { $0.node == node }) {
      known.insert(node)
    }
    spine = max(spine, base + layout.bandBottom)
    for node in layout.after { placeOnSpine(node, part: .stream) }
    if let sum = layout.branch.sum { placeOnSpine(sum, part: .stream) }
    sides[isLeft] = base + layout.bottom
  }

  private mutating func placeLanes(_ layout: BranchLayout, base: Double, isLeft: Bool, part: Block.Part) {
    var edge = Double(scene.hiddenSize) / 2 + 2 * gap
    var starts: [Double] = []
    for width in layout.laneWidths {
      starts.append(isLeft ? -(edge + width).rounded(.up) : edge.rounded(.up))
      edge += width + 2 * gap
    }
    for var draft in layout.drafts {
      let step =
        switch draft.spread {
        case .across: Point(layout.pitch(draft), 0, 0)
        case .deep: Point(0, 0, -max(2, gap / 4))
        case .down(let step): Point(0, step, 0)
        }
      draft.fan?.step = step
      add(draft, at: Point(starts[draft.lane] + draft.x, base + draft.y, 0), part: part)
    }
  }

  private static func part(_ branch: Anatomy.Branch, _ graph: Graph) -> Block.Part {
    var part = branch.mixesTokens ? Block.Part.attention : .feedForward
    for node in branch.nodes {
      switch graph.nodes[node].op {
      case .recurrence: return .recurrence
      case .expertLinear: part = .experts
      case .gather where branch.nodes.count <= 3: part = .embedding
      default: break
      }
    }
    return part
  }

  // MARK: The head

  /// The last norm, then the vocabulary's matrix and logits, cut into stretches below one another.
  private mutating func placeHead() {
    spine = max(spine, sides.values.max() ?? 0) + gap
    let nodes = anatomy.head.filter { !isWeight($0) && !scene.isInput($0) && !drawn.isView($0) }
    let wide = nodes.filter { (scene.shape($0).last ?? 1) != scene.hiddenSize }
    for node in nodes where !wide.contains(node) { placeOnSpine(node, part: .head) }
    guard let width = wide.map({ scene.shape($0).last ?? 1 }).max() else { return }
    var stack: [Draft] = []
    for node in wide {
      for weight in scene.graph.nodes[node].inputs where isWeight(weight) && known.insert(weight).inserted {
        let shape = scene.shape(weight)
        stack.append(
          .matrixAbove(weight, shape, part: Part(node: weight, columns: 0..<shape[0]), drawn: []))
      }
      stack.append(.value(node, scene.shape(node)))
    }
    let count = max(1, Int((Double(width) / max(breadth, 1)).rounded()))
    let chunk = (width + count - 1) / count
    let step = stack.reduce(gap) { $0 + $1.height + gap }
    var y = spine + gap
    for draft in stack {
      let strip = draft.columns.count == width ? draft.cut(columns: chunk, step: step) : draft
      var placed = strip
      if case .down = strip.spread { placed.fan?.step = Point(0, step, 0) }
      add(placed, at: Point(-(Double(strip.columns.count) / 2).rounded(), y, 0), part: .head)
      y += draft.height + gap
    }
    spine = y + Double(count - 1) * step
  }

  // MARK: Blocks

  private mutating func add(_ draft: Draft, at place: Point, part: Block.Part) {
    let node = scene.graph.nodes[draft.node]
    let kind: Block.Kind = isWeight(draft.node) ? .weight : node.type == .int32 ? .index : .value
    var origin = place
    if kind != .weight { origin.z += gap / 2 }
    let id = scene.blocks.count
    scene.blocks.append(
      Block(
        id: id, node: draft.node, name: node.name, operation: node.op.mnemonic, kind: kind, part: part,
        layer: Self.layer(node.name), shape: scene.shape(draft.node), columns: draft.columns, rows: draft.rows,
        fan: draft.fan, origin: origin, order: draft.node))
    scene.blocksOfNode[draft.node, default: []].append(id)
  }

  /// The number in `blocks.3.…` or `blk.3.…`.
  private static func layer(_ name: String) -> Int? {
    let parts = name.split(separator: ".")
    guard parts.count > 2, parts[0] == "blocks" || parts[0] == "blk" else { return nil }
    return Int(parts[1])
  }
}
