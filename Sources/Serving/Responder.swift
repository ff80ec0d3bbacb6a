import HTTPTypes
import Hummingbird
import JSON

/// Answers every request: checks where it comes from, finds its route, reads its fields, and writes the reply.
struct Responder: HTTPResponder {
  typealias Context = BasicRequestContext

  let app: AppModel
  let address: Address
  let files: WebFiles
  let router: RouterResponder<BasicRequestContext>

  /// The longest body, in bytes.
  static let bodyLimit = 8 << 20

  init(app: AppModel, address: Address, files: WebFiles, routes: [Route]) {
    (self.app, self.address, self.files) = (app, address, files)
    let router = Router()
    for route in routes {
      let method: HTTPRequest.Method = route.method == .post ? .post : route.method == .delete ? .delete : .get
      router.on(RouterPath(route.path), method: method) { request, context in
        try await Self.answer(route, request, context, app: app)
      }
    }
    self.router = router.buildResponder()
  }

  func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
    var response: Response
    do {
      try check(request)
      if let file = page(request) {
        response = file
      } else {
        response = try await router.respond(to: request, context: context)
      }
    } catch let error as HTTPError where error.status == .notFound {
      response = Self.failure(RequestError(404, "there is nothing here", at: request.uri.path), request, app)
    } catch { response = Self.failure(RequestError(error), request, app) }
    for (name, value) in Self.securityHeaders { response.headers[name] = value }
    return response
  }

  /// Throws 403 for a page of another site, and for a name that only points here.
  private func check(_ request: Request) throws {
    guard let host = request.head.authority, address.allows(host: host) else {
      throw RequestError(403, "this server does not answer to that name", at: "Host")
    }
    if let origin = request.headers[.origin], !address.allows(origin: origin, host: host) {
      throw RequestError(403, "pages of other sites may not use this server", at: "Origin")
    }
    if let site = request.headers[HTTPField.Name("Sec-Fetch-Site")!], site == "cross-site" || site == "same-site",
      request.headers[HTTPField.Name("Sec-Fetch-Mode")!] != "navigate"
    {
      throw RequestError(403, "pages of other sites may not use this server", at: "Sec-Fetch-Site")
    }
  }

  private func page(_ request: Request) -> Response? {
    let path = request.uri.path
    guard request.method == .get || request.method == .head, !path.hasPrefix("/api/"), !path.hasPrefix("/v1/"),
      let file = files.file(path)
    else { return nil }
    var headers: HTTPFields = [.contentType: file.type, .eTag: file.tag, .cacheControl: "no-cache"]
    if request.headers[.ifNoneMatch] == file.tag { return Response(status: .notModified, headers: headers) }
    headers[.contentLength] = "\(file.bytes.count)"
    let body = request.method == .head ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes))
    return Response(status: .ok, headers: headers, body: body)
  }

  /// Only what this server sends is run, shown or asked.
  private static let securityHeaders: [(HTTPField.Name, String)] = [
    (
      .contentSecurityPolicy,
      "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"
    ),
    (.xContentTypeOptions, "nosniff"), (HTTPField.Name("Referrer-Policy")!, "no-referrer"),
    (HTTPField.Name("Cross-Origin-Resource-Policy")!, "same-origin"),
    (HTTPField.Name("Cross-Origin-Opener-Policy")!, "same-origin"),
  ]
}
