public import JSON

/// One route: what it takes, what it gives, and what answers it. The OpenAPI document is made of the same values.
public struct Route: Sendable {
  public enum Method: String, Sendable { case get, post, delete }

  public let method: Method
  /// As in `/api/sessions/{session}`; each name in braces is a field.
  public let path: String
  /// A sentence about what it does.
  public let summary: String
  public let fields: [Field]
  public let answer: Answer
  /// Takes fields that it does not know, as clients of another server's interface send them.
  public let ignoresUnknownFields: Bool
  /// Ends its work where the client goes before the answer; costs the connection, which then ends with the answer.
  public let endsWithClient: Bool
  public let handle: @Sendable (RouteContext) async throws -> Reply

  /// Which field names stand for what.
  public struct Field: Sendable {
    public enum Kind: String, Sendable { case string, integer, number, boolean, array, object }
    public let name: String
    public let kind: Kind
    public let isRequired: Bool
    public let summary: String

    public init(_ name: String, _ kind: Kind, required: Bool = false, _ summary: String) {
      (self.name, self.kind, isRequired, self.summary) = (name, kind, required, summary)
    }
  }

  /// The kind of a reply's body, for the document.
  public enum Answer: Sendable {
    case json(String)
    case events(String)
    case binary(String)
  }

  public init(
    _ method: Method, _ path: String, _ summary: String, fields: [Field] = [], answer: Answer,
    ignoresUnknownFields: Bool = false, endsWithClient: Bool = false,
    handle: @escaping @Sendable (RouteContext) async throws -> Reply
  ) {
    (self.method, self.path, self.summary, self.fields) = (method, path, summary, fields)
    (self.answer, self.ignoresUnknownFields, self.endsWithClient) = (answer, ignoresUnknownFields, endsWithClient)
    self.handle = handle
  }
}

/// What a route answers with.
public enum Reply: Sendable {
  case json(JSON, status: Int = 200)
  /// Bytes, and a small object about them (shape, format, kind) that travels in a header.
  case binary([UInt8], about: JSON)
  case text(String, type: String)
  /// Server-sent events, until the closure returns or the client is gone, when its task is cancelled.
  case events(@Sendable (EventSender) async throws -> Void)

  /// Float32 values, little-endian; `about` says their shape.
  public static func floats(_ values: [Float], about: JSON) -> Reply {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * 4)
    for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
    return .binary(bytes, about: about)
  }
}

/// Sends the events of one reply.
public struct EventSender: Sendable {
  let yield: @Sendable (String) -> Void

  /// One event with a JSON object; a nil name leaves the event unnamed.
  public func send(_ name: String?, _ data: JSON) { sendText(name, data.text()) }

  func sendText(_ name: String?, _ text: String) {
    yield((name.map { "event: \($0)\n" } ?? "") + "data: \(text)\n\n")
  }
}
