import GraphIR
public import JSON

extension Scene {
  /// Blocks, wires and folded nodes.
  ///
  /// Axes are `[dimension, first, count]`, a fan `[dimension, count, chunk, total, dx, dy, dz]`; dimension −1 is none.
  public var json: JSON {
    [
      "tokens": .integer(sizes.tokens), "rows": .integer(sizes.rows), "hiddenSize": .integer(hiddenSize),
      "gap": .number(gap), "blocks": .array(blocks.map(\.json)),
      "windows": .array(windows), "wires": .array(wires.flatMap { [JSON.integer($0.from), .integer($0.to)] }),
      "folded": .array(
        folded.map { ["name": .string(graph.nodes[$0.node].name), "reason": .string($0.reason)] as JSON }),
    ]
  }
}

extension Scene {
  /// Layers that see only the last tokens, with how many.
  private var windows: [JSON] {
    blocks.compactMap { block in
      guard case .attentionScores(_, _, let mask) = graph.nodes[block.node].op, let layer = block.layer else {
        return nil
      }
      switch mask {
      case .causal: return nil
      case .window(let width), .chunk(let width): return ["layer": .integer(layer), "width": .integer(width)]
      }
    }
  }
}

extension JSON {
  fileprivate init(_ members: KeyValuePairs<String, JSON>) { self = .object(members.map { Member($0.key, $0.value) }) }
  fileprivate static func rounded(_ value: Double) -> JSON {
    Int(exactly: value).map { .integer($0) } ?? .number((value * 100).rounded() / 100)
  }
}

extension Block {
  var json: JSON {
    JSON([
      "id": .integer(id), "name": .string(name), "op": .string(operation), "kind": .string(kind.rawValue),
      "part": .string(part.rawValue), "layer": layer.map { .integer($0) } ?? .null,
      "shape": .array(shape.map { .integer($0) }), "columns": columns.json, "rows": rows.json,
      "fan": fan?.json ?? .null, "at": .array([.rounded(origin.x), .rounded(origin.y), .rounded(origin.z)]),
      "order": .integer(order),
    ])
  }
}

extension Block.Axis {
  fileprivate var json: JSON { .array([.integer(dimension ?? -1), .integer(first), .integer(count)]) }
}

extension Block.Fan {
  fileprivate var json: JSON {
    .array([
      .integer(dimension), .integer(count), .integer(chunk), .integer(total), .rounded(step.x), .rounded(step.y),
      .rounded(step.z),
    ])
  }
}

extension Explanation {
  /// The rule and its numbers, with the rectangles of blocks that it read.
  public func json(in scene: Scene, node: Int) -> JSON {
    let names = scene.graph.nodes[node].inputs.map { scene.graph.nodes[$0].name }
    let places = zip(names, sources.operands).map { name, boxes -> JSON in
      [
        "name": .string(name),
        "places": .array(
          boxes.flatMap { scene.places(of: $0) }.map { place in
            .array(
              [place.block, place.copy, place.row, place.column, place.rows, place.columns].map { .integer($0) })
          }),
      ]
    }
    return [
      "words": .string(words), "symbols": .string(symbols), "numbers": .string(numbers), "computed": .number(value),
      "terms": .array(
        terms.map { term in
          .array([.integer(term.place)] + term.factors.map { .number($0) } + [.number(term.product)])
        }),
      "sources": .array(places),
    ]
  }
}
