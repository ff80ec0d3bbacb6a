import GraphIR
import Kernels
import TensorCore

extension Lowering {
  /// A value as a product reads it: quantised, or contiguous float32 groups.
  private mutating func activation(_ view: View, _ layout: ActivationLayout, _ domain: Domain, _ name: String) -> View {
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

  mutating func expertProduct(_ node: Node) throws -> View {
    guard case .weight(let name, let sizes) = results[node.inputs[1]] else {
      throw PlanError(name: node.name, reason: "multiplies by a value that is no weight")
    }
    let matrix = try matrix(name, sizes)
    let hasChoiceRows = graph.nodes[node.inputs[0]].shape.count == 3
    let choice = try view(node.inputs[2])
    let chooser = graph.nodes[node.inputs[2]]
    if case .topK = chooser.op, let width = graph.nodes[chooser.inputs[0]].shape.last?.fixed, width > sizes[0] {
      throw PlanError(name: node.name, reason: "chooses among \(width) experts; \(name) has \(sizes[0])")
    }
    let (routeItem, parts) = route(choice, experts: sizes[0], name: node.name)
    var source = try view(node.inputs[0])
    // Rows of choices are counted through all tokens, so nothing may lie between two tokens' rows.
    if hasChoiceRows, values[source.root].rowWords != source.groups * source.groupStride {
      source = row(.copy, [.view(source)], .tokens, [source.groups, source.width], "\(node.name).rows")
    }
    let input = activation(source, program.matrices[matrix].packing.activation, .tokens, node.name)
    let output = value(.tokens, self.sizes(node.shape), producer: items.count)
    task(reads: [input.root] + parts, after: [routeItem], output: output, domain: .tokens, name: node.name) { place in
      .experts(
        ExpertStep(
          matrix: matrix, input: place(input), hasChoiceRows: hasChoiceRows,
          route: Self.route(parts, experts: sizes[0], used: choice.width, place), output: place(output),
          name: node.name))
    }
    return output
  }

  /// The lists of rows by expert for these choices, made once.
  private mutating func route(_ choice: View, experts: Int, name: String) -> (item: Int, parts: [Int]) {
    let routing = Routing(choice: choice, experts: experts)
    if let known = routes[routing] { return (known.item, known.route) }
    let item = items.count
    let parts = [experts + 1, capacity * choice.width, capacity * choice.width].map { words in
      values.append(PlannedValue(domain: .tokens, rowWords: 0, totalWords: words, producer: item))
      return values.count - 1
    }
    task(reads: [choice.root], output: nil, domain: .tokens, name: "\(name).route") { place in
      .route(choices: place(choice), route: Self.route(parts, experts: experts, used: choice.width, place))
    }
    routes[routing] = (item, parts)
    return (item, parts)
  }

  private static func route(_ parts: [Int], experts: Int, used: Int, _ place: Placement) -> Route {
    Route(
      experts: experts, used: used, starts: place.offset(parts[0]), slots: place.offset(parts[1]),
      rows: place.offset(parts[2]))
  }
}
