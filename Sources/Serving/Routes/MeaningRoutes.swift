import Generation
import JSON
import Lens

/// Where tokens lie in the model's embedding.
enum MeaningRoutes {
  static let routes = [neighbours, analogy, embeddings, smoothing]

  private static let count = Route.Field("count", .integer, "How many (default: 16, at most 100).")

  private static func list(_ found: [(token: Int32, cosine: Double)], _ loaded: LoadedModel) -> JSON {
    [
      "kind": "derived",
      "neighbours": .array(
        found.map { token, cosine in
          .object(loaded.tokenMembers(token) + [JSON.Member("cosine", .number(cosine))])
        }),
    ]
  }

  /// The last token of a word, as it stands within a text.
  private static func token(_ context: RouteContext, _ name: String, _ loaded: LoadedModel) throws -> Int32 {
    let word = try context.required(name)
    if loaded.model.tokenizer == nil { return try LoadedModel.numbers(word).last ?? 0 }
    guard let token = try loaded.model.encode(word, addSpecial: false, parseSpecial: false).last else {
      throw RequestError.wrong(name, "is empty")
    }
    return token
  }

  private static let neighbours = Route(
    .get, "/api/meaning/neighbours", "The tokens whose embeddings point most nearly the same way.",
    fields: [
      Route.Field("word", .string, "A word; its last token counts."),
      Route.Field("session", .string, "A text, with `layer` and `position`: neighbours of its stream there."),
      Route.Field("layer", .integer, "Before which layer."), Route.Field("position", .integer, "Which token."), count,
    ],
    answer: .json("Tokens with the cosine of the angle between their rows.")
  ) { context in
    try await context.work {
      let loaded = try context.app.current()
      let meaning = try loaded.station.instruments().meaning()
      let count = try context.int("count", in: 1...100, default: 16)
      if context.field("word") != nil {
        let token = try token(context, "word", loaded)
        return .json(
          list(
            try meaning.neighbours(of: meaning.embedding(of: token), count: count, excluding: [token]), loaded))
      }
      let (recording, _, _) = try LensFields.recording(context)
      let layer = try context.int("layer", in: 0...recording.streamNames.count - 1)
      let position = try context.int("position", in: 0...max(0, recording.tokens.count - 1))
      guard let vector = try recording.values(recording.streamNames[layer], position..<position + 1) else {
        return .json(LensFields.waiting)
      }
      return .json(list(try meaning.neighbours(of: vector, count: count), loaded))
    }
  }

  private static let analogy = Route(
    .get, "/api/meaning/analogy", "Neighbours of a − b + c: what is to c as a is to b.",
    fields: ["a", "b", "c"].map { Route.Field($0, .string, required: true, "A word; its last token counts.") } + [
      count
    ],
    answer: .json("Tokens with the cosine of the angle.")
  ) { context in
    try await context.work {
      let loaded = try context.app.current()
      let meaning = try loaded.station.instruments().meaning()
      let tokens = try ["a", "b", "c"].map { name throws in try token(context, name, loaded) }
      let count = try context.int("count", in: 1...100, default: 16)
      return .json(
        list(try meaning.analogy(tokens[0], less: tokens[1], plus: tokens[2], count: count), loaded))
    }
  }

  private static let embeddings = Route(
    .post, "/api/meaning/embeddings", "The embeddings of some words, float32 [words, width].",
    fields: [Route.Field("words", .array, required: true, "Words, at most 256; of several tokens the mean.")],
    answer: .binary("One row a word, in order.")
  ) { context in
    try await context.work {
      let loaded = try context.app.current()
      let meaning = try loaded.station.instruments().meaning()
      let words = try context.list("words") ?? []
      guard (1...256).contains(words.count) else { throw RequestError.wrong("words", "must be 1 to 256 words") }
      var rows: [Float] = []
      for (index, item) in words.enumerated() {
        guard let word = item.string, !word.isEmpty, word.utf8.count <= 1000 else {
          throw RequestError.wrong("words[\(index)]", "must be a word")
        }
        let tokens =
          try loaded.model.tokenizer == nil
          ? LoadedModel.numbers(word) : loaded.model.encode(word, addSpecial: false, parseSpecial: false)
        var mean = [Float](repeating: 0, count: meaning.width)
        for token in tokens {
          for (place, value) in try meaning.embedding(of: token).enumerated() {
            mean[place] += value / Float(tokens.count)
          }
        }
        rows += mean
      }
      return .floats(rows, about: ["shape": [.integer(words.count), .integer(meaning.width)], "kind": "value"])
    }
  }

  private static let smoothing = Route(
    .get, "/api/meaning/smoothing",
    "A head's attention at one token as kernel smoothing: kernel, weights, value vectors and their mean.",
    fields: [
      LensFields.session, LensFields.layer, LensFields.head,
      Route.Field("position", .integer, required: true, "The token that looks."),
      Route.Field("count", .integer, "Value vectors that are given, the heaviest first (default: 8, at most 32)."),
    ],
    answer: .json(
      "`scores`, `kernel` relative to its largest and `weights` of every position, the heaviest `values`, the `average` of "
        + "all values that were read, `covered` of the weight, and the run's own `output` of the head.")
  ) { context in
    try await context.work {
      let (recording, _, _) = try LensFields.recording(context)
      let (layer, head) = try LensFields.head(context, of: recording)
      let position = try context.int("position", in: 0...max(0, recording.tokens.count - 1))
      let count = try context.int("count", in: 1...32, default: 8)
      guard let found = try recording.smoothing(layer: layer, head: head, position: position) else {
        return .json(LensFields.waiting)
      }
      let heaviest = found.positions.indices.sorted {
        found.weights[found.positions[$0]] > found.weights[found.positions[$1]]
      }
      func numbers(_ values: some Sequence<Double>) -> JSON {
        .array(values.map { $0.isFinite ? .number($0) : .null })
      }
      return .json([
        "position": .integer(position), "width": .integer(found.width), "sink": .number(Double(found.sink)),
        "scale": .number(Double(try recording.site(layer).scale)), "covered": .number(found.covered),
        "read": .integer(found.positions.count), "scores": numbers(found.scores), "kernel": numbers(found.kernel),
        "weights": numbers(found.weights.lazy.map { Double($0) }),
        "values": .array(
          heaviest.prefix(count).map { place in
            let row = found.values[place * found.width..<(place + 1) * found.width]
            return ["position": .integer(found.positions[place]), "value": numbers(row.lazy.map { Double($0) })]
          }),
        "average": numbers(found.average), "output": numbers(found.output.lazy.map { Double($0) }), "kind": "value",
      ])
    }
  }
}
