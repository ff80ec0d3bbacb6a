import Foundation
import HTTPTypes
import Hummingbird
import JSON
import NIOCore

extension Responder {
  /// Reads the fields of a request, lets its route work, and writes what it replies.
  static func answer(
    _ route: Route, _ request: Request, _ context: BasicRequestContext, app: AppModel
  ) async throws -> Response {
    guard route.endsWithClient else { return try await answer(route, request, request.body, context, app: app) }
    return try await request.body.consumeWithCancellationOnInboundClose { body in
      try await answer(route, request, body, context, app: app)
    }
  }

  private static func answer(
    _ route: Route, _ request: Request, _ stream: RequestBody, _ context: BasicRequestContext, app: AppModel
  ) async throws -> Response {
    let query = Dictionary(request.uri.queryParameters.map { (String($0.key), String($0.value)) }) { _, last in last }
    var path: [String: String] = [:]
    for field in route.fields where route.path.contains("{\(field.name)}") {
      path[field.name] = context.parameters.get(field.name)?.removingPercentEncoding
    }
    let body = route.method == .post ? try await Self.body(of: request, stream) : .null
    let asked = RouteContext(app: app, path: path, query: query, body: body, host: request.head.authority ?? "")
    if !route.ignoresUnknownFields { try refuseUnknown(route, query.keys.sorted() + (body.object ?? []).map(\.key)) }
    for field in route.fields where field.isRequired && asked.field(field.name) == nil {
      throw RequestError.wrong(field.name, "is missing")
    }
    return response(to: try await route.handle(asked), route, app)
  }

  /// The object of a body; null for an empty one.
  private static func body(of request: Request, _ stream: RequestBody) async throws -> JSON {
    if let type = request.headers[.contentType], !type.hasPrefix("application/json") {
      throw RequestError(415, "the body must be application/json", at: "Content-Type")
    }
    let tooLarge = RequestError(413, "the body is longer than \(bodyLimit) bytes", at: "body")
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > bodyLimit {
      // A client that writes all before it reads gets its answer, unless it has far too much to say.
      if length <= 4 * bodyLimit { for try await _ in stream {} }
      throw tooLarge
    }
    let buffer: ByteBuffer
    do { buffer = try await stream.collect(upTo: bodyLimit) } catch is NIOTooManyBytesError { throw tooLarge }
    if buffer.readableBytes == 0 { return .null }
    let json: JSON
    do { json = try JSON(parsing: buffer.readableBytesView, maximumDepth: 64) } catch {
      throw RequestError(400, error.description, at: "body")
    }
    guard json.object != nil else { throw RequestError(400, "must be an object", at: "body") }
    return json
  }

  private static func refuseUnknown(_ route: Route, _ names: [String]) throws {
    for name in names where !route.fields.contains(where: { $0.name == name }) {
      let known = route.fields.map(\.name).joined(separator: ", ")
      throw RequestError.wrong(
        String(name.prefix(80)), "is not known here" + (known.isEmpty ? "" : "; there are \(known)"))
    }
  }

  private static func response(to reply: Reply, _ route: Route, _ app: AppModel) -> Response {
    var headers: HTTPFields = [.cacheControl: "no-store"]
    switch reply {
    case .json(let json, let status):
      headers[.contentType] = "application/json; charset=utf-8"
      return Response(
        status: .init(code: status), headers: headers, body: .init(byteBuffer: ByteBuffer(string: json.text())))
    case .text(let text, let type):
      headers[.contentType] = type
      return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    case .binary(let bytes, let about):
      headers[.contentType] = "application/octet-stream"
      headers[HTTPField.Name("Orrery-About")!] = ascii(about.text())
      return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    case .events(let produce):
      headers[.contentType] = "text/event-stream; charset=utf-8"
      let isOpenAI = route.path.hasPrefix("/v1/")
      let stream = EventStream(produce: produce) { sender, error in
        sender.send(isOpenAI ? nil : "error", content(of: RequestError(error), isOpenAI, app))
      }
      return Response(status: .ok, headers: headers, body: stream.body)
    }
  }

  /// JSON text in characters that a header may hold.
  private static func ascii(_ text: String) -> String {
    var output = ""
    for unit in text.utf16 {
      if unit >= 0x20, unit < 0x7F {
        output.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      } else {
        let digits = String(unit, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return output
  }

  static func failure(_ error: RequestError, _ request: Request, _ app: AppModel) -> Response {
    let json = content(of: error, request.uri.path.hasPrefix("/v1/"), app)
    let headers: HTTPFields = [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"]
    let content = ByteBuffer(string: json.text())
    var body = ResponseBody(byteBuffer: content)
    if error.status == 413 {
      // What is left of the body is not read: the connection ends.
      body = ResponseBody(contentLength: content.readableBytes) { writer in
        try await writer.write(content)
        try await writer.finish(nil)
        throw error
      }
    }
    return Response(status: .init(code: error.status), headers: headers, body: body)
  }

  /// An error as the app's clients read it, or as OpenAI's do.
  private static func content(of error: RequestError, _ isOpenAI: Bool, _ app: AppModel) -> JSON {
    let message = JSON.string(app.withoutPaths(error.message))
    let place = error.place.map { JSON.string($0) } ?? .null
    if !isOpenAI { return ["error": ["message": message, "where": place]] }
    let kind = error.status < 500 ? "invalid_request_error" : "server_error"
    let code: JSON = error.status == 404 && error.place == "model" ? "model_not_found" : .null
    return ["error": ["message": message, "type": .string(kind), "param": place, "code": code]]
  }
}
