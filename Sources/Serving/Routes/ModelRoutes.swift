import Generation
import JSON

/// The models on this machine, and the one that is loaded.
enum ModelRoutes {
  static let routes = [
    Route(
      .get, "/api/status", "The loaded model, or the one that is being loaded.", answer: .json("The state.")
    ) { context in .json(context.app.status) },
    Route(
      .get, "/api/models", "The models that can be loaded, from their headers.", answer: .json("The models by name.")
    ) { context in
      let app = context.app
      let models = try await context.work { app.models() }
      return .json(["models": .array(models.map { describe($0, app) })])
    },
    Route(
      .post, "/api/models/load", "Load a model in place of the one before.",
      fields: [Route.Field("model", .string, required: true, "Its name in the list.")],
      answer: .events("`progress` with a share from 0 to 1, then `loaded` with the model, or `error`.")
    ) { context in
      let (app, name) = (context.app, try context.required("model"))
      _ = try await context.work { try app.entry(name) }
      return .events { events in
        try await blocking {
          try app.load(name) { share in events.send("progress", ["share": .number(share)]) }
        }
        events.send("loaded", app.status)
      }
    },
    Route(
      .post, "/api/models/unload", "Let go of the loaded model and its memory.", answer: .json("The state.")
    ) { context in
      context.app.unload()
      return .json(context.app.status)
    },
  ]

  private static func describe(_ entry: ModelFolder.Entry, _ app: AppModel) -> JSON {
    [
      "name": .string(entry.name), "family": entry.family.map { .string($0) } ?? .null,
      "bytes": .integer(entry.bytes), "isFolder": .bool(entry.isFolder),
      "problem": entry.problem.map { .string(app.withoutPaths($0)) } ?? .null,
    ]
  }
}
