import GraphIR
import JSON
import Lens

/// What is recorded of a text, and its attention.
enum AttentionRoutes {
  static let routes = [recording, heads, cells, score]

  private static let recording = Route(
    .get, "/api/recording", "What is recorded of a text, and the layers that it is recorded of.",
    fields: [LensFields.session], answer: .json("Positions, layers, and the memory that they take.")
  ) { context in
    try await context.work {
      let (recording, _, _) = try LensFields.recording(context)
      let memory = recording.memory
      return .json([
        "session": .string(try context.required("session")), "version": .integer(recording.version),
        "positions": .integer(memory.positions), "bytes": .integer(memory.bytes), "budget": .integer(memory.budget),
        "dropped": .integer(memory.dropped.count), "bytesPerPosition": .integer(memory.perPosition),
        "hiddenSize": .integer(recording.map.hiddenSize), "vocabulary": .integer(recording.map.vocabularySize),
        "layers": .array(recording.map.layers.map(describe)),
      ])
    }
  }

  private static func describe(_ layer: LayerMap.Layer) -> JSON {
    var members = [JSON.Member("layer", .integer(layer.index))]
    if let site = layer.attention {
      members += [
        JSON.Member("heads", .integer(site.heads)), JSON.Member("keyHeads", .integer(site.keyHeads)),
        JSON.Member("width", .integer(site.width)), JSON.Member("scale", .number(Double(site.scale))),
        JSON.Member("softcap", site.softcap.map { .number(Double($0)) } ?? .null),
        JSON.Member("mask", .string(words(site.mask))), JSON.Member("hasSinks", .bool(site.hasSinks)),
      ]
    }
    if let experts = layer.experts {
      members += [JSON.Member("experts", .integer(experts.count)), JSON.Member("used", .integer(experts.used))]
    }
    if let neurons = layer.neurons { members.append(JSON.Member("neurons", .integer(neurons.count))) }
    return .object(members)
  }

  private static func words(_ mask: AttentionMask) -> String {
    switch mask {
    case .causal: "causal"
    case .window(let count): "the last \(count) tokens"
    case .chunk(let count): "its own run of \(count) tokens"
    }
  }

  private static let heads = Route(
    .get, "/api/attention/heads",
    "A layer's heads at a glance: float32 pictures [heads, size, size], and scores of what each does.",
    fields: [LensFields.session, LensFields.layer, LensFields.at],
    answer: .binary("A picture's rows are sampled rows, its cells the largest weight of a run of positions.")
  ) { context in
    try await context.work {
      let (recording, _, _) = try LensFields.recording(context)
      let layer = try context.int("layer", in: 0...recording.map.layers.count - 1)
      guard let glance = try recording.glance(layer: layer) else { return .json(LensFields.waiting) }
      func numbers(_ value: (HeadScores) -> Double?) -> JSON {
        .array(glance.scores.map { scores in value(scores).map { .number(($0 * 1e4).rounded() / 1e4) } ?? .null })
      }
      let rows = glance.scores.first?.rows ?? 0
      return .floats(
        glance.pictures.flatMap(\.self),
        about: [
          "shape": [.integer(glance.scores.count), .integer(glance.size), .integer(glance.size)],
          "size": .integer(glance.size), "rows": .integer(rows), "of": .integer(recording.tokens.count),
          "kind": rows + 1 < recording.tokens.count ? "estimate" : "derived",
          "scores": [
            "previous": numbers { $0.previous }, "first": numbers { $0.first }, "own": numbers { $0.own },
            "local": numbers { $0.local }, "entropy": numbers { $0.entropy }, "induction": numbers { $0.induction },
            "duplicate": numbers { $0.duplicate }, "sink": numbers { $0.sink },
            "role": .array(glance.scores.map { scores in scores.role.map { .string($0) } ?? .null }),
          ],
        ])
    }
  }

  private static let cells = Route(
    .get, "/api/attention/cells", "A part of a head's attention matrix at a resolution, float32 [height, width].",
    fields: [
      LensFields.session, LensFields.layer, LensFields.head,
      Route.Field("rows", .string, required: true, "Positions that look, like 0-16."),
      Route.Field("columns", .string, required: true, "Positions that are looked at, like 0-16."),
      Route.Field("height", .integer, "Cells down (default: one a row, at most 512)."),
      Route.Field("width", .integer, "Cells across (default: one a column, at most 512)."), LensFields.at,
    ],
    answer: .binary("Each cell is the largest weight in it; with one row and column a cell, the weight itself.")
  ) { context in
    try await context.work {
      let (recording, _, _) = try LensFields.recording(context)
      let (layer, head) = try LensFields.head(context, of: recording)
      let count = recording.tokens.count
      let rows = try LensFields.range(context, "rows", in: count)
      let columns = try LensFields.range(context, "columns", in: count)
      let height = try context.int("height", in: 1...1 << 15, default: min(512, rows.count))
      let width = try context.int("width", in: 1...1 << 15, default: min(512, columns.count))
      let shape = (min(height, rows.count), min(width, columns.count))
      guard shape.0 * shape.1 <= 1 << 20 else {
        throw RequestError.wrong("height", "and width make \(shape.0 * shape.1) cells; at most \(1 << 20) at once")
      }
      guard
        let cells = try recording.matrix(
          layer: layer, head: head, rows: rows, columns: columns, height: height, width: width)
      else { return .json(LensFields.waiting) }
      return .floats(
        cells,
        about: [
          "shape": [.integer(shape.0), .integer(shape.1)],
          "kind": shape == (rows.count, columns.count) ? "value" : "derived",
        ])
    }
  }

  private static let score = Route(
    .get, "/api/attention/score", "How one query meets one key: the elements whose products make the score.",
    fields: [
      LensFields.session, LensFields.layer, LensFields.head,
      Route.Field("from", .integer, required: true, "The position that looks."),
      Route.Field("to", .integer, required: true, "The position that is looked at."),
    ],
    answer: .json("Query, key, scale, score, and the weight that the softmax makes of it.")
  ) { context in
    try await context.work {
      let (recording, _, _) = try LensFields.recording(context)
      let (layer, head) = try LensFields.head(context, of: recording)
      let from = try context.int("from", in: 0...max(0, recording.tokens.count - 1))
      let to = try context.int("to", in: 0...from)
      guard let parts = try recording.score(layer: layer, head: head, from: from, to: to) else {
        return .json(LensFields.waiting)
      }
      return .json([
        "query": .array(parts.query.map { .number(Double($0)) }), "key": .array(parts.key.map { .number(Double($0)) }),
        "scale": .number(Double(parts.scale)), "score": .number(parts.score), "capped": .number(parts.capped),
        "probability": .number(parts.probability), "kind": "value",
      ])
    }
  }
}
