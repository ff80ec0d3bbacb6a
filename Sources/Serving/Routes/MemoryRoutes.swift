import Generation
import GraphIR
import JSON
import Memory
import TensorCore

/// What models take in memory, planned and live.
enum MemoryRoutes {
  static let routes = [plan, live]

  /// Formats that a cache can have.
  private static let cacheFormats: [BlockFormat] = [.f32, .f16, .q8_0, .q4_0]

  private static let plan = Route(
    .get, "/api/plan", "What a model would take, from its header alone: `orrery plan`.",
    fields: [
      Route.Field("model", .string, "Its name in the list (default: the loaded one)."),
      Route.Field("context", .integer, "Positions of each text (default: as it would be loaded)."),
      Route.Field("kv", .string, "Format of keys and values: f32, f16, q8_0 or q4_0."),
      Route.Field("users", .integer, "Texts side by side."),
    ],
    answer: .json("Bytes of weights, caches layer by layer, and activations; what the machine has.")
  ) { context in
    let app = context.app
    var options = app.options
    if let kv = try context.string("kv") {
      guard let format = BlockFormat(name: kv), cacheFormats.contains(format) else {
        throw RequestError.wrong("kv", "must be f32, f16, q8_0 or q4_0, not '\(kv.prefix(40))'")
      }
      options.cacheFormat = format
    }
    options.sequences = try context.int("users", in: 1...1024, default: options.sequences)
    let wanted = context.field("context") == nil ? nil : try context.int("context", in: 1...1 << 24)
    let name = try context.string("model") ?? app.current().id
    let json = try await context.work { [options] in
      let path = try app.entry(name).path
      let plan = try ModelPlan(path: path, context: wanted, asLoaded: wanted == nil, options: options)
      return describe(plan)
    }
    return .json(json)
  }

  private static func describe(_ plan: ModelPlan) -> JSON {
    let layers = plan.use.layers.map { layer -> JSON in
      ["index": .integer(layer.index), "bytes": .integer(layer.bytes), "derivation": .string(layer.derivation)]
    }
    let more: [JSON.Member] = [
      JSON.Member("layers", .array(layers)), JSON.Member("weightNote", .string(plan.weightNote)),
      JSON.Member("modelContext", .integer(plan.modelContext)),
      JSON.Member("longestContext", plan.longestContext.map { .integer($0) } ?? .null),
    ]
    return .object((plan.json().object ?? []) + more)
  }

  private static let live = Route(
    .get, "/api/memory", "What this process takes now.",
    answer: .json("Resident bytes, the loaded model's parts, and what its caches hold.")
  ) { context in
    let app = context.app
    let machine = Machine()
    var members: [JSON.Member] = [
      JSON.Member("residentBytes", .integer(Machine.residentBytes)),
      JSON.Member("memoryBytes", .integer(machine.memoryBytes)),
      JSON.Member("availableBytes", .integer(machine.availableBytes)),
    ]
    if let loaded = app.loaded {
      let (model, held) = (loaded.model, loaded.scheduler.heldPositions)
      let bytes = model.graph.states.reduce(0) { $0 + $1.bytes(context: held, format: model.options.cacheFormat) }
      let load = loaded.scheduler.load
      members += [
        JSON.Member("weightBytes", .integer(model.memory.weights)),
        JSON.Member("activationBytes", .integer(model.memory.activations)),
        JSON.Member("heldPositions", .integer(held)), JSON.Member("heldBytes", .integer(bytes)),
        JSON.Member("running", .integer(load.running)), JSON.Member("waiting", .integer(load.waiting)),
      ]
    }
    return .json(.object(members))
  }
}
