import Hummingbird

/// The body of a reply that goes on: server-sent events (HTML standard, section 9.2).
///
/// A comment each second shows that the server lives, and finds out where the client is gone while nothing else is
/// written: then a write fails, and the task that makes the events is cancelled.
struct EventStream {
  let produce: @Sendable (EventSender) async throws -> Void
  /// Writes an error that comes after the beginning.
  let fail: @Sendable (EventSender, any Error) -> Void

  var body: ResponseBody {
    ResponseBody { [produce, fail] writer in
      let (lines, continuation) = AsyncStream<String>.makeStream()
      let sender = EventSender { continuation.yield($0) }
      let work = Task {
        do { try await produce(sender) } catch { if !Task.isCancelled { fail(sender, error) } }
        continuation.finish()
      }
      let pulse = Task {
        while !Task.isCancelled {
          try? await Task.sleep(for: .seconds(1))
          continuation.yield(": \n\n")
        }
      }
      defer {
        work.cancel()
        pulse.cancel()
      }
      for await line in lines { try await writer.write(ByteBuffer(string: line)) }
      try await writer.finish(nil)
    }
  }
}
