import Foundation
import GraphIR
import JSON
import Probing
import Reference
import Training
import TrainingEngine

/// Looking into a run's kept weights: the weights themselves, attention, lens, and one backward pass.
enum ProbeRoutes {
  static let routes = [look, weights, listing, values, cell]

  private static let step = Route.Field("step", .integer, required: true, "The kept weights at or before this step.")
  private static let node = Route.Field("node", .integer, required: true, "A value's number in the pass.")

  private static func kept(_ context: RouteContext) throws -> (WeightSnapshot, RunProbe) {
    try context.app.training.current().kept(at: context.int("step", in: 0...1 << 40))
  }

  private static let look = Route(
    .get, "/api/training/probe", "Attention and lens of a held-out text with the weights of a step.", fields: [step],
    answer: .json("Tokens, `attention` of each layer `[heads, rows, rows]`, and `lens` by depth and row.")
  ) { context in
    let (snapshot, probe) = try kept(context)
    return .json(try await context.work { try probe.look(snapshot) })
  }

  private static let weights = Route(
    .get, "/api/training/weights", "One weight as it was at a step, or the list of their names.",
    fields: [step, Route.Field("name", .string, "The weight; without it, the list.")],
    answer: .binary("Float32 in the order of `shape`; larger ones as means over `pooled` cells a side.")
  ) { context in
    let (snapshot, _) = try kept(context)
    guard let name = try context.string("name") else {
      return .json([
        "step": .integer(snapshot.step),
        "weights": .array(
          snapshot.layout.tensors.map {
            ["name": .string($0.name), "shape": .array($0.shape.map { .integer($0) })]
          }),
      ])
    }
    guard let tensor = snapshot.layout[name] else {
      throw RequestError(404, "there is no trained weight '\(name.prefix(80))'", at: "name")
    }
    let columns = tensor.shape.last ?? 1
    let picture = Pooled(
      Array(snapshot.values[tensor.range]), rows: tensor.count / max(1, columns), columns: columns)
    return .floats(
      picture.values,
      about: [
        "step": .integer(snapshot.step), "name": .string(name), "kind": "value",
        "shape": .array(tensor.shape.map { .integer($0) }), "rows": .integer(picture.rows),
        "columns": .integer(picture.columns), "pooled": .integer(picture.side),
      ])
  }

  private static let listing = Route(
    .get, "/api/training/backward", "One forward and backward pass over a held-out text: its blocks and steps.",
    fields: [step], answer: .json("Blocks with small pictures of value and gradient, and the steps in order.")
  ) { context in
    let (snapshot, probe) = try kept(context)
    return .json(try await context.work { try probe.listing(snapshot) })
  }

  private static let values = Route(
    .get, "/api/training/backward/values", "A value or gradient of the pass.", fields: [step, node],
    answer: .binary("Float32 in the order of `shape`; larger ones as means over `pooled` cells a side.")
  ) { context in
    let (snapshot, probe) = try kept(context)
    let pass = try await context.work { try probe.pass(snapshot) }
    let node = try context.int("node", in: 0...pass.graph.nodes.count - 1)
    guard let value = pass.values[node] else { throw RequestError(404, "has no value", at: "node") }
    let picture = Pooled(value.values.map { Float($0) }, rows: value.rowCount, columns: value.columns)
    return .floats(
      picture.values,
      about: [
        "name": .string(pass.graph.nodes[node].name), "kind": "derived",
        "shape": .array(value.shape.map { .integer($0) }), "rows": .integer(picture.rows),
        "columns": .integer(picture.columns), "pooled": .integer(picture.side),
      ])
  }

  private static let cell = Route(
    .get, "/api/training/backward/cell", "How one cell of the pass came to its value, with its numbers.",
    fields: [
      step, node,
      Route.Field("place", .integer, "The cell, counted along the last dimension first; by default the largest."),
    ], answer: .json("The rule in words, in symbols and in numbers.")
  ) { context in
    let (snapshot, probe) = try kept(context)
    let pass = try await context.work { try probe.pass(snapshot) }
    let node = try context.int("node", in: 0...pass.graph.nodes.count - 1)
    guard let value = pass.values[node], !value.values.isEmpty else {
      throw RequestError(404, "has no value", at: "node")
    }
    let largest = value.values.indices.max {
      (value.values[$0].isFinite ? abs(value.values[$0]) : -1)
        < (value.values[$1].isFinite ? abs(value.values[$1]) : -1)
    }
    let place = try context.int("place", in: 0...value.values.count - 1, default: largest ?? 0)
    var (index, rest) = ([Int](repeating: 0, count: value.shape.count), place)
    for dimension in index.indices.reversed() {
      index[dimension] = rest % value.shape[dimension]
      rest /= value.shape[dimension]
    }
    let told = pass.explanation(of: node, at: index)
    return .json([
      "node": .integer(node), "name": .string(pass.graph.nodes[node].name), "place": .integer(place),
      "index": .array(index.map { .integer($0) }), "value": .string(CellExplanation.text(value.values[place])),
      "words": told.map { .string($0.words) } ?? .null, "symbols": told.map { .string($0.symbols) } ?? .null,
      "numbers": told.map { .string($0.numbers) } ?? .null, "kind": "derived",
    ])
  }
}

/// A matrix in at most `limit` rows and columns, larger ones as means over squares.
struct Pooled {
  static let limit = 256
  let rows: Int
  let columns: Int
  /// Cells of a square's side; 1 where every cell is there.
  let side: Int
  let values: [Float]

  init(_ values: [Float], rows: Int, columns: Int) {
    let side = max(1, (max(rows, columns) + Self.limit - 1) / Self.limit)
    self.side = side
    (self.rows, self.columns) = ((rows + side - 1) / side, (columns + side - 1) / side)
    guard side > 1 else {
      self.values = values
      return
    }
    var pooled: [Float] = []
    for y in stride(from: 0, to: rows, by: side) {
      for x in stride(from: 0, to: columns, by: side) {
        var (sum, count) = (0.0, 0)
        for row in y..<min(y + side, rows) {
          for column in x..<min(x + side, columns) {
            sum += Double(values[row * columns + column])
            count += 1
          }
        }
        pooled.append(Float(sum / Double(count)))
      }
    }
    self.values = pooled
  }
}
