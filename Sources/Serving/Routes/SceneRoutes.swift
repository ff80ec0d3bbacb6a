import Architectures
import Foundation
import Generation
import GraphIR
import JSON
import Lens
import Scenes

/// The anatomy: blocks in space, pictures of their cells, single cells with the rule that made them.
enum SceneRoutes {
  static let routes = [scene, shapes, shape, tiles, values, cell]

  private static let text = [
    Route.Field("session", .string, "The text whose values are shown; without one, only weights have any."),
    Route.Field("tokens", .integer, "How many of its tokens (default: all)."),
  ]
  private static let place = [
    Route.Field("block", .integer, required: true, "The block's id in the scene."),
    Route.Field("copy", .integer, "Which copy of a fan or bank (default: 0)."),
    Route.Field("row", .integer, required: true, "The first row."),
    Route.Field("column", .integer, required: true, "The first column."),
  ]
  /// Tokens that a scene may have.
  private static let longest = 1 << 15

  private static let scene = Route(
    .get, "/api/scene", "The loaded model as blocks in space, for a text or for so many tokens.", fields: text,
    answer: .json(
      "`blocks` with places in cells, `wires` as pairs of blocks, and nodes `folded` into others with the reason.")
  ) { context in
    try await context.work {
      let cells = try cells(context)
      return .json(cells.scene.json)
    }
  }

  private static let shapes = Route(
    .get, "/api/scene/shapes", "Models whose shapes are known from their configurations alone.",
    answer: .json("Their ids, titles and counts of parameters.")
  ) { context in
    try await context.work {
      .json(["shapes": .array(try KnownShapes.all().map { $0.summary })])
    }
  }

  private static let shape = Route(
    .get, "/api/scene/shapes/{shape}", "Another model's blocks from its configuration alone, without weights.",
    fields: [
      Route.Field("shape", .string, required: true, "Its id."),
      Route.Field("tokens", .integer, "How many tokens (default: 8)."),
    ], answer: .json("As /api/scene.")
  ) { context in
    let (id, tokens) = (try context.required("shape"), try context.int("tokens", in: 1...longest, default: 8))
    return try await context.work {
      guard let known = try KnownShapes.all().first(where: { $0.id == id }) else {
        throw RequestError(404, "no shape is called '\(id.prefix(80))'", at: "shape")
      }
      return .json(Scene(try known.graph(), sizes: .init(tokens: tokens)).json)
    }
  }

  private static let tiles = Route(
    .post, "/api/scene/tiles", "Pictures of parts of blocks, each texel the average of its cells.",
    fields: text + PictureList.fields, answer: .binary(PictureList.answer)
  ) { context in
    try await context.work {
      var cells = try cells(context)
      cells.side = context.field("side") == nil ? nil : try context.int("side", in: 1...64)
      return try cells.pictures(context.list("items") ?? [])
    }
  }

  private static let values = Route(
    .post, "/api/scene/values", "The numbers of a rectangle of cells, as they are stored or were computed.",
    fields: text + place + [
      Route.Field("rows", .integer, required: true, "How many rows, at most 256."),
      Route.Field("columns", .integer, required: true, "How many columns, at most 256."),
    ], answer: .binary("Float32, row by row; NaN past the end of a block.")
  ) { context in
    let (rows, columns) = (try context.int("rows", in: 1...256), try context.int("columns", in: 1...256))
    return try await context.work {
      let cells = try cells(context)
      let (block, copy, row, column) = try corner(context, cells.scene)
      var result: [Float] = []
      for r in row..<row + rows {
        for c in column..<column + columns {
          let value = block.index(copy: copy, row: r, column: c).flatMap { index in
            cells.read(Cells(node: block.node, at: index))?.first
          }
          result.append(value.map { Float($0) } ?? .nan)
        }
      }
      return .floats(
        result, about: ["shape": [.integer(rows), .integer(columns)], "kind": "value", "name": .string(block.name)])
    }
  }

  private static let cell = Route(
    .post, "/api/scene/cell", "One cell: its value, the rule with its actual numbers, and the cells it was made from.",
    fields: text + place,
    answer: .json(
      "`value`, and for a computed one `words`, `symbols`, `numbers`, `sources`; `edited` where an edit changed it then."
    )
  ) { context in
    try await context.work {
      let cells = try cells(context)
      let (block, copy, row, column) = try corner(context, cells.scene)
      guard let index = block.index(copy: copy, row: row, column: column) else {
        throw RequestError.wrong("column", "the block ends before")
      }
      let value = cells.read(Cells(node: block.node, at: index))?.first
      var members: [JSON.Member] = [
        .init("name", .string(block.name)), .init("index", .array(index.map { .integer($0) })),
        .init(
          "value", value.map { $0.isFinite ? .number($0) : .string($0.isNaN ? "NaN" : $0 < 0 ? "−∞" : "∞") } ?? .null),
      ]
      members += cells.made(block, index)
      if let name = cells.editedName(block.node) { members.append(.init("edited", .string(name))) }
      return .json(.object(members))
    }
  }

  // MARK: Reading requests

  private static func cells(_ context: RouteContext) throws -> SceneCells {
    let loaded = try context.app.current()
    let scenes = try context.app.scenes.scenes(of: loaded)
    guard let id = try context.string("session") else {
      let count = try context.int("tokens", in: 1...longest, default: 8)
      return SceneCells(scenes: scenes, scene: scenes.scene(tokens: count), tokens: [], run: nil)
    }
    let session = try context.app.sessions.session(id)
    guard session.model == loaded.id else {
      throw RequestError(409, "this text is of \(session.model), which is not loaded", at: "session")
    }
    let all = min(session.tokens.count, loaded.model.context, longest)
    let count = try context.int("tokens", in: 1...max(1, all), default: all)
    return SceneCells(
      scenes: scenes, scene: scenes.scene(tokens: count), tokens: Array(session.tokens.prefix(count)),
      run: try scenes.run(session, tokens: count))
  }

  private static func corner(_ context: RouteContext, _ scene: Scene) throws -> (Block, Int, Int, Int) {
    let id = try context.int("block", in: 0...max(0, scene.blocks.count - 1))
    let block = scene.blocks[id]
    let copy = try context.int("copy", in: 0...max(0, (block.fan?.count ?? 1) - 1), default: 0)
    return (
      block, copy, try context.int("row", in: 0...block.rows.count - 1),
      try context.int("column", in: 0...block.columns.count - 1)
    )
  }
}

extension SceneCells {
  /// The value whose edit a node shows, changed since it was made; nil where it is as it was made.
  func editedName(_ node: Int) -> String? {
    var node = node
    while scene.isView(node), let source = scene.graph.nodes[node].inputs.first { node = source }
    let name = scene.graph.nodes[node].name
    return run?.edits?.graphEdits.contains { scene.graph.node(named: $0.value) == node } == true ? name : nil
  }

  /// How a computed cell was made; empty for weights and inputs.
  func made(_ block: Block, _ index: [Int]) -> [JSON.Member] {
    // A view's rule is that of the value it shows.
    var (node, index) = (block.node, index)
    while scene.isView(node),
      let box = scene.sources(of: node, at: index, read: read).operands.lazy.joined().first(where: { $0.size == 1 })
    {
      (node, index) = (box.node, box.lower)
    }
    guard let explanation = scene.explanation(of: node, at: index, context: scenes.loaded.model.context, read: read)
    else { return [] }
    let name = JSON.Member("made", .string(scene.graph.nodes[node].name))
    return [name, .init("operation", .string(scene.graph.nodes[node].op.mnemonic))]
      + (explanation.json(in: scene, node: node).object ?? [])
  }
}
