import Checkpoints
import Foundation
import JSON
import Lens
import Quantization
import Serving
import TestSupport
import Testing

/// The anatomy of a text that an edited model reads.
@Suite(.enabled(if: TestData.isExpected)) struct EditedSceneTests {
  @Test func `a silenced layer adds nothing, and what follows it goes on from there`() async throws {
    try await TestServer.with { server in
      let start = try await server.post("/api/generate", ["prompt": "Once upon a time", "maxTokens": 4]).events()
      let plain = try #require(start.first { $0.name == "session" }?.data["id"]?.string)
      let edits: JSON = [["kind": "layer", "layer": 2, "part": "both", "by": 0]]
      let events = try await server.post(
        "/api/edit", ["session": .string(plain), "edits": edits, "maxTokens": 4]
      ).events()
      let edited = try #require(events.first { $0.name == "session" }?.data["id"]?.string)

      let blocks = try await server.ask("/api/scene?session=\(edited)").json()["blocks"]?.array ?? []
      func block(_ name: String) throws -> Int { try #require(blocks.first { $0["name"]?.string == name }?["id"]?.int) }
      func row(_ name: String, of session: String) async throws -> [UInt8] {
        let reply = try await server.post(
          "/api/scene/values",
          [
            "session": .string(session), "tokens": 4, "block": .integer(try block(name)), "row": 3, "column": 0,
            "rows": 1, "columns": 64,
          ])
        #expect(reply.status == 200, "\(reply.message)")
        return reply.body
      }
      // The stream after the layer is the stream before it, bit for bit.
      let (before, after) = ("blocks.1.resid_post", "blocks.2.resid_post")
      let rows = (
        own: try await row(before, of: edited), after: try await row(after, of: edited),
        plain: try await row(before, of: plain), plainAfter: try await row(after, of: plain)
      )
      #expect(rows.after == rows.own && rows.own == rows.plain && rows.plainAfter != rows.plain)
      // Later values are those that the recording of the edited text has; rows in other company may round a kept key
      // or value the other way.
      let last = "blocks.4.resid_post"
      let (own, other) = (Self.floats(try await row(last, of: edited)), Self.floats(try await row(last, of: plain)))
      let recorded = try await server.ask("/api/values?session=\(edited)&name=\(last)&positions=3-4")
      #expect(recorded.status == 200, "\(recorded.message)")
      #expect(Self.distance(own, Self.floats(recorded.body)) < 2e-4 && Self.distance(own, other) > 0.05)

      // So are those of the file.
      let trace = try await server.post("/api/trace", ["session": .string(edited), "values": [.string(last)]])
      #expect(trace.status == 200, "\(trace.message)")
      let file = FileManager.default.temporaryDirectory.appending(path: "edited-\(UUID().uuidString).safetensors")
      defer { try? FileManager.default.removeItem(at: file) }
      try Data(trace.body).write(to: file)
      let traced = try Trace(path: file.path)
      let values = try traced.file.tensor(last).floats()
      #expect(Self.distance(own, Array(values[3 * 64..<4 * 64])) < 2e-4)
      #expect(traced.description["edited"]?.array?.compactMap(\.string).contains("blocks.2.attn_out") == true)

      // They stay when many others are edited, and when the model is loaded again.
      for by in 0..<10 {
        let others: JSON = [["kind": "head", "layer": 0, "head": 1, "by": .integer(by)]]
        _ = try await server.post(
          "/api/compare/begin", ["session": .string(plain), "prompt": "Once", "edits": others])
      }
      #expect(try await row(after, of: edited) == rows.own)
      let app = server.app
      try await onThread { try app.load(app.add(path: TestServer.story)) }
      #expect(try await row(after, of: edited) == rows.own)

      let cell: JSON = [
        "session": .string(edited), "tokens": 4, "block": .integer(try block("blocks.2.attn_out")), "row": 3,
        "column": 5,
      ]
      let found = try await server.post("/api/scene/cell", cell).json()
      #expect(found["value"]?.double == 0 && found["edited"]?.string == "blocks.2.attn_out")
    }
  }

  @Test func `an edited text goes on, and branches, under its edits`() async throws {
    try await TestServer.with { server in
      func ask(_ path: String, _ fields: [JSON.Member]) async throws -> (id: String, tokens: [Int]) {
        let body = JSON.object(fields + [.init("temperature", 0)])
        let events = try await server.post(path, body).events()
        let id = try #require(events.first { $0.name == "session" }?.data["id"]?.string)
        let text = try await server.ask("/api/sessions/\(id)").json()
        return (id, text["tokens"]?.array?.compactMap { $0["id"]?.int } ?? [])
      }
      let plain = try await ask("/api/generate", [.init("prompt", "Once upon a time"), .init("maxTokens", 12)])
      let edits = JSON.Member("edits", [["kind": "layer", "layer": 2, "part": "both", "by": 0]])
      let whole = try await ask("/api/edit", [.init("session", .string(plain.id)), edits, .init("maxTokens", 12)])
      let short = try await ask("/api/edit", [.init("session", .string(plain.id)), edits, .init("maxTokens", 3)])
      let longer = try await ask("/api/generate", [.init("session", .string(short.id)), .init("maxTokens", 9)])
      #expect(longer.tokens == whole.tokens && whole.tokens != plain.tokens)
      // What may come next is what the edited model chose from.
      let place = plain.tokens.count - 12
      let next = try await server.post(
        "/api/next", ["session": .string(longer.id), "keep": .integer(place)]
      ).json()
      let own = try await server.ask("/api/sessions/\(short.id)/choices/\(place)").json()
      func ids(_ choice: JSON) -> [Int] { choice["top"]?.array?.compactMap { $0["id"]?.int } ?? [] }
      #expect(ids(next).prefix(8) == ids(own).prefix(8) && ids(own).count >= 8)
    }
  }

  @Test func `a text that another model reads has no anatomy in this one`() async throws {
    try await TestServer.with { server in
      let events = try await server.post("/api/generate", ["prompt": "Once upon", "maxTokens": 2]).events()
      let text = try #require(events.first { $0.name == "session" }?.data["id"]?.string)
      let models = try await server.ask("/api/models").json()
      let names = models["models"]?.array?.compactMap { $0["name"]?.string } ?? []
      let name = try #require(names.first { $0.hasPrefix("stories260K") }, "\(models)")
      let begun = try await server.post(
        "/api/compare/begin", ["session": .string(text), "model": .string(name)])
      let other = try #require(try begun.json()["session"]?.string, "\(begun.message)")
      let reply = try await server.ask("/api/scene?session=\(other)")
      #expect(reply.status == 409 && reply.message.contains(name), "\(reply.message)")
      let trace = try await server.post("/api/trace", ["session": .string(other)])
      #expect(trace.status == 409)
    }
  }

  private static func floats(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count - 3, by: 4).map { at in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) })
    }
  }

  /// The largest difference as a share of the largest number.
  private static func distance(_ a: [Float], _ b: [Float]) -> Float {
    if a.count != b.count { return .infinity }
    return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / (a.map(abs).max() ?? 1)
  }
}
