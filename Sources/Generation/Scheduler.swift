import Foundation

/// How a scheduler packs its steps.
public struct SchedulerOptions: Sendable {
  /// Rows of a step that also brings some sequence its next token: the bound on what a prompt holds the others up.
  public var mixedRows = 128
  /// Sequences that may wait for a place beyond those that run.
  public var queue = 64

  public init() {}
}

/// A request that a scheduler refuses.
public enum SchedulerError: Error, Hashable, Sendable, CustomStringConvertible {
  case queueFull(limit: Int)
  case closed

  public var description: String {
    switch self {
    case .queueFull(let limit): "\(limit) sequences wait already; try again later"
    case .closed: "the scheduler is closed"
    }
  }
}

/// Continues many sequences at once over one model, with the tokens that each would have alone.
///
/// Every step packs the next row of each running sequence and, up to a bound, rows of the prompts that are being read
/// into one run of the program. Of the rows for prompts half go to the one that came first, the others to the shortest,
/// so that none waits for ever and a short one does not wait for a long one. Steps run on a thread of the scheduler's
/// own. As many sequences run as `ModelOptions.sequences` plans for; others wait.
///
///     var options = ModelOptions()
///     options.sequences = 8
///     let scheduler = try Scheduler(LanguageModel(path: "model.gguf", options: options))
///     for try await piece in try scheduler.stream(prompt) { print(piece.text, terminator: "") }
public final class Scheduler: Sendable {
  public let model: LanguageModel
  private let worker: SchedulerThread

  /// Starts the thread. Throws `MemoryError` where the system refuses the addresses for the states.
  public init(
    _ model: LanguageModel, options: SchedulerOptions = SchedulerOptions()
  ) throws(MemoryError) {
    self.model = model
    worker = try SchedulerThread(model, options: options)
    worker.start()
  }

  /// Continues a prompt; `receive` gets each piece on the scheduler's thread, which it must not hold up.
  ///
  /// The last call is a piece with a finish, or an error. Pieces of a model without a tokenizer have no text. Throws `SessionError` for a prompt that is empty, does not fit
  /// or holds no tokens, `SchedulerError` where too many wait.
  @discardableResult
  public func submit(
    _ prompt: [Int32], options: GenerationOptions = GenerationOptions(),
    receive: @escaping @Sendable (Result<Piece, any Error>) -> Void
  ) throws -> GenerationRequest {
    try model.check(prompt: prompt)
    let request = GenerationRequest(prompt: prompt.count) { [worker] in worker.wake() }
    let continuation = Continuation(after: prompt, tokenizer: model.tokenizer, options: options)
    try worker.add(ScheduledSequence(request, prompt: prompt, continuation: continuation, receive: receive))
    return request
  }

  /// Continues a prompt; throws as `submit` does.
  public func stream(
    _ prompt: [Int32], options: GenerationOptions = GenerationOptions()
  ) throws -> GenerationStream {
    let (pieces, writer) = AsyncThrowingStream<Piece, any Error>.makeStream()
    let request = try submit(prompt, options: options) { result in
      switch result {
      case .success(let piece):
        writer.yield(piece)
        if piece.finish != nil { writer.finish() }
      case .failure(let error): writer.finish(throwing: error)
      }
    }
    writer.onTermination = { _ in request.cancel() }
    return GenerationStream(request: request, pieces: pieces)
  }

  /// Sequences that run, and that wait for a place.
  public var load: (running: Int, waiting: Int) { worker.load }

  /// Positions whose states are kept, of sequences that run and of those that ended, for others that begin alike.
  public var heldPositions: Int { worker.heldPositions }

  /// Cancels all sequences and ends the thread.
  public func close() { worker.close() }

  deinit { worker.close() }
}
