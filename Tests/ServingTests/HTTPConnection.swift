import Foundation
import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One connection to a local server, written and read byte by byte, so that a test can say and break anything.
final class HTTPConnection: @unchecked Sendable {
  struct Failure: Error { let reason: String }

  private let socketNumber: Int32
  private(set) var received: [UInt8] = []

  init(port: Int) throws {
    #if canImport(Glibc)
      socketNumber = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      socketNumber = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socketNumber, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw Failure(reason: String(cString: strerror(errno))) }
    // A server that never answers fails a test instead of holding it up.
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(socketNumber, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socketNumber, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { cut() }

  private var isOpen = true

  /// Closes the connection at once.
  func cut() {
    if isOpen { close(socketNumber) }
    isOpen = false
  }

  func write(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { send(socketNumber, $0.baseAddress, $0.count, Self.noSignal) }
      if count <= 0 { return }
      sent += count
    }
  }

  #if canImport(Glibc)
    private static let noSignal = Int32(MSG_NOSIGNAL)
  #else
    private static let noSignal: Int32 = 0
  #endif

  /// Reads on; false at the end.
  private func readMore() -> Bool {
    var part = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(socketNumber, &part, part.count, 0)
    if count <= 0 { return false }
    received += part[..<count]
    return true
  }

  /// Reads until a text has come.
  func read(until text: String) throws {
    while !String(decoding: received, as: UTF8.self).contains(text) {
      guard readMore() else { throw Failure(reason: "the connection ended before '\(text)'") }
    }
  }

  func readAll() { while readMore() {} }
}

/// What a server answered.
struct HTTPReply {
  let status: Int
  let headers: [String: String]
  let body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }
  func json() throws -> JSON { try JSON(parsing: body) }
  /// The words of an error, in either shape.
  var message: String { (try? json())?["error"]?["message"]?.string ?? "" }
  var place: String? {
    let error = (try? json())?["error"]
    return (error?["where"] ?? error?["param"])?.string
  }

  /// Events with their names, in order.
  func events() throws -> [(name: String, data: JSON)] {
    try text.components(separatedBy: "\n\n").compactMap { block in
      var (name, data) = ("message", "")
      for line in block.split(separator: "\n") {
        if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
        if line.hasPrefix("data: ") { data = String(line.dropFirst(6)) }
      }
      if data.isEmpty || data == "[DONE]" { return nil }
      return (name, try JSON(parsing: data))
    }
  }

  /// Takes a whole answer apart, chunks joined.
  init(parsing bytes: [UInt8]) throws {
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
      throw HTTPConnection.Failure(reason: "no answer: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
    }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    status = Int(lines[0].split(separator: " ")[1]) ?? 0
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    self.headers = headers
    var rest = bytes[end.upperBound...]
    guard headers["transfer-encoding"] == "chunked" else {
      body = Array(rest)
      return
    }
    var body: [UInt8] = []
    while let line = rest.firstRange(of: Array("\r\n".utf8)),
      let size = Int(String(decoding: rest[rest.startIndex..<line.lowerBound], as: UTF8.self), radix: 16), size > 0,
      rest.endIndex >= line.upperBound + size
    {
      body += rest[line.upperBound..<line.upperBound + size]
      rest = rest[min(rest.endIndex, line.upperBound + size + 2)...]
    }
    self.body = body
  }
}

/// Runs what blocks on a thread of its own, so that the server's threads stay free.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
  }
}
