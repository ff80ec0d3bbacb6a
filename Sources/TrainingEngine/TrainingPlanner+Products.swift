import GraphIR
import Kernels
import TensorCore

extension TrainingPlanner {
  /// A linear map or one of its gradients, as a product that may add to what is there.
  mutating func lowerProduct(_ index: Int) throws {
    let node = graph.nodes[index]
    let weights = try view(node.inputs[1])
    switch node.op {
    case .linear:
      let x = try rows(of: node.inputs[0], width: weights.count)
      set(index, try allocate(index))
      let bias = node.inputs.count > 2 ? try vector(node.inputs[2]) : nil
      try addProduct(
        index, Factor(view: x), Factor(view: weights, isTransposed: true), bias: bias,
        output: try rows(of: index, width: largest[weights.rows]), .replaces)
    case .training(.outerSum):
      let (g, x) = (shape(node.inputs[0]), shape(node.inputs[1]))
      let a = try rows(of: node.inputs[0], width: largest[g[g.count - 1]])
      let b = try rows(of: node.inputs[1], width: largest[x[x.count - 1]])
      let (output, storing) = try allocateGradient(index)
      set(index, output)
      try addProduct(index, Factor(view: a, isTransposed: true), Factor(view: b), bias: nil, output: output, storing)
    default:
      let g = try rows(of: node.inputs[0], width: largest[weights.rows])
      if let (sum, other) = sumToAddTo(index) {
        set(index, other)
        set(sum, other)
        isDone[sum] = true
        for read in Set(reads(sum)) { remaining[read] -= 1 }
        try addProduct(index, Factor(view: g), Factor(view: weights), bias: nil, output: other, .adds)
      } else {
        set(index, try allocate(index))
        try addProduct(
          index, Factor(view: g), Factor(view: weights), bias: nil,
          output: try rows(of: index, width: weights.count), .replaces)
      }
    }
  }

  private mutating func addProduct(
    _ index: Int, _ a: Factor, _ b: Factor, bias: View?, output: View, _ storing: Storing
  ) throws {
    let product = MatrixProduct(
      name: graph.nodes[index].name, a: a, b: b, bias: bias, output: output, storing: storing, kernels: products)
    let shape = product.shape(largest)
    let packed = try allocate(rows: 1, count: products.packedFloats(shape), "panels for \(product.name)")
    add(PackStep(product: product, packed: packed))
    add(ProductStep(product: product, packed: packed, kernels: kernels))
  }

  /// The only reader of a node, where it adds this node's value to one that nothing reads afterwards.
  private func sumToAddTo(_ index: Int) -> (sum: Int, view: View)? {
    let readers = readers[index].filter { live[$0] }
    guard readers.count == 1, remaining[index] == 1, let sum = readers.first,
      graph.nodes[sum].op == .binary(.add), graph.nodes[sum].inputs[1] == index, normOf[sum] == nil,
      !isDone[sum], targets[index] == nil, let other = views[graph.nodes[sum].inputs[0]],
      shape(graph.nodes[sum].inputs[0]) == shape(sum), shape(sum).count == 2, destinations[sum] == nil,
      isFree(other.region, after: [graph.nodes[sum].inputs[0]]), isWhole(other),
      !reads(index).contains(where: { views[$0]?.region == other.region })
    else { return nil }
    return (sum, other)
  }

  /// Whether a view has all of its region.
  func isWhole(_ view: View) -> Bool {
    view.isContiguous && view.offset == 0 && largest[view.rows] * view.count == plan.regions[view.region].words
  }

  // MARK: Joined values and gradients of weights with several uses

  /// Parts of joined values are made where the joined value lies.
  mutating func findJoined() {
    for (index, node) in graph.nodes.enumerated().reversed() where live[index] && node.op == .concatenate {
      if !isColumns(index) || isRagged(index) { continue }
      let parts = node.inputs
      guard parts[0] != parts[1], parts.allSatisfy({ source($0) != nil }) else { continue }
      let (whole, column) = destinations[index] ?? (index, 0)
      let first = inner(parts[0]).reduce(1, *)
      for (part, start) in [(parts[0], column), (parts[1], column + first)] {
        if let source = source(part) { destinations[source] = (whole, start) }
      }
    }
    for (node, tensors) in targets where tensors.count == 1 && uses[node] == 1 && !tapped.contains(node) {
      let inputs = graph.nodes[node].inputs
      guard graph.nodes[node].op == .binary(.add), inputs[0] != inputs[1],
        inputs.allSatisfy({ uses[$0] == 1 && !tapped.contains($0) && canStore($0) && normOf[$0] == nil })
      else { continue }
      storings[inputs[0]] = (tensors[0], .asTheRunSays)
      storings[inputs[1]] = (tensors[0], .adds)
      targets[node] = nil
    }
  }

  /// Whether an operation can put its result into the buffer of gradients.
  private func canStore(_ node: Int) -> Bool {
    switch graph.nodes[node].op {
    case .training(.outerSum), .training(.scatterSum): true
    default: false
    }
  }

  /// The node whose value a part is, past shapes that are free, where that value has memory of its own.
  private func source(_ part: Int) -> Int? {
    var node = part
    while true {
      guard remaining[node] == 1, targets[node] == nil, !tapped.contains(node) else { return nil }
      switch graph.nodes[node].op {
      case .reshape where !isRagged(node) && !isRagged(graph.nodes[node].inputs[0]): node = graph.nodes[node].inputs[0]
      case .concatenate: return isColumns(node) ? node : nil
      case .rope, .attentionMix, .unary, .training(.unaryGradient): return node
      case .affine: return node
      default: return gradientOf[node] != nil ? node : nil
      }
    }
  }

  /// Whether both parts of a joined value are in their places.
  func isPlaced(_ index: Int) -> Bool {
    guard let own = views[index] ?? destinations[index].flatMap({ views[$0.node] }) else { return false }
    return graph.nodes[index].inputs.allSatisfy { views[$0]?.region == own.region }
  }
}
