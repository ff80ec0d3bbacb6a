import Generation
import JSON

/// Texts in the making: generating, branching, and what each token was chosen from.
enum GenerateRoutes {
  static let routes = [generate, next, list, session, choice]

  private static let prompt = [
    Route.Field("prompt", .string, "A text; in the model's chat template unless `raw`."),
    Route.Field("messages", .array, "A conversation: objects with `role` and `content`."),
    Route.Field("tokens", .array, "Token ids."),
    Route.Field("raw", .boolean, "Takes the prompt as it is, without the chat template."),
    Route.Field("session", .string, "A text that is there already, to go on with or to branch from."),
    Route.Field("keep", .integer, "How many of its tokens to keep (default: all)."),
    Route.Field("take", .integer, "A token to take after them."),
  ]

  private static let sampling = [
    Route.Field("maxTokens", .integer, "Tokens at most (default: 128)."),
    Route.Field("temperature", .number, "0 always takes the likeliest token (default: 0.8)."),
    Route.Field("topK", .integer, "Only the K likeliest tokens; 0 for all (default: 40)."),
    Route.Field("topP", .number, "Only the likeliest tokens that together have this probability (default: 0.95)."),
    Route.Field("minP", .number, "Only tokens with this share of the likeliest one's probability (default: 0.05)."),
    Route.Field("seed", .integer, "Makes a text repeatable."),
  ]

  private static let generate = Route(
    .post, "/api/generate", "Go on from a prompt, or from a place in a text.", fields: prompt + sampling,
    answer: .events(
      "`session` with the tokens so far, `reading` while the prompt is read, `token` for each one with what it was "
        + "chosen from, and `end` with the reason.")
  ) { context in
    let loaded = try context.app.current()
    let options = try options(context)
    let app = context.app
    let session = try await context.work { try begin(context, loaded, app.sessions) }
    let writer = TextWriter(loaded: loaded, sessions: app.sessions, session: session, options: options)
    return .events { try await writer.run($0) }
  }

  private static let oneToken: GenerationOptions = {
    var options = GenerationOptions()
    (options.maximumTokens, options.alternatives, options.sampling) = (1, TextWriter.kept, .greedy)
    options.ignoresEnd = true
    return options
  }()

  private static let next = Route(
    .post, "/api/next", "The distribution of the token after a text, as the model gives it.", fields: prompt,
    answer: .json("The likeliest tokens with their logits; `token` is the one that the text goes on with, if any.")
  ) { context in
    let loaded = try context.app.current()
    let (stream, following) = try await context.work {
      let (tokens, following) = try place(context, loaded, context.app.sessions)
      let text = try context.string("session").map { try context.app.sessions.session($0) }
      let own = try text.flatMap { try loaded.station.stream(tokens, as: $0, options: oneToken) }
      return (try own ?? loaded.scheduler.stream(tokens, options: oneToken), following)
    }
    for try await piece in stream {
      guard let choice = piece.choice else { continue }
      return .json(ChoiceText.json(following.flatMap { choice.taking($0) } ?? choice, loaded, shown: TextWriter.kept))
    }
    throw RequestError(503, "the model was unloaded meanwhile", at: "model")
  }

  private static let list = Route(
    .get, "/api/sessions", "The latest texts, with which branch leaves which where.", answer: .json("The texts.")
  ) { context in
    let loaded = context.app.loaded
    let sessions = context.app.sessions.all.map { session in
      JSON.object(SessionText.head(session) + [JSON.Member("preview", .string(SessionText.preview(session, loaded)))])
    }
    return .json(["sessions": .array(sessions)])
  }

  private static let session = Route(
    .get, "/api/sessions/{session}", "One text: its tokens, each with its probability where the model chose it.",
    fields: [Route.Field("session", .string, required: true, "Its id.")], answer: .json("The text.")
  ) { context in
    let (session, loaded) = try own(context)
    return .json(SessionText.json(session, loaded))
  }

  private static let choice = Route(
    .get, "/api/sessions/{session}/choices/{index}", "What a token of a text was chosen from.",
    fields: [
      Route.Field("session", .string, required: true, "The text's id."),
      Route.Field("index", .integer, required: true, "The token's place in the text."),
    ],
    answer: .json("The kept tokens with their logits, likeliest first, and the logarithm of the whole sum.")
  ) { context in
    let (session, loaded) = try own(context)
    let index = try context.int("index", in: 0...session.tokens.count)
    guard let choice = session.choices[index] else {
      throw RequestError(404, "token \(index) was given, not chosen", at: "index")
    }
    return .json(ChoiceText.json(choice, loaded, shown: TextWriter.kept))
  }

  /// A text of the model that is loaded.
  private static func own(_ context: RouteContext) throws -> (TextSession, LoadedModel) {
    let loaded = try context.app.current()
    let session = try context.app.sessions.session(context.required("session"))
    guard session.model == loaded.id else {
      throw RequestError(409, "this text is of \(session.model), which is not loaded", at: "session")
    }
    return (session, loaded)
  }

  /// The tokens that a request names, and the one that follows them in its text.
  private static func place(
    _ context: RouteContext, _ loaded: LoadedModel, _ sessions: SessionStore
  ) throws -> (tokens: [Int32], following: Int32?) {
    guard context.field("session") != nil else { return (try loaded.promptTokens(context), nil) }
    let (session, _) = try own(context)
    let keep = try context.int("keep", in: 0...session.tokens.count, default: session.tokens.count)
    var tokens = Array(session.tokens[..<keep])
    if context.field("take") != nil { tokens.append(Int32(try context.int("take", in: 0...Int(Int32.max)))) }
    let following = context.field("take") == nil && keep < session.tokens.count ? session.tokens[keep] : nil
    return (tokens, following)
  }

  private static func begin(
    _ context: RouteContext, _ loaded: LoadedModel, _ sessions: SessionStore
  ) throws -> TextSession {
    let (tokens, _) = try place(context, loaded, sessions)
    try loaded.model.check(prompt: tokens)
    guard context.field("session") != nil else {
      return sessions.begin(model: loaded.id, tokens: tokens, promptCount: tokens.count)
    }
    let parent = try own(context).0
    let keep = try context.int("keep", in: 0...parent.tokens.count, default: parent.tokens.count)
    let taken = tokens.count > keep ? parent.choices[keep]?.taking(tokens[keep]) : nil
    // What is made again for an edited text is made here, where others need not wait for it.
    if parent.reader != nil { _ = try loaded.station.instruments(of: parent.reader) }
    return sessions.begin(
      model: loaded.id, tokens: tokens, promptCount: min(parent.promptCount, tokens.count), parent: parent, start: keep,
      taken: taken)
  }

  private static func options(_ context: RouteContext) throws -> GenerationOptions {
    var options = GenerationOptions()
    options.maximumTokens = try context.int("maxTokens", in: 1...1 << 20, default: 128)
    options.alternatives = TextWriter.kept
    var settings = SamplerSettings()
    settings.temperature = Float(try context.number("temperature", in: 0...10, default: 0.8))
    settings.topK = try context.int("topK", in: 0...1 << 24, default: 40)
    settings.topP = Float(try context.number("topP", in: 0...1, default: 0.95))
    settings.minP = Float(try context.number("minP", in: 0...1, default: 0.05))
    if context.field("seed") != nil { settings.seed = UInt64(try context.int("seed", in: 0...Int.max)) }
    options.sampling = settings
    return options
  }
}
