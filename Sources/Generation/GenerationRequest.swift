import Synchronization

/// A sequence that a `Scheduler` was given.
public final class GenerationRequest: Sendable {
  /// What a sequence has taken so far, in tokens.
  public struct Usage: Hashable, Sendable {
    public var prompt = 0
    /// Tokens of the prompt whose states were there already, from a sequence with the same beginning.
    public var reused = 0
    /// Tokens whose states are there: of the prompt, then also of what was generated.
    public var read = 0
    public var generated = 0
  }

  let flag = CancellationFlag()
  private let counts: Mutex<Usage>
  private let wake: @Sendable () -> Void

  init(prompt: Int, wake: @escaping @Sendable () -> Void) {
    counts = Mutex(Usage(prompt: prompt))
    self.wake = wake
  }

  public var usage: Usage { counts.withLock { $0 } }

  /// Ends the sequence at the next step, also while its prompt waits or is read; its finish is `cancelled`.
  public func cancel() {
    flag.cancel()
    wake()
  }

  func count(_ change: (inout Usage) -> Void) { counts.withLock { change(&$0) } }
}

/// The pieces of a sequence that a `Scheduler` was given, as they are made; the last says why it ended.
///
/// Leaving the loop early cancels the sequence.
public struct GenerationStream: AsyncSequence, Sendable {
  public let request: GenerationRequest
  let pieces: AsyncThrowingStream<Piece, any Error>

  public func makeAsyncIterator() -> AsyncThrowingStream<Piece, any Error>.AsyncIterator {
    pieces.makeAsyncIterator()
  }

  public func cancel() { request.cancel() }
}
