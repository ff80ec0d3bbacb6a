import GraphIR
import Kernels
import TensorCore

extension Lowering {
  /// A value as a product reads it: quantised, or contiguous float32 groups.
  mutating func activation(_ view: View, _ layout: ActivationLayout, _ domain: Domain, _ name: String) -> View {
    if layout == .f32 { return view }
    if let known = quantised[layout]?[view] {
      return View(root: known, groups: view.groups, width: values[known].rowWords / view.groups)
    }
    let words = layout.rowBytes(view.width) / 4
    let result = row(.quantise(layout), [.view(view)], domain, [view.groups, words], "\(name).\(layout.rawValue)")
    quantised[layout, default: [:]][view] = result.root
    return result
  }

  mutating func product(_ node: Node, _ index: Int) throws -> Result {
    guard case .weight(let name, let sizes) = results[node.inputs[1]] else {
      throw PlanError(name: node.name, reason: "multiplies by a value that is no weight")
    }
    let matrix = try matrix(name, sizes)
    let domain = domain(node.shape)
    let input = activation(
      try view(node.inputs[0]), program.matrices[matrix].packing.activation, domain, node.name)
    let bias: Operand? =
      if node.inputs.count > 2, case .weight(let name, let sizes) = results[node.inputs[2]] {
        try constant(name, sizes)
      } else { nil }
    let rows = program.matrices[matrix].rows
    func make(_ window: Range<Int>, _ output: View) -> (Placement) -> ProductStep {
      { place in
        ProductStep(
          matrix: matrix, matrixRows: window, domain: domain, input: place(input), bias: bias, output: place(output),
          name: node.name)
      }
    }
    if program.matrices[matrix].count > 1 || input.groups > 1 {
      let output = value(domain, self.sizes(node.shape), producer: items.count)
      let step = make(0..<rows, output)
      task(reads: [input.root], output: output, domain: domain, name: node.name) { .headProduct(step($0)) }
      return .view(output)
    }
    let windows = windows(of: index, rows: rows)
    let views = windows.map { window in
      let output = value(domain, windows.count == 1 ? self.sizes(node.shape) : [window.count], producer: items.count)
      items.append(
        Item(
          work: .product(make(window, output), columns: window.count), domain: domain, reads: [input.root],
          output: output, name: node.name))
      return (window, output)
    }
    return windows.count == 1 ? .view(views[0].1) : .parts(Dictionary(uniqueKeysWithValues: views))
  }

  /// The parts of a product's result that are read on their own, each of whole panels; all of it where something reads more.
  private func windows(of index: Int, rows: Int) -> [Range<Int>] {
    var parts: Set<Range<Int>> = []
    if kept[index] != nil || index == graph.output { return [0..<rows] }
    for reader in readers[index] {
      guard case .slice(let range) = graph.nodes[reader].op else { return [0..<rows] }
      parts.insert(range)
    }
    let windows = parts.sorted { $0.lowerBound < $1.lowerBound }
    func isPanels(_ range: Range<Int>) -> Bool {
      range.lowerBound % Packing.panelRows == 0
        && (range.upperBound % Packing.panelRows == 0 || range.upperBound == rows)
    }
    let areApart = zip(windows, windows.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound }
    return windows.count > 1 && areApart && windows.allSatisfy(isPanels) ? windows : [0..<rows]
  }
}
