import Foundation
import JSON
import Runs
import Synchronization
import Training

/// Training in front of the user: recipes, the run that goes on, and the record of those before.
enum TrainingRoutes {
  static let routes = [overview, start, control, events, use, opening, history]

  private static let overview = Route(
    .get, "/api/training", "Recipes, recorded runs, and the run of this server.", answer: .json("All of them.")
  ) { context in
    let app = context.app
    return .json(try await context.work { try overview(app) })
  }

  private static func overview(_ app: AppModel) throws -> JSON {
    let recipes = Recipe.bundledNames.compactMap { try? Recipe.bundled($0) }
    let runs = try app.training.record()?.runs() ?? []
    return [
      "recipes": .array(recipes.map { describe($0) }),
      "runs": .array(
        runs.map { run in
          [
            "id": .string(run.id), "name": .string(run.name), "status": .string(status(run, app)),
            "step": .integer(run.step), "steps": .integer(run.steps), "parameters": .integer(run.parameters),
            "began": .string(run.began.formatted(.iso8601)), "data": .string(app.withoutPaths(run.data)),
            "message": run.message.map { .string(app.withoutPaths($0)) } ?? .null,
            "hasModel": .bool(TrainingDesk.hasModel(run.folder)),
          ]
        }),
      "live": app.training.live?.summary ?? .null,
    ]
  }

  /// One that this server prepares holds no folder yet; another's that is being trained cannot be watched from here.
  private static func status(_ run: RunRecord, _ app: AppModel) -> String {
    let isOurs = app.training.live.map { $0.id == run.id && !$0.isOver } ?? false
    if isOurs { return run.status == .paused ? run.status.rawValue : RunRecord.Status.running.rawValue }
    return run.isLive ? "elsewhere" : run.status.rawValue
  }

  private static func describe(_ recipe: Recipe) -> JSON {
    var needsText = false
    if case .text(let settings) = recipe.data { needsText = settings.path == nil }
    return [
      "name": .string(recipe.name), "about": .string(recipe.about), "steps": .integer(recipe.steps),
      "batch": .integer(recipe.batch), "needsText": .bool(needsText), "json": recipe.json,
    ]
  }

  private static let start = Route(
    .post, "/api/training/start", "Begin a run: of a recipe, of a text, or go on with a recorded one.",
    fields: [
      Route.Field("recipe", .string, "A recipe of the package."),
      Route.Field("text", .string, "What a recipe for texts learns from."),
      Route.Field("run", .string, "A recorded run to go on with."),
      Route.Field("steps", .integer, "Steps in all, instead of the recipe's."),
      Route.Field("seed", .integer, "Decides the first weights and the order of the data."),
    ], answer: .json("The run.")
  ) { context in
    let desk = context.app.training
    let steps = context.field("steps") == nil ? nil : try context.int("steps", in: 1...1 << 30)
    return .json(
      try await context.work {
        if context.field("run") != nil { return try desk.goOn(context.required("run"), steps: steps).summary }
        return try desk.begin(recipe(context, steps)).summary
      })
  }

  private static func recipe(_ context: RouteContext, _ steps: Int?) throws -> Recipe {
    var recipe = try Recipe.bundled(context.required("recipe"))
    if let text = try context.string("text") {
      guard case .text = recipe.data else { throw RequestError.wrong("text", "the recipe makes its own data") }
      recipe = try recipe.replacing("data", "path", by: .string(context.app.training.keep(text: text)))
      // Samples begin as the text does: every character of theirs is known.
      let beginning = String(text.prefix { !$0.isNewline }.prefix(12))
      if !beginning.isEmpty { recipe = try recipe.replacing("samples", "prompts", by: [.string(beginning)]) }
    }
    if let steps { recipe = try recipe.replacing("steps", by: .integer(steps)) }
    if context.field("seed") != nil {
      recipe = try recipe.replacing("seed", by: .integer(context.int("seed", in: 0...Int.max)))
    }
    return recipe
  }

  private static let control = Route(
    .post, "/api/training/control", "Pause, go on, stop, or change the learning rate of the run.",
    fields: [
      Route.Field("action", .string, "`pause`, `resume` or `stop`."),
      Route.Field("rateFactor", .number, "Multiplies the schedule's learning rate, from the next step on: 0 to 100."),
    ], answer: .json("The run.")
  ) { context in
    let run = try context.app.training.current()
    if context.field("rateFactor") != nil { try run.setRateFactor(context.number("rateFactor", in: 0...100)) }
    switch try context.string("action") {
    case nil: break
    case "pause": run.pause()
    case "resume": run.resume()
    case "stop": run.stop()
    case let other?: throw RequestError.wrong("action", "is pause, resume or stop, not '\(other.prefix(40))'")
    }
    return .json(run.summary)
  }

  private static let events = Route(
    .get, "/api/training/events", "The run as it goes on: first all so far, then what is new, a few times a second.",
    answer: .events(
      "`news`: run, steps, layers, validations, samples, snapshots; with `reset`, all from the beginning.")
  ) { context in
    let desk = context.app.training
    return .events { events in
      var cursor = LiveRun.Cursor()
      while !Task.isCancelled {
        if let news = desk.live?.news(&cursor) { events.send("news", news) }
        try await Task.sleep(for: .milliseconds(120))
      }
    }
  }

  private static let use = Route(
    .post, "/api/training/use", "Make a run's model known, so that it can be loaded by the name that is given back.",
    fields: [Route.Field("run", .string, required: true, "The run.")], answer: .json("The model's name.")
  ) { context in
    let (app, name) = (context.app, try context.required("run"))
    return .json(
      try await context.work {
        let (_, record) = try app.training.recorded(name)
        if try record.recorded().isAdapter {
          throw RequestError(
            409, "\(name) learns low-rank changes beside another model; orrery merge makes one model of both", at: "run"
          )
        }
        try app.training.saveModel(name)
        let file = record.folder + "/model.gguf"
        return ["model": .string(app.add(path: FileManager.default.fileExists(atPath: file) ? file : record.folder))]
      })
  }

  private static let opening = Route(
    .post, "/api/training/open", "Open a recorded run's last checkpoint, so that its weights can be looked at.",
    fields: [Route.Field("run", .string, required: true, "The run.")],
    answer: .json("The same as an event that begins anew, with the checkpoint's step among `snapshots`.")
  ) { context in
    let (desk, name) = (context.app.training, try context.required("run"))
    return .json(try await context.work { news(try desk.open(name)) })
  }

  private static let history = Route(
    .get, "/api/training/runs/{run}", "What was recorded of a run: losses, validations, samples, norms.",
    fields: [Route.Field("run", .string, required: true, "The run.")],
    answer: .json("The same as an event that begins anew.")
  ) { context in
    let (desk, name) = (context.app.training, try context.required("run"))
    return .json(try await context.work { news(try desk.recall(name)) })
  }

  /// All of a run that does not go on here.
  private static func news(_ run: LiveRun) -> JSON {
    var cursor = LiveRun.Cursor()
    return run.news(&cursor) ?? .null
  }
}

extension Recipe {
  /// Whether it learns low-rank changes alone.
  var isAdapter: Bool { if case .existing(_, _, .some) = model { true } else { false } }
}
