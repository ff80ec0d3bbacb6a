import Generation
import GraphIR
import JSON
import Lens

/// The logit lens, what each part adds to a logit, and any value by its name.
enum LensRoutes {
  static let routes = [lens, contributions, value]

  private static let lens = Route(
    .get, "/api/lens", "What the model would say after each layer: its own final norm and head on the stream there.",
    fields: [
      LensFields.session,
      Route.Field("depths", .string, required: true, "Layers, like 0-4: 0 is before the first, the last after all."),
      Route.Field("positions", .string, required: true, "Positions, like 0-16; at most 64 at once."),
      Route.Field("top", .integer, "Likeliest tokens of each reading (default: 3, at most 20)."), LensFields.at,
    ],
    answer: .json("Readings [depths][positions]; `waiting` while tokens are being made, which come first.")
  ) { context in
    try await context.work {
      let (recording, instruments, loaded) = try LensFields.recording(context)
      let depths = try LensFields.range(context, "depths", in: recording.streamNames.count)
      let positions = try LensFields.range(context, "positions", in: recording.tokens.count, atMost: 64)
      let top = try context.int("top", in: 1...20, default: 3)
      guard
        let readings = try recording.lens(instruments.lens, depths: Array(depths), positions: positions, top: top)
      else { return .json(LensFields.waiting) }
      return .json([
        "depths": [.integer(depths.lowerBound), .integer(depths.upperBound)],
        "positions": [.integer(positions.lowerBound), .integer(positions.upperBound)], "kind": "derived",
        "readings": .array(readings.map { row in .array(row.map { describe($0, loaded) }) }),
      ])
    }
  }

  private static func describe(_ reading: LogitLens.Reading, _ loaded: LoadedModel) -> JSON {
    [
      "top": .array(
        reading.top.map { token, probability in
          .object(loaded.tokenMembers(token) + [JSON.Member("probability", .number(probability))])
        }),
      "rank": .integer(reading.rank), "probability": .number(reading.probability), "entropy": .number(reading.entropy),
    ]
  }

  private static let contributions = Route(
    .get, "/api/contributions",
    "What each head, network, bias and embedding adds to the logit of a token, the norms' scales held.",
    fields: [
      LensFields.session, Route.Field("position", .integer, required: true, "The position that predicts."),
      Route.Field("token", .integer, "The token (default: the one that follows, or the likeliest)."), LensFields.at,
    ],
    answer: .json(
      "Parts that sum to `logit`, which is before any capping, but for `rest`: the rounding of activations.")
  ) { context in
    try await context.work {
      let (recording, instruments, loaded) = try LensFields.recording(context)
      let position = try context.int("position", in: 0...max(0, recording.tokens.count - 1))
      var token: Int32
      if context.field("token") != nil {
        token = Int32(try context.int("token", in: 0...max(0, recording.map.vocabularySize - 1)))
      } else if let next = recording.chosen(after: position) {
        token = next
      } else {
        let depth = recording.streamNames.count - 1
        guard
          let last = try recording.lens(
            instruments.lens, depths: [depth], positions: position..<position + 1)
        else { return .json(LensFields.waiting) }
        token = last[0][0].top[0].token
      }
      guard
        let all = try instruments.attribution().contributions(
          of: recording, position: position, token: token, urgency: .idle)
      else {
        return .json(LensFields.waiting)
      }
      return .json([
        "position": .integer(position), "token": loaded.token(token), "logit": .number(all.logit),
        "rest": .number(all.rest), "magnitude": .number(all.magnitude), "kind": "derived",
        "parts": .array(
          all.parts.map { part in
            [
              "kind": .string(part.kind.rawValue), "layer": part.layer.map { .integer($0) } ?? .null,
              "head": part.head.map { .integer($0) } ?? .null, "name": .string(part.name),
              "value": .number(part.value),
            ]
          }),
      ])
    }
  }

  private static let value = Route(
    .get, "/api/values", "Numbers of any value of the run by its name, float32 [positions, width].",
    fields: [
      LensFields.session, Route.Field("name", .string, required: true, "As in blocks.0.mlp.post."),
      Route.Field("positions", .string, required: true, "Positions, like 0-16; at most 1048576 numbers at once."),
      Route.Field("columns", .string, "Elements of each row, like 0-64 (default: all)."), LensFields.at,
    ],
    answer: .binary("The values themselves, kept or read again from the run's states.")
  ) { context in
    try await context.work {
      let (recording, _, _) = try LensFields.recording(context)
      let name = try context.required("name")
      let width = try recording.width(of: name)
      let positions = try LensFields.range(
        context, "positions", in: recording.tokens.count, atMost: max(1, (1 << 20) / max(1, width)))
      let columns = try LensFields.range(context, "columns", in: width, default: 0..<width)
      guard let values = try recording.values(name, positions) else { return .json(LensFields.waiting) }
      let slice = (0..<positions.count).flatMap { row in
        values[row * width + columns.lowerBound..<row * width + columns.upperBound]
      }
      return .floats(
        slice,
        about: [
          "name": .string(name), "shape": [.integer(positions.count), .integer(columns.count)], "kind": "value",
        ])
    }
  }
}
