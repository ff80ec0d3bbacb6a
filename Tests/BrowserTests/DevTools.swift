import Foundation
import JSON
import Synchronization

/// Chromium's DevTools protocol over two pipes: messages of JSON, each with a zero byte behind it.
///
/// Calls may be made from any task; events are kept in order, by session.
final class DevTools: Sendable {
  struct Event: Sendable {
    let method: String
    let parameters: JSON
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private struct State {
    var calls = 0
    var waiting: [Int: CheckedContinuation<JSON, any Error>] = [:]
    var events: [String: [Event]] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())
  private let output: FileHandle

  /// Reads `input` on a thread of its own until it ends.
  init(input: FileHandle, output: FileHandle) {
    self.output = output
    Thread.detachNewThread { [self] in read(input) }
  }

  /// What a method answers, in a page's session or in the browser's own.
  ///
  /// Throws `Failure` where it answers with an error, not in time, or not at all.
  @discardableResult
  func call(
    _ method: String, _ parameters: JSON = [:], session: String? = nil, timeout: Duration = .seconds(60)
  ) async throws -> JSON {
    let number = state.withLock { state in
      state.calls += 1
      return state.calls
    }
    var message: [JSON.Member] = [
      .init("id", .integer(number)), .init("method", .string(method)), .init("params", parameters),
    ]
    if let session { message.append(.init("sessionId", .string(session))) }
    let text = JSON.object(message).text() + "\0"
    let limit = Task {
      try await Task.sleep(for: timeout)
      end(number, .failure(Failure(description: "\(method) took longer than \(timeout)")))
    }
    defer { limit.cancel() }
    return try await withCheckedThrowingContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isClosed { state.waiting[number] = continuation }
        return !state.isClosed
      }
      guard isOpen else { return continuation.resume(throwing: Failure(description: "the browser is gone")) }
      do { try output.write(contentsOf: Data(text.utf8)) } catch { end(number, .failure(error)) }
    }
  }

  /// What happened so far in a page's session.
  func events(_ session: String) -> [Event] { state.withLock { $0.events[session] ?? [] } }

  private func end(_ number: Int, _ result: Result<JSON, any Error>) {
    state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(with: result)
  }

  private func read(_ input: FileHandle) {
    var rest = Data()
    while case let data = input.availableData, !data.isEmpty {
      rest += data
      while let place = rest.firstIndex(of: 0) {
        if let message = try? JSON(parsing: [UInt8](rest[..<place])) { receive(message) }
        rest = Data(rest[rest.index(after: place)...])
      }
    }
    let waiting = state.withLock { state in
      defer { (state.waiting, state.isClosed) = ([:], true) }
      return state.waiting
    }
    for call in waiting.values { call.resume(throwing: Failure(description: "the browser is gone")) }
  }

  private func receive(_ message: JSON) {
    if let number = message["id"]?.int {
      let error = message["error"]?["message"]?.string.map { Failure(description: $0) }
      end(number, error.map { .failure($0) } ?? .success(message["result"] ?? .null))
    } else if let method = message["method"]?.string, let session = message["sessionId"]?.string {
      let event = Event(method: method, parameters: message["params"] ?? .null)
      state.withLock { $0.events[session, default: []].append(event) }
    }
  }
}
