import Foundation
import JSON
import Serving
import TestSupport
import Testing

@Suite(.enabled(if: TestData.isExpected)) struct RouteTests {
  @Test func `the document and the routes agree`() async throws {
    try await TestServer.with(model: nil) { server in
      let document = try await server.ask("/api/openapi.json").json()
      #expect(document["openapi"]?.string == "3.1.0")
      var described: [String: JSON] = [:]
      for path in try #require(document["paths"]?.object) {
        for operation in path.value.object ?? [] { described["\(operation.key) \(path.key)"] = operation.value }
      }
      #expect(described.count == RouteTable.all.count)
      for route in RouteTable.all {
        let operation = try #require(described["\(route.method.rawValue) \(route.path)"])
        #expect(operation["summary"]?.string?.hasSuffix(".") == true)
        let parameters = operation["parameters"]?.array?.compactMap { $0["name"]?.string } ?? []
        let schema = operation["requestBody"]?["content"]?["application/json"]?["schema"]
        let properties = schema?["properties"]?.object?.map(\.key) ?? []
        #expect(Set(parameters + properties) == Set(route.fields.map(\.name)))
        let path = route.path.replacing(/\{[a-z]+\}/, with: "0")
        let reply = try await server.begin(path, method: route.method.rawValue.uppercased())
        #expect(!reply.contains("there is nothing here"), "\(route.path)")
      }
    }
  }

  @Test func `unknown and missing fields are named`() async throws {
    try await TestServer.with { server in
      let unknown = try await server.post("/api/generate", ["prompt": "a", "temprature": 1])
      #expect(unknown.status == 400 && unknown.place == "temprature" && unknown.message.contains("temperature"))
      let missing = try await server.post("/api/tokenize", [:])
      #expect(missing.status == 400 && missing.place == "text")
      let query = try await server.ask("/api/plan?contxt=5")
      #expect(query.status == 400 && query.place == "contxt")
      for (name, value) in [
        ("temperature", JSON.string("hot")), ("topP", 1.5), ("maxTokens", 0), ("seed", -1), ("raw", 3),
      ] {
        let reply = try await server.post("/api/generate", .object([.init("prompt", "a"), .init(name, value)]))
        #expect(reply.status == 400 && reply.place == name, "\(name)")
      }
    }
  }

  @Test func `unknown names are refused`() async throws {
    try await TestServer.with { server in
      for name in ["nothing.gguf", "../data/stories260K/stories260K.gguf", "/etc/passwd", "", "\u{0}", "<b>x</b>"] {
        let load = try await server.post("/api/models/load", ["model": .string(name)])
        #expect(load.status == 404 && load.place == "model", "\(name)")
        let tokenizer = try await server.post("/api/tokenize", ["text": "a", "tokenizer": .string(name)])
        #expect(tokenizer.status == 404, "\(name)")
      }
      #expect(try await server.ask("/api/sessions/s99").status == 404)
      #expect(try await server.ask("/api/sessions/%2e%2e").status == 404)
      #expect(server.app.loaded?.id == "stories260K.gguf")
    }
  }

  @Test func `models are listed, planned, loaded and let go of`() async throws {
    try await TestServer.with(model: nil) { server in
      let status = try await server.ask("/api/status").json()
      #expect(status["model"]?.isNull == true)
      let early = try await server.post("/api/generate", ["prompt": "a"])
      #expect(early.status == 409 && early.message.contains("no model is loaded"))
      let models = try await server.ask("/api/models").json()["models"]?.array ?? []
      let name = "stories260K/stories260K.gguf"
      let story = try #require(models.first { $0["name"]?.string == name })
      #expect(story["family"]?.string == "llama")
      #expect(!models.map { $0.text() }.joined().contains(TestData.root.path))
      let plan = try await server.ask("/api/plan?model=stories260K%2Fstories260K.gguf&context=512&kv=f16&users=1")
        .json()
      // Five layers keep 4 heads × 8 numbers × 512 positions × 2 bytes, as keys and as values.
      #expect(plan["stateBytes"]?.int == 5 * 2 * 4 * 8 * 512 * 2)
      #expect(plan["layers"]?.array?.count == 5)
      let events = try await server.post("/api/models/load", ["model": .string(name)]).events()
      #expect(events.last?.name == "loaded" && events.last?.data["model"]?["id"]?.string == name)
      #expect(try await server.ask("/v1/models").json()["data"]?.array?.count == 2)
      let memory = try await server.ask("/api/memory").json()
      #expect(memory["weightBytes"]?.int ?? 0 > 1_000_000 && memory["residentBytes"]?.int ?? 0 > 1_000_000)
      _ = try await server.post("/api/models/unload", [:])
      #expect(try await server.ask("/api/status").json()["model"]?.isNull == true)
      let broken = try await server.post("/api/models/load", ["model": "oracles/nothing"])
      #expect(broken.status == 404)
    }
  }

  @Test(.timeLimit(.minutes(5))) func `a client that goes before its answer takes the work with it`() async throws {
    let (begins, begun) = AsyncStream<Void>.makeStream()
    let (ends, ended) = AsyncStream<Void>.makeStream()
    let slow = Route(.post, "/slow", "Works for an hour.", answer: .json(""), endsWithClient: true) { _ in
      begun.finish()
      defer { ended.finish() }
      try await Task.sleep(for: .seconds(3600))
      return .json([:])
    }
    try await TestServer.with(model: nil, routes: [slow]) { server in
      let request = server.bytes(
        "/slow", method: "POST", headers: [("Content-Type", "application/json")], body: Array("{}".utf8))
      let connection = try HTTPConnection(port: server.port)
      connection.write(request)
      for await _ in begins {}
      connection.cut()
      for await _ in ends {}
    }
    let chat = try #require(RouteTable.all.first { $0.path == "/v1/chat/completions" })
    #expect(chat.endsWithClient)
  }

  @Test func `the next free port is taken, and a port that was asked for is not left`() async throws {
    try await TestServer.with(model: nil) { first in
      let app = first.app
      let next = try AppServer(app: app, port: first.port)
      let (addresses, continuation) = AsyncStream<String>.makeStream()
      let task = Task { try await next.run { continuation.yield($0) } }
      for await address in addresses {
        #expect(Int(address.split(separator: ":").last ?? "") ?? 0 > first.port)
        break
      }
      task.cancel()
      let fixed = try AppServer(app: app, port: first.port, takesNextPort: false)
      await #expect { try await fixed.run { _ in } } throws: { "\($0)".contains("is in use") }
    }
  }
}
