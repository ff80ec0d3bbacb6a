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

      let cell: JSON = [
        "session": .string(edited), "tokens": 4, "block": .integer(try block("blocks.2.attn_out")), "row": 3,
        "column": 5,
      ]
      let found = try await server.post("/api/scene/cell", cell).json()
      #expect(found["value"]?.double == 0 && found["edited"]?.string == "blocks.2.attn_out")
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
