public import Generation
import Synchronization

/// A text in the making: the tokens of a prompt and those that a model chose after them.
///
/// Another that begins alike and goes on differently is its branch.
public struct TextSession: Sendable {
  public let id: String
  /// The model's name in the list.
  public let model: String
  /// The prompt and what was generated.
  public internal(set) var tokens: [Int32]
  /// Tokens that were given rather than chosen.
  public let promptCount: Int
  /// By index into `tokens`; the place after the last is the token that ended generation.
  public internal(set) var choices: [Int: TokenChoice] = [:]
  /// The session that this one leaves, and the index of the first token of its own.
  public let parent: String?
  /// Nil where the model as it is reads the text.
  let reader: TextReader?
  public let start: Int
  public internal(set) var finish: Finish?
}

/// The latest texts of a server, within a bound on how many and on the tokens whose choices are kept.
public final class SessionStore: Sendable {
  public static let sessionLimit = 64
  /// Tokens with choices, over all sessions: about 2 KiB each.
  public static let choiceLimit = 32_768

  private struct Content {
    var sessions: [String: TextSession] = [:]
    /// The oldest first.
    var order: [String] = []
    var count = 0
  }
  private let content = Mutex(Content())

  /// Throws 404 for an unknown or forgotten one.
  public func session(_ id: String, at field: String = "session") throws -> TextSession {
    guard let session = content.withLock({ $0.sessions[id] }) else {
      throw RequestError(404, "there is no text '\(id.prefix(80))'; it may have been forgotten", at: field)
    }
    return session
  }

  /// The oldest first.
  public var all: [TextSession] { content.withLock { content in content.order.compactMap { content.sessions[$0] } } }

  /// Begins a session; of a parent it takes the choices of what it shares with it, and its reader.
  func begin(
    model: String, tokens: [Int32], promptCount: Int, parent: TextSession? = nil, start: Int = 0,
    taken: TokenChoice? = nil, reader: TextReader? = nil
  ) -> TextSession {
    content.withLock { content in
      content.count += 1
      var session = TextSession(
        id: "s\(content.count)", model: model, tokens: tokens, promptCount: promptCount, parent: parent?.id,
        reader: reader ?? parent?.reader, start: start)
      if let parent { session.choices = parent.choices.filter { $0.key < start } }
      session.choices[start] = taken
      content.sessions[session.id] = session
      content.order.append(session.id)
      Self.forget(&content)
      return session
    }
  }

  func append(_ token: Int32, _ choice: TokenChoice?, to id: String) {
    content.withLock { content in
      guard let count = content.sessions[id]?.tokens.count else { return }
      content.sessions[id]?.tokens.append(token)
      content.sessions[id]?.choices[count] = choice
    }
  }

  func end(_ id: String, _ finish: Finish?, _ choice: TokenChoice?) {
    content.withLock { content in
      guard let count = content.sessions[id]?.tokens.count else { return }
      content.sessions[id]?.finish = finish
      if let choice { content.sessions[id]?.choices[count] = choice }
      Self.forget(&content)
    }
  }

  private static func forget(_ content: inout Content) {
    var kept = content.sessions.values.reduce(0) { $0 + $1.choices.count }
    while content.order.count > 1, content.order.count > sessionLimit || kept > choiceLimit {
      let oldest = content.order.removeFirst()
      kept -= content.sessions.removeValue(forKey: oldest)?.choices.count ?? 0
    }
  }
}
