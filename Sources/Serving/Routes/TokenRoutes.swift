import Generation
import JSON
import Templates
import Tokenizers

/// How texts become tokens, with any tokenizer on this machine.
enum TokenRoutes {
  static let routes = [list, tokenize, template]

  /// The longest text whose stages are shown, in bytes.
  static let traceLimit = 1 << 14

  private static let list = Route(
    .get, "/api/tokenizers", "The tokenizers on this machine: those of models, and those alone.",
    answer: .json("Their names.")
  ) { context in
    let app = context.app
    let names = try await context.work { app.tokenizers().map(\.name) }
    return .json(["tokenizers": .array(names.map { .string($0) })])
  }

  private static let name = Route.Field("tokenizer", .string, "Its name in the list (default: the loaded model's).")

  private static let tokenize = Route(
    .post, "/api/tokenize", "Cut a text into tokens.",
    fields: [
      name, Route.Field("text", .string, required: true, "The text."),
      Route.Field("addSpecial", .boolean, "Adds the tokens around it that the model expects (default: false)."),
      Route.Field("parseSpecial", .boolean, "Reads control tokens written out in the text (default: true)."),
      Route.Field("stages", .boolean, "Adds what every stage makes of it, for at most 16 KiB."),
    ],
    answer: .json("The tokens in order, counts, and the stages where they were asked for.")
  ) { context in
    let text = try context.required("text")
    let (addSpecial, parseSpecial) = (try context.flag("addSpecial"), try context.flag("parseSpecial", default: true))
    let showsStages = try context.flag("stages")
    if showsStages, text.utf8.count > traceLimit {
      throw RequestError.wrong("text", "is \(text.utf8.count) bytes; stages are shown for at most \(traceLimit)")
    }
    let json = try await context.work {
      let tokenizer = try texts(context).tokenizer
      let ids = try tokenizer.encode(text, addSpecial: addSpecial, parseSpecial: parseSpecial)
      var members: [JSON.Member] = [
        JSON.Member("tokens", .array(ids.map { .object(TokenText.members($0, tokenizer)) })),
        JSON.Member("count", .integer(ids.count)), JSON.Member("bytes", .integer(text.utf8.count)),
        JSON.Member("characters", .integer(text.count)), JSON.Member("kind", .string(tokenizer.model.name)),
        JSON.Member("vocabulary", .integer(tokenizer.vocabulary.count)),
      ]
      if showsStages {
        let trace = try tokenizer.trace(text, addSpecial: addSpecial, parseSpecial: parseSpecial)
        members.append(JSON.Member("stages", TraceText.json(trace, tokenizer)))
      }
      return JSON.object(members)
    }
    return .json(json)
  }

  private static let template = Route(
    .post, "/api/template", "Write a conversation as one text, in the chat template.",
    fields: [
      name, Route.Field("messages", .array, required: true, "Objects with `role` and `content`."),
      Route.Field("addGenerationPrompt", .boolean, "Ends where the assistant begins to speak (default: true)."),
    ],
    answer: .json("The text and its tokens.")
  ) { context in
    let messages = try ChatMessages.read(context.list("messages") ?? [], at: "messages")
    let addsPrompt = try context.flag("addGenerationPrompt", default: true)
    let json = try await context.work {
      let texts = try texts(context)
      guard let template = texts.template else {
        throw RequestError(404, "there is no chat template with this tokenizer", at: "tokenizer")
      }
      func text(_ id: Int32?) -> String {
        id.map { String(decoding: (try? texts.tokenizer.bytes(of: $0)) ?? [], as: UTF8.self) } ?? ""
      }
      let special = texts.tokenizer.special
      let rendered: String
      do {
        rendered = try template.render(
          messages: messages, addGenerationPrompt: addsPrompt, bosToken: text(special.bos), eosToken: text(special.eos),
          now: .current)
      } catch { throw RequestError(422, "\(error)", at: "messages") }
      let ids = try texts.tokenizer.encode(rendered, addSpecial: false, parseSpecial: true)
      return JSON.object([
        JSON.Member("text", .string(rendered)), JSON.Member("count", .integer(ids.count)),
        JSON.Member("tokens", .array(ids.map { .object(TokenText.members($0, texts.tokenizer)) })),
      ])
    }
    return .json(json)
  }

  /// The tokenizer that a request names.
  private static func texts(_ context: RouteContext) throws -> TokenizerShelf.Texts {
    let app = context.app
    guard let name = try context.string("tokenizer") else {
      let model = try app.current().model
      guard let tokenizer = model.tokenizer else {
        throw RequestError(409, "the loaded model has no tokenizer", at: "tokenizer")
      }
      return TokenizerShelf.Texts(tokenizer: tokenizer, template: model.template)
    }
    return try app.shelf.texts(path: app.tokenizerPath(name), name: name)
  }
}

/// A tokenizer's stages as clients read them.
enum TraceText {
  static func json(_ trace: TokenizerTrace, _ tokenizer: Tokenizer) -> JSON {
    [
      "prefix": ids(trace.prefix), "suffix": ids(trace.suffix),
      "normalisations": .array(trace.normalisations.map { .array($0.map(stage)) }),
      "parts": .array(trace.parts.map { part($0, tokenizer) }),
    ]
  }

  private static func ids(_ tokens: [Int32]) -> JSON { .array(tokens.map { .integer(Int($0)) }) }

  /// Bytes as text, or in hexadecimal where they are none.
  private static func text(_ bytes: [UInt8]) -> JSON {
    if let text = String(validating: bytes, as: UTF8.self) { return ["text": .string(text)] }
    return ["bytes": .string(TokenText.hexadecimal(bytes))]
  }

  private static func stage(_ stage: TokenizerTrace.Stage) -> JSON {
    ["name": .string(stage.name), "parts": .array(stage.parts.map(text))]
  }

  private static func part(_ part: TokenizerTrace.Part, _ tokenizer: Tokenizer) -> JSON {
    switch part {
    case .token(let id): ["token": .object(TokenText.members(id, tokenizer))]
    case .text(let text):
      ["cuts": .array(text.cuts.map(stage)), "words": .array(text.words.map { word($0, tokenizer) })]
    }
  }

  private static func word(_ word: TokenizerTrace.Word, _ tokenizer: Tokenizer) -> JSON {
    let merges = word.merges.map { merge -> JSON in
      [
        "rank": .integer(merge.rank), "offset": .integer(merge.offset), "left": text(merge.left),
        "right": text(merge.right), "leftBytes": .integer(merge.left.count), "rightBytes": .integer(merge.right.count),
      ]
    }
    return [
      "word": text(word.bytes), "symbols": .array(word.symbols.map(text)),
      "symbolBytes": .array(word.symbols.map { .integer($0.count) }), "merges": .array(merges),
      "tokens": .array(word.tokens.map { .object(TokenText.members($0, tokenizer)) }),
    ]
  }
}
