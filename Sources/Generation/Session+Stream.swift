import Foundation

extension Session {
  /// Makes the session hold `prompt` and goes on from it on a thread of its own, as `Scheduler.stream` does.
  ///
  /// Nothing else may use the session until `finished` is called, after the last piece. Throws `SessionError` for a
  /// prompt that does not fit or holds no tokens.
  public func stream(
    _ prompt: [Int32], options: GenerationOptions = GenerationOptions(), finished: @escaping @Sendable () -> Void = {}
  ) throws -> GenerationStream {
    try model.check(prompt: prompt)
    let request = GenerationRequest(prompt: prompt.count) {}
    let (pieces, writer) = AsyncThrowingStream<Piece, any Error>.makeStream()
    writer.onTermination = { _ in request.cancel() }
    Thread.detachNewThread { [self] in
      do {
        writer.yield(try run(prompt, options, request) { writer.yield($0) })
        finished()
        writer.finish()
      } catch {
        finished()
        writer.finish(throwing: error)
      }
    }
    return GenerationStream(request: request, pieces: pieces)
  }

  /// Generates and returns the last piece.
  private func run(
    _ prompt: [Int32], _ options: GenerationOptions, _ request: GenerationRequest, yield: (Piece) -> Void
  ) throws -> Piece {
    let reused = min(tokens.commonPrefix(with: prompt), prompt.count)
    request.count { ($0.reused, $0.read) = (reused, reused) }
    do {
      try replace(with: prompt) { count in
        request.count { $0.read = min($0.prompt, reused + count) }
        if request.flag.isCancelled { throw CancellationError() }
      }
    } catch is CancellationError { return Piece(id: nil, text: "", finish: .cancelled) }
    var generator = try TextGenerator(self, options: options)
    while !request.flag.isCancelled, let piece = try generator.next() {
      request.count { $0.generated += 1 }
      yield(piece)
    }
    let rest = generator.rest()
    let (finish, choice) = (generator.finish ?? .cancelled, generator.endChoice)
    // The last token joins the states, so that all of the text can be looked at.
    if room > 0 { try generator.settle() }
    return Piece(id: nil, text: rest, finish: finish, choice: choice)
  }
}
