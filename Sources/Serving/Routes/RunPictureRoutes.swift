import GraphIR
import JSON
import Scenes
import Training
import TrainingEngine

/// The model of a run in space, and its weights and gradients at the steps whose weights are kept.
enum RunPictureRoutes {
  static let routes = [scene, tiles, weights]

  /// Of each route that looks into a run.
  static let run = Route.Field("run", .string, "The run, as opened last; without it, the one of this server.")
  static let step = Route.Field("step", .integer, required: true, "The kept weights at or before this step.")
  private static let content = Route.Field(
    "show", .string,
    "`weights` (the standard), `change` since the first that are kept, or `gradients` of a held-out text's loss.")

  private static let scene = Route(
    .get, "/api/training/scene", "The model of a run as blocks in space, for a held-out text.", fields: [run],
    answer: .json("As /api/scene.")
  ) { context in
    let (_, probe) = try context.app.training.run(context.string("run")).kept(at: 0)
    return .json(try await context.work { probe.scene.json })
  }

  private static let tiles = Route(
    .post, "/api/training/tiles", "Pictures of a run's blocks at a step, each texel the average of its cells.",
    fields: [run, step, content] + PictureList.fields, answer: .binary(PictureList.answer)
  ) { context in
    try await context.work { try cells(context).pictures(context.list("items") ?? []) }
  }

  private static let weights = Route(
    .get, "/api/training/weights", "One weight, its change or its gradient at a step, or the list of weights.",
    fields: [run, step, content, Route.Field("name", .string, "The weight; without it, the list.")],
    answer: .binary("Float32 in the order of `shape`; larger ones as means over `pooled` cells a side.")
  ) { context in
    let (snapshot, probe) = try kept(context)
    guard let name = try context.string("name") else {
      return .json([
        "step": .integer(snapshot.step),
        "weights": .array(
          snapshot.layout.tensors.map {
            ["name": .string($0.name), "shape": .array($0.shape.map { .integer($0) })]
          }),
      ])
    }
    guard let tensor = snapshot.layout[name], let node = probe.scene.graph.node(named: name) else {
      throw RequestError(404, "there is no trained weight '\(name.prefix(80))'", at: "name")
    }
    return try await context.work {
      let cells = try cells(context)
      let rows = try cells.rows(of: node)
      let picture = Pooled(try (0..<rows.count).flatMap { try rows.read($0) }, rows: rows.count, columns: rows.width)
      return .floats(
        picture.values,
        about: [
          "step": .integer(snapshot.step), "name": .string(name), "kind": .string(cells.content.kind),
          "shape": .array(tensor.shape.map { .integer($0) }), "rows": .integer(picture.rows),
          "columns": .integer(picture.columns), "pooled": .integer(picture.side),
        ])
    }
  }

  static func kept(_ context: RouteContext) throws -> (WeightSnapshot, RunProbe) {
    try context.app.training.run(context.string("run")).kept(at: context.int("step", in: 0...1 << 40))
  }

  private static func cells(_ context: RouteContext) throws -> RunCells {
    let name = try context.string("show") ?? RunCells.Content.weights.rawValue
    guard let content = RunCells.Content(rawValue: name) else {
      let known = RunCells.Content.allCases.map(\.rawValue).joined(separator: ", ")
      throw RequestError.wrong("show", "is one of \(known), not '\(name.prefix(40))'")
    }
    return try context.app.training.run(context.string("run")).cells(at: context.int("step", in: 0...1 << 40), content)
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
