import Foundation
import JSON
import Serving
import TestSupport
import Testing

@Suite(.enabled(if: TestData.isExpected)) struct GuardTests {
  @Test(arguments: ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "[::2]:80", ""])
  func `another name that points here is refused`(host: String) async throws {
    try await TestServer.with(model: nil) { server in
      for path in ["/", "/api/status", "/v1/models"] {
        let reply = try await server.ask(path, headers: [("Host", host)])
        #expect(reply.status == 403 && !reply.message.isEmpty, "\(path)")
      }
    }
  }

  @Test func `names of this machine are answered`() async throws {
    try await TestServer.with(model: nil) { server in
      for host in ["localhost:\(server.port)", "127.0.0.1", "[::1]:\(server.port)", "LocalHost"] {
        let reply = try await server.ask("/api/status", headers: [("Host", host)])
        #expect(reply.status == 200, "\(host)")
      }
    }
  }

  @Test func `pages of other sites are refused`() async throws {
    try await TestServer.with(model: nil) { server in
      for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"] {
        let reply = try await server.post("/api/models/unload", [:], headers: [("Origin", origin)])
        #expect(reply.status == 403 && reply.place == "Origin", "\(origin)")
      }
      let own = try await server.post(
        "/api/models/unload", [:], headers: [("Origin", "http://127.0.0.1:\(server.port)")])
      #expect(own.status == 200)
      let image = try await server.ask(
        "/api/status", headers: [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")])
      #expect(image.status == 403)
      let link = try await server.ask("/", headers: [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")])
      #expect(link.status == 200)
    }
  }

  @Test func `a form of another kind than JSON is refused`() async throws {
    try await TestServer.with(model: nil) { server in
      let reply = try await server.ask(
        "/api/models/load", method: "POST", headers: [("Content-Type", "text/plain")], body: Array("{}".utf8))
      #expect(reply.status == 415)
    }
  }

  @Test func `every answer tells the browser to keep to this server`() async throws {
    try await TestServer.with(model: nil) { server in
      for path in ["/", "/app.js", "/api/status", "/nothing", "/v1/chat/completions"] {
        let headers = try await server.ask(path).headers
        #expect(headers["content-security-policy"]?.contains("default-src 'self'") == true, "\(path)")
        #expect(headers["x-content-type-options"] == "nosniff", "\(path)")
      }
    }
  }

  @Test(arguments: [
    "/../Package.swift", "/..%2f..%2fPackage.swift", "/%2e%2e/Package.swift", "/views/../../AppModel.swift", "/.hidden",
    "//etc/passwd", "/etc/passwd", "/views", "/views/", "/app.js/", "/app.js%00.css", "/api/nothing", "/v1/nothing",
  ])
  func `only files of the app are given out`(path: String) async throws {
    try await TestServer.with(model: nil) { server in
      let reply = try await server.ask(path)
      #expect(reply.status == 404 || path == "/app.js/", "\(path)")
      #expect(!reply.text.contains("import PackageDescription"))
      #expect(!reply.text.contains(FileManager.default.currentDirectoryPath) && !reply.text.contains(NSHomeDirectory()))
    }
  }

  @Test func `files of the app come with their type, and not twice`() async throws {
    try await TestServer.with(model: nil) { server in
      let page = try await server.ask("/")
      #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
      #expect(page.text.hasPrefix("<!doctype html>"))
      let script = try await server.ask("/app.js")
      #expect(script.headers["content-type"] == "text/javascript; charset=utf-8")
      let again = try await server.ask("/app.js", headers: [("If-None-Match", script.headers["etag"] ?? "")])
      #expect(again.status == 304 && again.body.isEmpty)
      let head = try await server.ask("/app.js", method: "HEAD")
      #expect(head.status == 200 && head.body.isEmpty)
      #expect(head.headers["content-length"] == "\(script.body.count)")
    }
  }

  @Test func `the first view is small`() async throws {
    try await TestServer.with(model: nil) { server in
      let web = TestData.package.appending(path: "Sources/Serving/Web")
      var paths = ["/", "/icon.svg", "/views/generate.js", "/views/generate-choice.js", "/views/generate.css"]
      for folder in ["", "components/"] {
        for name in try FileManager.default.contentsOfDirectory(atPath: web.path + "/" + folder)
        where name.hasSuffix(".js") || name.hasSuffix(".css") { paths.append("/" + folder + name) }
      }
      var bytes = 0
      for path in paths { bytes += try await server.ask(path).body.count }
      #expect(bytes > 30_000 && bytes < 300_000)
    }
  }

  @Test func `bodies that are too long, cut or no JSON are refused by what is wrong`() async throws {
    try await TestServer.with(model: nil) { server in
      let json = [("Content-Type", "application/json")]
      func post(_ text: String) async throws -> HTTPReply {
        try await server.ask("/api/generate", method: "POST", headers: json, body: Array(text.utf8))
      }
      for text in ["{", "[]", "nothing", "{\"prompt\": \"\u{1}\"}", String(repeating: "[", count: 100_000)] {
        let reply = try await post(text)
        #expect(reply.status == 400 && reply.place == "body", "\(text.prefix(20))")
      }
      let large = try await server.ask(
        "/api/generate", method: "POST", headers: json, body: [UInt8](repeating: 0x20, count: 9 << 20))
      #expect(large.status == 413)
      let claimed = try await server.ask(
        "/api/generate", method: "POST", headers: json + [("Content-Length", "99999999999")], body: [])
      #expect(claimed.status == 413)
      let invalid = try await server.ask(
        "/api/generate", method: "POST", headers: json,
        body: Array("{\"prompt\": \"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8))
      #expect(invalid.status == 400)
    }
  }
}
