import GraphIR
import Kernels
import TensorCore

extension Lowering {
  /// A product with a row's chosen experts.
  mutating func expertProduct(_ node: Node) throws -> View {
    let routing = try routing(node)
    let member = try expertMember(node)
    let domain = domain(node.shape)
    let output = value(domain, self.sizes(node.shape), producer: items.count)
    experts(node, [member], nil, routing, output)
    return output
  }

  /// Two products of the same choice that meet in a gate, in the layout that the only product after them reads.
  mutating func gatedExperts(_ node: Node, reader: Node) throws -> View {
    guard case .unary(let function) = graph.nodes[node.inputs[0]].op,
      case .weight(let name, let sizes) = graph.nodes[reader.inputs[1]].op
    else { preconditionFailure("\(node.name) gates no experts") }
    let gate = graph.nodes[graph.nodes[node.inputs[0]].inputs[0]]
    let routing = try routing(gate)
    let members = [try expertMember(gate), try expertMember(graph.nodes[node.inputs[1]])]
    let matrix = try matrix(name, sizes)
    let layout = program.matrices[matrix].packing.activation
    let shape = self.sizes(node.shape)
    let output = value(
      domain(node.shape), [shape[0], layout.rowBytes(shape[1]) / 4], producer: items.count)
    activated.insert(output.root)
    program.tiles = max(program.tiles, members.count)
    experts(node, members, ExpertStep.Gating(function: function, layout: layout), routing, output)
    return output
  }

  /// The only reader of a gate between two products of one choice, where it is a product of that choice too; then the gate's
  /// two operands.
  func gatedExperts(_ index: Int, isPrivate: (Int) -> Bool) -> (reader: Int, operands: [Int])? {
    let node = graph.nodes[index]
    guard case .binary(.multiply) = node.op, isPrivate(index), let reader = readers[index].first,
      case .unary(let function) = graph.nodes[node.inputs[0]].op, function == .silu || function == .geluTanh
    else { return nil }
    let operands = [graph.nodes[node.inputs[0]].inputs[0], node.inputs[1]]
    let nodes = (operands + [reader]).map { graph.nodes[$0] }
    guard isPrivate(node.inputs[0]), operands.allSatisfy(isPrivate), nodes.allSatisfy({ $0.op == .expertLinear }),
      nodes.allSatisfy({ $0.inputs[2] == nodes[0].inputs[2] }), nodes[2].inputs[0] == index,
      nodes[0].shape == node.shape, nodes[1].shape == node.shape,
      case .weight(_, let first) = graph.nodes[nodes[0].inputs[1]].op,
      case .weight(_, let second) = graph.nodes[nodes[1].inputs[1]].op, first == second
    else { return nil }
    return (reader, operands)
  }

  private mutating func experts(
    _ node: Node, _ members: [(matrix: Int, input: View, hasChoiceRows: Bool)], _ gating: ExpertStep.Gating?,
    _ routing: (item: Int, parts: [Int], experts: Int, used: Int), _ output: View
  ) {
    let domain = domain(node.shape)
    task(
      reads: members.map(\.input.root) + routing.parts, after: [routing.item], output: output, domain: domain,
      name: node.name
    ) { place in
      .experts(
        ExpertStep(
          members: members.map {
            ExpertStep.Member(matrix: $0.matrix, input: place($0.input), hasChoiceRows: $0.hasChoiceRows)
          }, gating: gating, domain: domain,
          route: Self.route(routing.parts, experts: routing.experts, used: routing.used, place),
          output: place(output), name: node.name))
    }
  }

  private mutating func expertMember(_ node: Node) throws -> (matrix: Int, input: View, hasChoiceRows: Bool) {
    guard case .weight(let name, let sizes) = results[node.inputs[1]] else {
      throw PlanError(name: node.name, reason: "multiplies by a value that is no weight")
    }
    let matrix = try matrix(name, sizes)
    let domain = domain(node.shape)
    let hasChoiceRows = graph.nodes[node.inputs[0]].shape.count == 3
    var source = try view(node.inputs[0])
    if activated.contains(source.root) { return (matrix, source, hasChoiceRows) }
    // Rows of choices are counted through all tokens, so nothing may lie between two tokens' rows.
    if hasChoiceRows, values[source.root].rowWords != source.groups * source.groupStride {
      source = row(.copy, [.view(source)], domain, [source.groups, source.width], "\(node.name).rows")
    }
    return (matrix, activation(source, program.matrices[matrix].packing.activation, domain, node.name), hasChoiceRows)
  }

  /// The lists of rows by expert for a product's choices, made once.
  private mutating func routing(_ node: Node) throws -> (item: Int, parts: [Int], experts: Int, used: Int) {
    guard case .weight(let name, let sizes) = results[node.inputs[1]] else {
      throw PlanError(name: node.name, reason: "multiplies by a value that is no weight")
    }
    let choice = try view(node.inputs[2])
    let chooser = graph.nodes[node.inputs[2]]
    let experts = sizes[0]
    if case .topK = chooser.op, let width = graph.nodes[chooser.inputs[0]].shape.last?.fixed, width > experts {
      throw PlanError(name: node.name, reason: "chooses among \(width) experts; \(name) has \(experts)")
    }
    let routing = Routing(choice: choice, experts: experts)
    if let known = routes[routing] { return (known.item, known.route, experts, choice.width) }
    let domain = domain(node.shape)
    let rows = domain == .tokens ? capacity : program.rowCapacity
    let item = items.count
    let parts = [2 * experts + 2, rows * choice.width, rows * choice.width].map { words in
      values.append(PlannedValue(domain: domain, rowWords: 0, totalWords: words, producer: item))
      return values.count - 1
    }
    task(reads: [choice.root], output: nil, domain: domain, name: "\(node.name).route") { place in
      .route(
        choices: place(choice), route: Self.route(parts, experts: experts, used: choice.width, place), domain)
    }
    routes[routing] = (item, parts)
    return (item, parts, experts, choice.width)
  }

  private static func route(_ parts: [Int], experts: Int, used: Int, _ place: Placement) -> Route {
    Route(
      experts: experts, used: used, starts: place.offset(parts[0]), slots: place.offset(parts[1]),
      rows: place.offset(parts[2]))
  }
}
