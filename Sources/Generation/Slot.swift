import Runtime

/// The place of one sequence in a scheduler's states, and the sequence that stands there.
final class Slot: @unchecked Sendable {
  let index: Int
  /// Whose states the slot holds; a sequence that ended leaves them for the next one with the same beginning.
  var tokens: [Int32] = []
  var sequence: ScheduledSequence?
  /// The step that used the slot last.
  var lastUse = 0
  var kept = Kept.sequence

  /// What the slot's states are, by rising worth.
  enum Kept: Int {
    /// A copy from the end of a prompt.
    case promptEnd
    /// A copy from where two prompts part.
    case branch
    /// What a sequence left.
    case sequence
  }

  init(index: Int) { self.index = index }

  /// Tokens of the sequence that are still to be taken in.
  var unread: Int { sequence.map { $0.tokens.count - tokens.count } ?? 0 }
}

/// A sequence in the scheduler's hands: what it holds, how it goes on, who waits for it.
final class ScheduledSequence: @unchecked Sendable {
  let request: GenerationRequest
  /// Its place among all that were submitted.
  var number = 0
  /// The prompt and what was generated, the last token of which no step has taken in yet.
  var tokens: [Int32]
  var continuation: Continuation
  /// Whether a token was generated, so that a step takes one row.
  var hasBegun = false
  /// Positions after which the states are to be kept, rising.
  var snapshots: [Int] = []
  /// Tokens forgotten since the last piece.
  var forgotten = 0
  /// What the last step's logits gave.
  var result: Result<Piece?, any Error>?
  private let receive: @Sendable (Result<Piece, any Error>) -> Void

  init(
    _ request: GenerationRequest, prompt: [Int32], continuation: Continuation,
    receive: @escaping @Sendable (Result<Piece, any Error>) -> Void
  ) {
    (self.request, tokens, self.continuation, self.receive) = (request, prompt, continuation, receive)
  }

  /// Chooses the next token; any thread of the team.
  func choose(_ logits: UnsafeBufferPointer<Float>) {
    result = Result { try continuation.next(logits) }
  }

  func deliver(_ piece: Piece) { receive(.success(piece)) }

  /// Says why the sequence ended; nothing comes after.
  func end(_ reason: Finish) {
    continuation.end(reason)
    receive(
      .success(
        Piece(
          id: nil, text: continuation.rest(), forgotten: forgotten, finish: continuation.finish,
          choice: continuation.endChoice)))
  }

  func fail(_ error: any Error) { receive(.failure(error)) }
}
