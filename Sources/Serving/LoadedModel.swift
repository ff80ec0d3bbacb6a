import Architectures
public import Generation
import GraphIR
public import JSON
import Templates
import TensorCore
import Tokenizers

/// A model in memory that every client shares.
public final class LoadedModel: Sendable {
  /// Its name in the list of models.
  public let id: String
  public let model: LanguageModel
  /// Continues the texts of all clients at once.
  public let scheduler: Scheduler
  /// Records texts, so that they can be looked into.
  let station: LensStation
  /// Seconds since 1970.
  public let loaded: Int

  init(id: String, model: LanguageModel, loaded: Int) throws(MemoryError) {
    (self.id, self.model, self.loaded) = (id, model, loaded)
    scheduler = try Scheduler(model)
    station = LensStation(model)
  }

  /// Goes on with a text, recorded where a recording is free.
  func stream(_ text: TextSession, options: GenerationOptions) throws -> GenerationStream {
    try station.stream(text, options: options) ?? scheduler.stream(text.tokens, options: options)
  }

  /// What every view needs to know of the model.
  public var summary: JSON {
    let config = model.config
    let heads = model.graph.states.compactMap { state in
      if case .keyValue(_, let heads, _, _) = state { heads } else { nil }
    }
    return [
      "id": .string(id), "layers": .integer(config.layerCount), "hiddenSize": .integer(config.hiddenSize),
      "vocabulary": .integer(config.vocabularySize), "context": .integer(model.context),
      "keyValueHeads": .integer(heads.first ?? 0),
      "trainedContext": .integer(config.contextLength), "threads": .integer(model.threadCount),
      "users": .integer(model.options.sequences), "cacheFormat": .string("\(model.options.cacheFormat)"),
      "hasTokenizer": .bool(model.tokenizer != nil), "hasTemplate": .bool(model.template != nil),
      "weightBytes": .integer(model.memory.weights), "activationBytes": .integer(model.memory.activations),
      "loaded": .integer(loaded),
    ]
  }

  /// A token as the app shows it: its text, or its bytes in hexadecimal where they are no text of their own.
  public func token(_ id: Int32) -> JSON { .object(tokenMembers(id)) }

  func tokenMembers(_ id: Int32) -> [JSON.Member] {
    guard let tokenizer = model.tokenizer else {
      return [JSON.Member("id", .integer(Int(id))), JSON.Member("text", .string("\(id)"))]
    }
    return TokenText.members(id, tokenizer)
  }

  /// The ids of what a route was given: `tokens`, `messages`, or `prompt` (in the chat template unless `raw`).
  func promptTokens(_ context: RouteContext) throws -> [Int32] {
    if let tokens = try context.tokens("tokens") { return tokens }
    if let messages = try context.list("messages") { return try encode(ChatMessages.read(messages, at: "messages")) }
    let prompt = try context.required("prompt")
    guard model.tokenizer != nil else { return try Self.numbers(prompt) }
    if try context.flag("raw") || model.template == nil { return try model.encode(prompt) }
    return try model.encode([ChatMessage(role: "user", content: prompt)])
  }

  /// A conversation in the chat template; without one, the contents joined by newlines.
  func encode(_ messages: [ChatMessage]) throws -> [Int32] {
    if model.template != nil { return try model.encode(messages) }
    let text = messages.map { $0.content.string ?? "" }.joined(separator: "\n")
    return model.tokenizer == nil ? try Self.numbers(text) : try model.encode(text)
  }

  /// The prompt of a model without a tokenizer: its tokens' numbers.
  static func numbers(_ text: String) throws -> [Int32] {
    try text.split { $0 == " " || $0 == "," || $0 == "\n" }.map { word in
      guard let id = Int32(word) else {
        throw RequestError.wrong("prompt", "this model has no tokenizer: write token ids, like 0 2 1")
      }
      return id
    }
  }
}

/// How tokens are written for people.
enum TokenText {
  static func members(_ id: Int32, _ tokenizer: Tokenizer) -> [JSON.Member] {
    var members = [JSON.Member("id", .integer(Int(id)))]
    let bytes = (try? tokenizer.bytes(of: id)) ?? []
    if let text = String(validating: bytes, as: UTF8.self) {
      members.append(JSON.Member("text", .string(text)))
    } else {
      members.append(JSON.Member("bytes", .string(hexadecimal(bytes))))
    }
    if tokenizer.vocabulary.contains(id), tokenizer.vocabulary.kinds[Int(id)] == .control {
      members.append(JSON.Member("isControl", true))
    }
    return members
  }

  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
  }
}

/// Messages of a conversation as requests hold them.
enum ChatMessages {
  static func read(_ items: [JSON], at place: String) throws -> [ChatMessage] {
    guard !items.isEmpty else { throw RequestError.wrong(place, "must hold at least one message") }
    return try items.enumerated().map { index, item in
      let place = "\(place)[\(index)]"
      guard let role = item["role"]?.string else { throw RequestError.wrong("\(place).role", "must be a text") }
      let members = (item.object ?? []).filter { $0.key != "role" && $0.key != "content" }
      return ChatMessage(role: role, content: .string(try text(item["content"], at: place)), members: members)
    }
  }

  /// A text, or the texts of an array of parts.
  private static func text(_ content: JSON?, at place: String) throws -> String {
    if let text = content?.string { return text }
    guard let parts = content?.array else {
      throw RequestError.wrong("\(place).content", "must be a text or an array of text parts")
    }
    return try parts.enumerated().map { index, part in
      guard part["type"]?.string == "text", let text = part["text"]?.string else {
        throw RequestError.wrong("\(place).content[\(index)]", "only parts of type text are understood")
      }
      return text
    }.joined()
  }
}
