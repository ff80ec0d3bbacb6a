import Foundation
import Generation
import JSON
import Templates

/// The endpoints that clients of OpenAI's interface use (platform.openai.com/docs/api-reference/chat).
enum OpenAIRoutes {
  static let routes = [models, model, chat]

  private static let models = Route(
    .get, "/v1/models", "The loaded model, under its own name and as `default`.", answer: .json("A list of models."),
    ignoresUnknownFields: true
  ) { context in
    let loaded = context.app.loaded
    let data = loaded.map { [describe($0, as: $0.id), describe($0, as: "default")] } ?? []
    return .json(["object": "list", "data": .array(data)])
  }

  private static let model = Route(
    .get, "/v1/models/{model}", "The loaded model.",
    fields: [Route.Field("model", .string, required: true, "Its name, or `default`.")], answer: .json("The model."),
    ignoresUnknownFields: true
  ) { context in
    let name = try context.required("model")
    return .json(describe(try named(name, context.app), as: name))
  }

  private static func describe(_ loaded: LoadedModel, as name: String) -> JSON {
    ["id": .string(name), "object": "model", "created": .integer(loaded.loaded), "owned_by": "orrery"]
  }

  /// The loaded model, if it goes by this name.
  static func named(_ name: String, _ app: AppModel) throws -> LoadedModel {
    guard let loaded = app.loaded else {
      throw RequestError(404, "no model is loaded; load one in the app", at: "model")
    }
    guard name == "default" || name == loaded.id else {
      throw RequestError(
        404, "the model '\(name.prefix(200))' is not loaded; there is '\(loaded.id)', also called 'default'",
        at: "model")
    }
    return loaded
  }

  private static let chat = Route(
    .post, "/v1/chat/completions", "Answer a conversation, at once or as a stream.",
    fields: [
      Route.Field("model", .string, required: true, "The loaded model's name, or `default`."),
      Route.Field("messages", .array, required: true, "Objects with `role` and `content`."),
      Route.Field("stream", .boolean, "Sends the answer in pieces, as server-sent events."),
      Route.Field("stream_options", .object, "`include_usage` adds a last piece with the tokens counted."),
      Route.Field("max_tokens", .integer, "Tokens at most (default: until the model ends or the context is full)."),
      Route.Field("max_completion_tokens", .integer, "The same by its newer name."),
      Route.Field("temperature", .number, "0 to 2 (default: 1)."),
      Route.Field("top_p", .number, "0 to 1 (default: 1)."),
      Route.Field("stop", .string, "A text, or an array of texts, that ends the answer and is not part of it."),
      Route.Field("seed", .integer, "Makes an answer repeatable."),
      Route.Field("n", .integer, "1."),
      Route.Field("presence_penalty", .number, "-2 to 2."),
      Route.Field("frequency_penalty", .number, "-2 to 2."),
      Route.Field("logit_bias", .object, "Token ids and what to add to their logits, -100 to 100."),
      Route.Field("logprobs", .boolean, "Adds each token's logarithm of probability."),
      Route.Field("top_logprobs", .integer, "0 to 20 likeliest tokens beside each."),
    ],
    answer: .json("A completion; with `stream` its pieces as events and `[DONE]`."), ignoresUnknownFields: true,
    endsWithClient: true
  ) { context in
    let loaded = try named(context.required("model"), context.app)
    let request = try ChatRequest(context)
    let tokens = try await context.work { try loaded.encode(request.messages) }
    let stream = try loaded.scheduler.stream(tokens, options: request.options)
    let completion = ChatCompletion(
      id: "chatcmpl-" + UUID().uuidString.lowercased(), created: Int(Date().timeIntervalSince1970), loaded: loaded,
      request: request, stream: stream)
    if request.streams { return .events { try await completion.send($0) } }
    return .json(try await completion.whole())
  }
}

/// What a chat completion asks for.
struct ChatRequest: Sendable {
  let messages: [ChatMessage]
  let options: GenerationOptions
  let streams: Bool
  let includesUsage: Bool
  /// Likeliest tokens beside each; nil without logprobs.
  let topLogprobs: Int?

  init(_ context: RouteContext) throws {
    messages = try ChatMessages.read(context.list("messages") ?? [], at: "messages")
    streams = try context.flag("stream")
    includesUsage = context.field("stream_options")?["include_usage"]?.boolean ?? false
    for (name, reason) in Self.unsupported where !Self.isEmpty(context.field(name)) {
      throw RequestError.wrong(name, reason)
    }
    if let format = context.field("response_format"), format["type"]?.string != "text" {
      throw RequestError.wrong("response_format", "only the type 'text' is supported")
    }
    _ = try context.int("n", in: 1...1, default: 1)
    let wantsLogprobs = try context.flag("logprobs")
    let top = try context.int("top_logprobs", in: 0...20, default: 0)
    if top > 0, !wantsLogprobs { throw RequestError.wrong("top_logprobs", "needs logprobs to be true") }
    topLogprobs = wantsLogprobs ? top : nil
    options = try Self.options(context, topLogprobs: topLogprobs)
  }

  private static let unsupported = [
    "tools": "tools are not supported", "functions": "functions are not supported",
    "audio": "only text is supported",
  ]

  private static func isEmpty(_ value: JSON?) -> Bool { value == nil || value?.array?.isEmpty == true }

  private static func options(_ context: RouteContext, topLogprobs: Int?) throws -> GenerationOptions {
    var options = GenerationOptions()
    let name = context.field("max_completion_tokens") == nil ? "max_tokens" : "max_completion_tokens"
    if context.field(name) != nil { options.maximumTokens = try context.int(name, in: 1...1 << 24) }
    options.stop = try stops(context)
    options.alternatives = topLogprobs.map { max(1, $0) }
    var settings = SamplerSettings()
    (settings.topK, settings.minP, settings.penaltyWindow) = (0, 0, 1 << 16)
    settings.temperature = Float(try context.number("temperature", in: 0...2, default: 1))
    settings.topP = Float(try context.number("top_p", in: 0...1, default: 1))
    settings.presencePenalty = Float(try context.number("presence_penalty", in: -2...2, default: 0))
    settings.frequencyPenalty = Float(try context.number("frequency_penalty", in: -2...2, default: 0))
    if context.field("seed") != nil {
      settings.seed = UInt64(bitPattern: Int64(try context.int("seed", in: Int.min...Int.max)))
    }
    for member in context.field("logit_bias")?.object ?? [] {
      guard let token = Int32(member.key), let bias = member.value.double, (-100...100).contains(bias) else {
        throw RequestError.wrong(
          "logit_bias.\(member.key.prefix(40))", "must be a token id with a number from -100 to 100")
      }
      settings.logitBias[token] = Float(bias)
    }
    options.sampling = settings
    return options
  }

  private static func stops(_ context: RouteContext) throws -> [String] {
    guard let value = context.field("stop") else { return [] }
    if let text = value.string { return [text] }
    guard let texts = value.array?.map(\.string), !texts.contains(nil), texts.count <= 16 else {
      throw RequestError.wrong("stop", "must be a text or an array of at most 16 texts")
    }
    return texts.compactMap { $0 }
  }
}
