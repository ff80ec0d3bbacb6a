import Foundation
import GraphIR
import JSON
import Probing
import Reference
import Training
import TrainingEngine

/// What a run's kept weights do with a held-out text: attention, lens, and one backward pass.
enum ProbeRoutes {
  static let routes = [look, listing, values, cell]

  private static let (run, step) = (RunPictureRoutes.run, RunPictureRoutes.step)
  private static let node = Route.Field("node", .integer, required: true, "A value's number in the pass.")

  private static let look = Route(
    .get, "/api/training/probe", "Attention and lens of a held-out text with the weights of a step.",
    fields: [run, step],
    answer: .json("Tokens, `attention` of each layer `[heads, rows, rows]`, and `lens` by depth and row.")
  ) { context in
    let (snapshot, probe) = try RunPictureRoutes.kept(context)
    return .json(try await context.work { try probe.look(snapshot) })
  }

  private static let listing = Route(
    .get, "/api/training/backward", "One forward and backward pass over a held-out text: its blocks and steps.",
    fields: [run, step], answer: .json("Blocks with small pictures of value and gradient, and the steps in order.")
  ) { context in
    let (snapshot, probe) = try RunPictureRoutes.kept(context)
    return .json(try await context.work { try probe.listing(snapshot) })
  }

  private static let values = Route(
    .get, "/api/training/backward/values", "A value or gradient of the pass.", fields: [run, step, node],
    answer: .binary("Float32 in the order of `shape`; larger ones as means over `pooled` cells a side.")
  ) { context in
    let (snapshot, probe) = try RunPictureRoutes.kept(context)
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
      run, step, node,
      Route.Field("place", .integer, "The cell, counted along the last dimension first; by default the largest."),
    ], answer: .json("The rule in words, in symbols and in numbers.")
  ) { context in
    let (snapshot, probe) = try RunPictureRoutes.kept(context)
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
