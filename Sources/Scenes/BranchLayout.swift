import GraphIR

/// One branch of the stream: what is on the spine before and after it, and lanes of blocks beside the spine.
///
/// A value lies below those it is made from, in the lane of its first operand; what reads the stream opens a lane. The
/// source's lower edge is `y = 0`: matrices that read the source rise above it, so that all values stay in one band.
struct BranchLayout {
  let scene: Scene
  let drawn: DrawnNodes
  let branch: Anatomy.Branch
  var drafts: [Draft] = []
  /// The norms of the source, then what becomes of the result before it is added.
  private(set) var before: [Int] = []
  private(set) var after: [Int] = []
  /// Drafts that show a node's cells.
  private var shown: [Int: [Int]] = [:]
  /// Lower edges of lanes, and of all values.
  private var laneBottoms: [Double] = []
  private(set) var bandBottom = 0.0
  /// Matrices that make the result, by the draft they read; they hang below the band.
  private var closing: [(weight: Int, operand: Int?)] = []
  private let known: (Int) -> Bool

  /// `known` says which weights have blocks already.
  init(_ branch: Anatomy.Branch, in scene: Scene, drawn: DrawnNodes, known: @escaping (Int) -> Bool) {
    (self.branch, self.scene, self.drawn, self.known) = (branch, scene, drawn, known)
    after = resultChain()
    before = branch.nodes.filter { isOwnNorm($0) && !after.contains($0) }
    let onSpine = Set(before + after)
    for node in branch.nodes where !isWeight(node) && !scene.isInput(node) {
      if onSpine.contains(node) { close(node) } else { place(node) }
    }
    hangClosing()
  }

  private var graph: Graph { scene.graph }
  private var gap: Double { scene.gap }
  func isWeight(_ node: Int) -> Bool { if case .weight = graph.nodes[node].op { true } else { false } }

  private func isOwnNorm(_ node: Int) -> Bool {
    guard let source = branch.source, graph.nodes[node].op.isNorm else { return false }
    return graph.nodes[node].inputs[0] == source && graph.nodes[node].shape == graph.nodes[source].shape
  }

  /// The result and what it is a plain change of, last made last.
  private func resultChain() -> [Int] {
    guard branch.sum != nil else { return [] }
    var chain: [Int] = []
    var node = branch.result
    while branch.nodes.contains(node), !isOwnNorm(node), !isWeight(node) {
      switch graph.nodes[node].op {
      case .rmsNorm, .layerNorm, .affine, .unary, .clamp:
        chain.append(node)
        node = graph.nodes[node].inputs[0]
        continue
      case .linear, .binary, .weightedSum: chain.append(node)
      default: break
      }
      break
    }
    return chain.reversed()
  }

  // MARK: Values in lanes

  private mutating func place(_ node: Int) {
    if drawn.isView(node) {
      if shown[node] == nil { shown[node] = shown[drawn.viewed(node)] }
      return
    }
    let parts = drawn.parts[node] ?? [Part(node: node, columns: 0..<(scene.shape(node).last ?? 1))]
    let weights = graph.nodes[node].inputs.filter { isWeight($0) && !known($0) }
    let operands = graph.nodes[node].inputs.flatMap { shown[$0] ?? [] }
    var made: [Int] = []
    for (number, part) in parts.enumerated() {
      let lane = number == 0 ? operands.first.map { drafts[$0].lane } : nil
      made.append(place(part, of: node, weights: weights, operands: operands, lane: lane))
      shown[part.node] = [made[number]]
    }
    shown[node] = made
  }

