/// What is generated, and when it ends.
public struct GenerationOptions: Sendable {
  /// Nil until the model ends by itself or the context is full.
  public var maximumTokens: Int?
  public var sampling = SamplerSettings()
  /// Texts that end generation; they are not part of it.
  public var stop: [String] = []
  public var whenFull = ContextPolicy.stop
  /// Goes on past the model's own end.
  public var ignoresEnd = false
  /// How many of the likeliest tokens each piece's `choice` keeps; nil for no choice.
  public var alternatives: Int?

  public init() {}
}

/// What happens when no position is left; never silent: it is a finish or a notice.
public enum ContextPolicy: Sendable, Hashable {
  case stop
  /// Forgets the oldest half after the first `keep` tokens and reads the rest again.
  case shift(keep: Int)

  /// Which of `count` tokens go where the first `keep` stay: the older half of the others.
  static func forgotten(of count: Int, keeping keep: Int) -> Range<Int> {
    let kept = min(max(0, keep), count / 2)
    return kept..<kept + max(1, (count - kept) / 2)
  }
}

/// Why generation ended.
public enum Finish: Sendable, Hashable {
  /// The model's own end, by this token.
  case endOfGeneration(Int32)
  case stopText(String)
  case maximumTokens
  case contextFull
  /// Nobody waits for more.
  case cancelled
}

/// One generated token and the text that it completes, perhaps none.
public struct Piece: Sendable, Hashable {
  /// Nil for a last text that no token brought.
  public var id: Int32?
  public var text: String
  /// Oldest tokens forgotten just before this one, where the context was full and `shift` was asked.
  public var forgotten = 0
  /// Why generation ended, on the last piece of a stream.
  public var finish: Finish?
  /// What the token was chosen from, where `GenerationOptions.alternatives` asks for it; on the last piece that of the
  /// token that ended generation.
  public var choice: TokenChoice?

  public init(
    id: Int32?, text: String, forgotten: Int = 0, finish: Finish? = nil, choice: TokenChoice? = nil
  ) {
    (self.id, self.text, self.forgotten, self.finish) = (id, text, forgotten, finish)
    self.choice = choice
  }
}

/// Continues a session token by token.
public struct TextGenerator {
  public let session: Session
  private var continuation: Continuation
  /// Sampled, but not yet taken in by the session.
  private var pending: Int32?
  private var speculation: Speculation?
  /// Pieces of a step that were not asked for yet, the last one first.
  private var ready: [Piece] = []
  /// What went wrong after them.
  private var failure: (any Error)?

  public var options: GenerationOptions { continuation.options }
  /// Set once nothing more comes.
  public var finish: Finish? { ready.isEmpty ? continuation.finish : nil }
  /// What the token that ended generation was chosen from, where the options keep choices.
  var endChoice: TokenChoice? { continuation.endChoice }
  /// Tokens generated.
  public var count: Int { continuation.count - ready.count }
  /// What guessing brought; nil without a draft.
  public var speculationReport: SpeculationReport? { speculation?.report }

  /// The session must hold at least one token; its last logits choose the first piece. Pieces of a model without a
  /// tokenizer have no text.
  ///
  /// A `draft` guesses tokens, of which several are then checked in one step; the tokens are those without it.
  public init(
    _ session: Session, options: GenerationOptions = GenerationOptions(), draft: (any Draft)? = nil
  ) throws {
    guard !session.tokens.isEmpty else {
      throw SessionError.missing("the session holds no token to go on from")
    }
    self.session = session
    continuation = Continuation(after: session.tokens, tokenizer: session.model.tokenizer, options: options)
    speculation = draft.map { Speculation($0) }
  }

  /// The next token; nil at the end, when `finish` says why and `rest` may hold a last text.
  public mutating func next() throws -> Piece? {
    if let piece = ready.popLast() { return piece }
    if let failure { throw failure }
    guard continuation.wantsMore() else { return nil }
    var forgotten = 0
    if pending != nil, session.room == 0 {
      guard case .shift(let keep) = options.whenFull else {
        continuation.end(.contextFull)
        return nil
      }
      forgotten = try session.forgetOldest(keeping: keep)
    }
    if let token = pending, speculation != nil {
      try speculate(token)
      if !ready.isEmpty { ready[ready.count - 1].forgotten = forgotten }
      return ready.popLast()
    }
    if let token = pending {
      try session.append(token)
      pending = nil
    }
    var piece = try session.logits.withUnsafeBufferPointer { logits in try continuation.next(logits) }
    piece?.forgotten = forgotten
    pending = piece?.id
    return piece
  }

  /// Guesses what follows, checks the guess in one step and makes `ready` what is known after it.
  private mutating func speculate(_ token: Int32) throws {
    let start = ContinuousClock.now
    let wanted = options.maximumTokens.map { $0 - continuation.count } ?? .max
    let most = max(0, min(session.trialRows, wanted) - 1)
    let drafts =
      try speculation?.propose(after: session.tokens + [token], most: most, sampler: continuation.sampler) ?? []
    var pieces: [Piece] = []
    let kept = try session.verify([token] + drafts) { logits in
      do {
        guard let piece = try continuation.next(logits) else { return nil }
        pieces.append(piece)
        return continuation.wantsMore() ? piece.id : nil
      } catch {
        if pieces.isEmpty { throw error }
        failure = error
        return nil
      }
    }
    pending = continuation.finish == nil || pieces.count == kept ? pieces.last?.id : nil
    ready = pieces.reversed()
    speculation?.note(
      proposed: drafts.count, accepted: kept - 1, tokens: pieces.count, time: ContinuousClock.now - start)
  }

  /// Text that waited for a character's or a stop text's end; to be asked for once, after the last piece.
  public mutating func rest() -> String { continuation.rest() }

  /// Takes the last sampled token into the session, so that a conversation can go on after it.
  public mutating func settle() throws {
    if let token = pending, session.room > 0 { try session.append(token) }
    pending = nil
    ready = []
  }
}
