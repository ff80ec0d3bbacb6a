import Generation
import JSON
import Lens

/// Texts of an edited model, and two texts side by side.
enum EditRoutes {
  static let routes = [edit, begin, streams, heads, divergence]

  private static let edit = Route(
    .post, "/api/edit", "Write a text's prompt on with some of the model's inner workings changed.",
    fields: [
      LensFields.session, EditReader.field, Route.Field("maxTokens", .integer, "Tokens at most (default: 48)."),
      Route.Field("temperature", .number, "0 always takes the likeliest token (default: 0)."),
      Route.Field("seed", .integer, "Makes a text repeatable."),
    ],
    answer: .events("As /api/generate; the new text is recorded with its edits.")
  ) { context in
    let loaded = try context.app.current()
    let sessions = context.app.sessions
    var options = GenerationOptions()
    options.maximumTokens = try context.int("maxTokens", in: 1...4096, default: 48)
    options.alternatives = TextWriter.kept
    options.sampling.temperature = Float(try context.number("temperature", in: 0...10, default: 0))
    if context.field("seed") != nil { options.sampling.seed = UInt64(try context.int("seed", in: 0...Int.max)) }
    let session = try await context.work {
      let base = try sessions.session(context.required("session"))
      let edits = try EditReader(context: context, loaded: loaded).edits()
      let prompt = Array(base.tokens.prefix(max(1, base.promptCount)))
      let reader = edits.isEmpty ? nil : TextReader(.edits(edits))
      _ = try loaded.station.instruments(of: reader)
      return sessions.begin(model: loaded.id, tokens: prompt, promptCount: prompt.count, reader: reader)
    }
    let writer = TextWriter(loaded: loaded, sessions: sessions, session: session, options: options)
    return .events { try await writer.run($0) }
  }

  private static let begin = Route(
    .post, "/api/compare/begin",
    "Make a text to compare another with: another prompt, or the same tokens under edits or another model.",
    fields: [
      LensFields.session, Route.Field("prompt", .string, "Another prompt."),
      Route.Field("model", .string, "Another model of the list, of the same vocabulary and sizes."), EditReader.field,
    ],
    answer: .json("The id of the text, `session`, which is recorded.")
  ) { context in
    let loaded = try context.app.current()
    let app = context.app
    return try await context.work {
      let base = try app.sessions.session(context.required("session"))
      var tokens = base.tokens
      if let prompt = try context.string("prompt") {
        tokens = try loaded.model.tokenizer == nil ? LoadedModel.numbers(prompt) : loaded.model.encode(prompt)
      }
      try loaded.model.check(prompt: tokens)
      var reader: TextReader?
      if let name = try context.string("model") {
        reader = TextReader(.model(try app.entry(name), length: tokens.count))
      } else if context.field("edits") != nil {
        let edits = try EditReader(context: context, loaded: loaded).edits()
        if !edits.isEmpty { reader = TextReader(.edits(edits)) }
      }
      _ = try loaded.station.instruments(of: reader)
      let session = app.sessions.begin(
        model: loaded.id, tokens: tokens, promptCount: tokens.count, reader: reader)
      _ = try loaded.station.recording(of: session)
      return .json(["session": .string(session.id), "positions": .integer(tokens.count)])
    }
  }

  private static let pair = [
    Route.Field("session", .string, required: true, "The first text."),
    Route.Field("other", .string, required: true, "The second text."),
  ]

  private static func comparison(
    _ context: RouteContext
  ) throws -> (Comparison, LensStation.Instruments, LensStation.Instruments) {
    let (first, one, _) = try LensFields.recording(context)
    let (second, two, _) = try LensFields.recording(context, "other")
    guard try first !== second || context.required("session") == context.required("other") else {
      throw RequestError(503, "all recordings are in use; try again later")
    }
    return (try Comparison(first, second), one, two)
  }

  private static let streams = Route(
    .get, "/api/compare", "How alike the residual streams of two texts are, layer by layer and token by token.",
    fields: pair + [
      Route.Field("positions", .string, "Positions, like 0-16; at most 256 at once (default: the last)."),
      LensFields.at,
    ],
    answer: .json("`cosine` and relative `distance` [depths][positions], and where the tokens part.")
  ) { context in
    try await context.work {
      let (comparison, _, _) = try comparison(context)
      let count = comparison.positions.count
      let positions = try LensFields.range(
        context, "positions", in: count, atMost: 256, default: max(0, count - 256)..<count)
      guard let streams = try comparison.streams(positions) else { return .json(LensFields.waiting) }
      return .json([
        "positions": [.integer(positions.lowerBound), .integer(positions.upperBound)],
        "parting": comparison.parting.map { .integer($0) } ?? .null, "kind": "derived",
        "cosine": rows(streams.cosine), "distance": rows(streams.distance),
      ])
    }
  }

  private static func rows(_ values: [[Double]]) -> JSON {
    .array(values.map { .array($0.map { .number($0) }) })
  }

  private static let heads = Route(
    .get, "/api/compare/heads", "How differently the heads of a layer look at two texts.",
    fields: pair + [LensFields.layer, LensFields.at],
    answer: .json(
      "For each head half the sum of differences between its rows: 0 for the same, 1 for nothing in common.")
  ) { context in
    try await context.work {
      let (comparison, _, _) = try comparison(context)
      let layer = try context.int("layer", in: 0...comparison.first.map.layers.count - 1)
      guard let gaps = try comparison.attention(layer: layer) else { return .json(LensFields.waiting) }
      return .json(["layer": .integer(layer), "kind": "estimate", "gaps": .array(gaps.map { .number($0) })])
    }
  }

  private static let divergence = Route(
    .get, "/api/compare/divergence", "How far apart the lenses' distributions of two texts are, in nats.",
    fields: pair + [
      Route.Field("depths", .string, required: true, "Layers, like 0-4."),
      Route.Field("positions", .string, required: true, "Positions, like 0-16; at most 32 at once."), LensFields.at,
    ],
    answer: .json("`divergence` [depths][positions], of the second from the first (Kullback and Leibler, 1951).")
  ) { context in
    try await context.work {
      let (comparison, one, two) = try comparison(context)
      let depths = try LensFields.range(context, "depths", in: comparison.first.streamNames.count)
      let positions = try LensFields.range(context, "positions", in: comparison.positions.count, atMost: 32)
      guard
        let values = try comparison.divergence(one.lens, two.lens, depths: Array(depths), positions: positions)
      else { return .json(LensFields.waiting) }
      return .json(["kind": "derived", "divergence": rows(values)])
    }
  }
}
