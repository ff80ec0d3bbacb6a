import Foundation
import Generation
import JSON
import Serving
import TestSupport

/// A server on a port of its own, with the small trained model of the shared data loaded unless a test wants none.
struct TestServer: Sendable {
  let port: Int
  let app: AppModel

  static let story = TestData.url("stories260K/stories260K.gguf").path

  /// Calls `body` with a running server and ends it afterwards.
  static func with<Result: Sendable>(
    model: String? = TestServer.story, users: Int = 4, web: String? = nil,
    training: TrainingDesk = TrainingDesk(folder: "/nowhere"), routes: [Route] = [],
    _ body: @Sendable (TestServer) async throws -> Result
  ) async throws -> Result {
    var options = AppModel.standardOptions
    (options.sequences, options.packed) = (users, nil)
    let app = AppModel(folder: ModelFolder(path: TestData.root.path), options: options, training: training)
    if let model { try await onThread { try app.load(app.add(path: model)) } }
    let server = try AppServer(app: app, port: 0, web: web, routes: routes)
    let (addresses, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
    let task = Task {
      do { try await server.run { continuation.yield($0) } } catch { continuation.finish(throwing: error) }
    }
    defer { task.cancel() }
    for try await address in addresses {
      guard let port = Int(address.split(separator: ":").last ?? "") else { break }
      return try await body(TestServer(port: port, app: app))
    }
    throw HTTPConnection.Failure(reason: "the server did not begin")
  }

  /// Asks and reads the whole answer.
  func ask(
    _ path: String, method: String = "GET", headers: [(String, String)] = [], body: [UInt8]? = nil
  ) async throws -> HTTPReply {
    let request = bytes(path, method: method, headers: headers, body: body)
    let port = port
    return try await onThread {
      let connection = try HTTPConnection(port: port)
      connection.write(request)
      connection.readAll()
      return try HTTPReply(parsing: connection.received)
    }
  }

  /// The beginning of an answer that may never end: events are not waited for.
  func begin(_ path: String, method: String) async throws -> String {
    let request = bytes(
      path, method: method, headers: [("Content-Type", "application/json")],
      body: method == "POST" ? Array("{}".utf8) : nil)
    let port = port
    return try await onThread {
      let connection = try HTTPConnection(port: port)
      connection.write(request)
      try connection.read(until: "\r\n\r\n")
      if !String(decoding: connection.received, as: UTF8.self).contains("text/event-stream") { connection.readAll() }
      return String(decoding: connection.received, as: UTF8.self)
    }
  }

  /// Sends a JSON object.
  func post(_ path: String, _ body: JSON, headers: [(String, String)] = []) async throws -> HTTPReply {
    try await ask(
      path, method: "POST", headers: [("Content-Type", "application/json")] + headers, body: Array(body.text().utf8))
  }

  /// A request as it goes over the wire.
  func bytes(_ path: String, method: String, headers: [(String, String)] = [], body: [UInt8]? = nil) -> [UInt8] {
    var lines = ["\(method) \(path) HTTP/1.1", "Connection: close"]
    if !headers.contains(where: { $0.0 == "Host" }) { lines.append("Host: 127.0.0.1:\(port)") }
    lines += headers.map { "\($0.0): \($0.1)" }
    if let body, !headers.contains(where: { $0.0 == "Content-Length" }) {
      lines.append("Content-Length: \(body.count)")
    }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? [])
  }
}