  private mutating func place(_ part: Part, of node: Int, weights: [Int], operands: [Int], lane: Int?) -> Int {
    let shape = scene.shape(part.node)
    let isFirst = operands.isEmpty && lane == nil
    let lane = lane ?? laneBottoms.count
    if lane == laneBottoms.count { laneBottoms.append(-.infinity) }
    let bottom = operands.reduce(laneBottoms[lane]) { max($0, drafts[$1].y + drafts[$1].height) }
    var stack: [Draft] = []
    for (place, weight) in weights.enumerated() {
      stack.append(weightDraft(weight, isMain: place == 0, part, of: node, drawn: shape, operands: operands))
    }
    // Matrices first, then vectors next to the result they belong to.
    stack.sort { ($0.rows.count > 1 ? 0 : 1, $0.node) < ($1.rows.count > 1 ? 0 : 1, $1.node) }
    let heights = stack.reduce(0) { $0 + $1.height + gap / 4 } + (stack.isEmpty ? 0 : gap / 4)
    let top = isFirst ? gap : max(bottom + gap + heights, bottom.isFinite ? bottom + gap : gap)
    var y = top - heights
    for var draft in stack {
      (draft.lane, draft.y) = (lane, y)
      y += draft.height + gap / 4
      drafts.append(draft)
    }
    var draft = Draft.value(part.node, shape)
    (draft.lane, draft.y) = (lane, top)
    drafts.append(draft)
    laneBottoms[lane] = top + draft.height
    bandBottom = max(bandBottom, top + draft.height)
    return drafts.count - 1
  }

  private func weightDraft(
    _ weight: Int, isMain: Bool, _ part: Part, of node: Int, drawn shape: [Int], operands: [Int]
  ) -> Draft {
    let sizes = scene.shape(weight)
    switch graph.nodes[node].op {
    case .linear:
      if isMain, sizes[0] == scene.hiddenSize, sizes[1] >= sizes[0], let operand = operands.first, part.node == node {
        return .matrixBelow(weight, sizes, operand: drafts[operand])
      }
      return .matrixAbove(weight, sizes, part: part, drawn: shape)
    case .headLinear: return .heads(weight, sizes)
    case .expertLinear: return .bank(weight, sizes, isBelow: sizes[1] == scene.hiddenSize && !operands.isEmpty)
    default: return .small(weight, sizes, drawn: shape)
    }
  }

  // MARK: Matrices that make the result

  private mutating func close(_ node: Int) {
    guard case .linear = graph.nodes[node].op, let weight = graph.nodes[node].inputs.dropFirst().first,
      isWeight(weight), !known(weight)
    else { return }
    closing.append((weight, shown[graph.nodes[node].inputs[0]]?.first))
  }

  private mutating func hangClosing() {
    for (weight, operand) in closing {
      let sizes = scene.shape(weight)
      var draft: Draft
      if let operand {
        draft = .matrixBelow(weight, sizes, operand: drafts[operand])
        (draft.lane, draft.y) = (drafts[operand].lane, bandBottom + gap)
      } else {
        draft = .matrixAbove(weight, sizes, part: Part(node: weight, columns: 0..<sizes[0]), drawn: [])
        (draft.lane, draft.y) = (laneBottoms.count, gap / 2 - Double(sizes[1]))
        laneBottoms.append(0)
      }
      drafts.append(draft)
    }
  }

  // MARK: Widths

  /// How far apart copies beside one another are in a lane, by how many there are.
  func pitch(_ draft: Draft) -> Double {
    guard draft.spread == .across, let fan = draft.fan else { return 0 }
    let widest = drafts.reduce(0) { widest, other in
      guard other.lane == draft.lane, other.spread == .across, other.fan?.count == fan.count else { return widest }
      return max(widest, other.columns.count)
    }
    return (Double(widest) + max(1, gap / 3)).rounded(.up)
  }

  /// The width of each lane, from the spine outwards.
  var laneWidths: [Double] {
    var widths = [Double](repeating: 0, count: laneBottoms.count)
    for draft in drafts { widths[draft.lane] = max(widths[draft.lane], draft.width(pitch: pitch(draft))) }
    return widths
  }

  var top: Double { drafts.reduce(0) { min($0, $1.y) } }
  var bottom: Double { drafts.reduce(bandBottom) { max($0, $1.y + $1.height) } }
}

extension Op {
  var isNorm: Bool {
    switch self {
    case .rmsNorm, .layerNorm: true
    default: false
    }
  }
}

extension Scene {
  package func isInput(_ node: Int) -> Bool { if case .input = graph.nodes[node].op { true } else { false } }

  /// Whether a node's cells are another's, drawn or not.
  package func isView(_ node: Int) -> Bool {
    switch graph.nodes[node].op {
    case .reshape, .slice, .append: true
    default: false
    }
  }
}
