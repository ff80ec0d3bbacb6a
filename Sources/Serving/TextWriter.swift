import Generation
import JSON
import Tokenizers

/// Goes on with a session: generates, keeps what was chosen, and sends each token as an event.
struct TextWriter: Sendable {
  let loaded: LoadedModel
  let sessions: SessionStore
  let session: TextSession
  let options: GenerationOptions

  /// Alternatives that an event carries; more are kept.
  static let shown = 20
  /// Alternatives that a session keeps of each token.
  static let kept = 256

  func run(_ events: EventSender) async throws {
    events.send("session", SessionText.json(session, loaded))
    let stream = try loaded.stream(session, options: options)
    let progress = Task { await report(stream.request, events) }
    defer { progress.cancel() }
    var index = session.tokens.count
    var first: ContinuousClock.Instant?
    let clock = ContinuousClock()
    for try await piece in stream {
      progress.cancel()
      if let id = piece.id {
        if first == nil { first = clock.now }
        sessions.append(id, piece.choice, to: session.id)
        events.send("token", token(id, at: index, piece))
        index += 1
      }
      guard let finish = piece.finish else { continue }
      sessions.end(session.id, finish, piece.choice)
      let usage = stream.request.usage
      // The first token's time is the prompt's.
      let seconds = first.map { (clock.now - $0) / .seconds(1) } ?? 0
      let rate = seconds > 0 && usage.generated > 1 ? Double(usage.generated - 1) / seconds : nil
      events.send(
        "end",
        [
          "finish": SessionText.json(finish), "generated": .integer(usage.generated),
          "prompt": .integer(usage.prompt), "reused": .integer(usage.reused),
          "choice": piece.choice.map { ChoiceText.json($0, loaded, shown: Self.shown) } ?? .null,
          "tokensPerSecond": rate.map { .number($0) } ?? .null,
        ])
    }
  }

  /// Says a few times a second how much of the prompt is read.
  private func report(_ request: GenerationRequest, _ events: EventSender) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(150))
      let usage = request.usage
      if Task.isCancelled || usage.generated > 0 { return }
      events.send("reading", ["read": .integer(usage.read), "of": .integer(usage.prompt)])
    }
  }

  private func token(_ id: Int32, at index: Int, _ piece: Piece) -> JSON {
    var members = [JSON.Member("index", .integer(index))] + loaded.tokenMembers(id)
    if let choice = piece.choice {
      members.append(JSON.Member("choice", ChoiceText.json(choice, loaded, shown: Self.shown)))
    }
    return .object(members)
  }
}

/// A step's distribution as clients read it; logits are the model's, before any setting.
enum ChoiceText {
  static func json(_ choice: TokenChoice, _ loaded: LoadedModel, shown: Int) -> JSON {
    .object(
      numbers(choice) + [
        JSON.Member("token", .integer(Int(choice.token))), JSON.Member("logit", .number(Double(choice.logit))),
        JSON.Member("logSum", .number(choice.logSum)), JSON.Member("vocabulary", .integer(choice.vocabulary)),
        JSON.Member(
          "top",
          .array(
            zip(choice.tokens, choice.logits).prefix(shown).map { token, logit in
              .object(loaded.tokenMembers(token) + [JSON.Member("logit", .number(Double(logit)))])
            })),
      ])
  }

  /// What shades a token in its text.
  static func numbers(_ choice: TokenChoice) -> [JSON.Member] {
    [
      JSON.Member("probability", .number(choice.probability)), JSON.Member("entropy", .number(choice.entropy)),
      JSON.Member("rank", .integer(choice.rank)),
    ]
  }
}

/// Sessions as clients read them.
enum SessionText {
  static func json(_ session: TextSession, _ loaded: LoadedModel) -> JSON {
    let tokens = session.tokens.enumerated().map { index, id in
      JSON.object(loaded.tokenMembers(id) + (session.choices[index].map { ChoiceText.numbers($0) } ?? []))
    }
    return .object(head(session) + [JSON.Member("tokens", .array(tokens))])
  }

  /// Without the tokens.
  static func head(_ session: TextSession) -> [JSON.Member] {
    [
      JSON.Member("id", .string(session.id)), JSON.Member("model", .string(session.model)),
      JSON.Member("promptCount", .integer(session.promptCount)),
      JSON.Member("parent", session.parent.map { .string($0) } ?? .null),
      JSON.Member("start", .integer(session.start)),
      JSON.Member("count", .integer(session.tokens.count)),
      JSON.Member("finish", session.finish.map { json($0) } ?? .null),
    ]
  }

  /// The beginning of what is a session's own.
  static func preview(_ session: TextSession, _ loaded: LoadedModel?) -> String {
    let own = session.tokens.dropFirst(max(session.start, session.promptCount)).prefix(24)
    guard session.model == loaded?.id, let tokenizer = loaded?.model.tokenizer else {
      return own.map { "\($0)" }.joined(separator: " ")
    }
    return String(decoding: (try? tokenizer.decode(own, skipSpecial: true)) ?? [], as: UTF8.self)
  }

  static func json(_ finish: Finish) -> JSON {
    switch finish {
    case .endOfGeneration(let id): ["reason": "end", "token": .integer(Int(id))]
    case .stopText(let text): ["reason": "stop", "text": .string(text)]
    case .maximumTokens: ["reason": "length"]
    case .contextFull: ["reason": "context"]
    case .cancelled: ["reason": "cancelled"]
    }
  }
}
