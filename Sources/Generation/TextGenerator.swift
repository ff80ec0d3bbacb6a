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

  public init(id: Int32?, text: String, forgotten: Int = 0, finish: Finish? = nil) {
    (self.id, self.text, self.forgotten, self.finish) = (id, text, forgotten, finish)
  }
}

/// Continues a session token by token.
public struct TextGenerator {
  public let session: Session
  private var continuation: Continuation
  /// Sampled, but not yet taken in by the session.
  private var pending: Int32?

  public var options: GenerationOptions { continuation.options }
  /// Set once `next` has returned nil.
  public var finish: Finish? { continuation.finish }
  /// Tokens generated.
  public var count: Int { continuation.count }

  /// The session must hold at least one token; its last logits choose the first piece.
  public init(_ session: Session, options: GenerationOptions = GenerationOptions()) throws {
    guard let tokenizer = session.model.tokenizer else {
      throw SessionError.missing("\(session.model.path): the model has no tokenizer, so there is no text to generate")
    }
    guard !session.tokens.isEmpty else {
      throw SessionError.missing("the session holds no token to go on from")
    }
    self.session = session
    continuation = Continuation(after: session.tokens, tokenizer: tokenizer, options: options)
  }

  /// The next token; nil at the end, when `finish` says why and `rest` may hold a last text.
  public mutating func next() throws -> Piece? {
    guard continuation.wantsMore() else { return nil }
    var forgotten = 0
    if let token = pending {
      if session.room == 0 {
        guard case .shift(let keep) = options.whenFull else {
          continuation.end(.contextFull)
          return nil
        }
        forgotten = try session.forgetOldest(keeping: keep)
      }
      try session.append([token])
      pending = nil
    }
    var piece = try session.logits.withUnsafeBufferPointer { logits in try continuation.next(logits) }
    piece?.forgotten = forgotten
    pending = piece?.id
    return piece
  }

  /// Text that waited for a character's or a stop text's end; to be asked for once, after the last piece.
  public mutating func rest() -> String { continuation.rest() }

  /// Takes the last sampled token into the session, so that a conversation can go on after it.
  public mutating func settle() throws {
    if let token = pending, session.room > 0 { try session.append([token]) }
    pending = nil
  }
}
