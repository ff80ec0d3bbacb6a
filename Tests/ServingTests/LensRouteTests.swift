import Foundation
import JSON
import Serving
import TestSupport
import Testing

/// The routes that look inside a text, asked rightly and wrongly.
@Suite(.enabled(if: TestData.isExpected)) struct LensRouteTests {
  private static func write(
    _ prompt: String, on server: TestServer, tokens: Int = 6
  ) async throws -> (session: String, count: Int) {
    let events = try await server.post(
      "/api/generate", ["prompt": .string(prompt), "maxTokens": .integer(tokens), "temperature": 0]
    ).events()
    let id = try #require(events.first { $0.name == "session" }?.data["id"]?.string)
    let text = try await server.ask("/api/sessions/\(id)").json()
    return (id, text["tokens"]?.array?.count ?? 0)
  }

  @Test func `two texts are told apart after edits have taken the other recordings`() async throws {
    try await TestServer.with { server in
      let (first, _) = try await Self.write("Lily had a red ball", on: server)
      for by in [0, 2] {
        let edits: JSON = [["kind": "head", "layer": 1, "head": 0, "by": .integer(by)]]
        let reply = try await server.post(
          "/api/edit", ["session": .string(first), "edits": edits, "maxTokens": 4])
        #expect(reply.status == 200)
      }
      let other = try await server.post(
        "/api/compare/begin", ["session": .string(first), "prompt": "Lily had a big dog"]
      ).json()
      let second = try #require(other["session"]?.string)
      let found = try await server.ask("/api/compare?session=\(first)&other=\(second)").json()
      func ids(_ session: String) async throws -> [Int] {
        try await server.ask("/api/sessions/\(session)").json()["tokens"]?.array?.compactMap { $0["id"]?.int } ?? []
      }
      let (a, b) = (try await ids(first), try await ids(second))
      let parting = try #require(zip(a, b).enumerated().first { $1.0 != $1.1 }?.offset)
      #expect(found["parting"]?.int == parting)
      let last = try #require(found["cosine"]?.array?.last?.array).compactMap(\.double)
      #expect(last.prefix(parting).allSatisfy { $0 > 0.999 } && last.dropFirst(parting).contains { $0 < 0.99 })
    }
  }

  @Test func `many who look into many texts are never told of another's`() async throws {
    try await TestServer.with { server in
      var paths: [(path: String, alone: [UInt8])] = []
      for prompt in ["Once upon a time", "The dog ran", "A little cat", "Lily saw", "One day Tom"] {
        let (session, _) = try await Self.write(prompt, on: server)
        let path = "/api/values?session=\(session)&name=blocks.2.resid_mid&positions=0-8"
        let reply = try await server.ask(path)
        #expect(reply.status == 200, "\(reply.message)")
        paths.append((path, reply.body))
      }
      #expect(Set(paths.map(\.alone)).count == paths.count)
      let told = try await withThrowingTaskGroup(of: Int.self) { group in
        for turn in 0..<60 {
          let (path, alone) = paths[turn * 7 % paths.count]
          group.addTask {
            let reply = try await server.ask(path)
            // Others are told to ask again.
            guard reply.status == 200, reply.headers["content-type"] == "application/octet-stream" else { return 0 }
            let isOwn = reply.body == alone
            #expect(isOwn, "\(path)")
            return 1
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(told > 0)
    }
  }

  @Test func `a head as smoothing: kernel, weights and mean agree`() async throws {
    try await TestServer.with { server in
      let (session, count) = try await Self.write("Once upon a time there was a girl", on: server)
      let path = "/api/meaning/smoothing?session=\(session)&layer=2&head=1&position=\(count - 1)&count=4"
      let found = try await server.ask(path).json()
      func numbers(_ name: String) -> [Double] { found[name]?.array?.compactMap(\.double) ?? [] }
      let (kernel, weights) = (numbers("kernel"), numbers("weights"))
      #expect(kernel.count == count && kernel.max() == 1)
      #expect(abs(weights.reduce(0, +) - 1) < 1e-5)
      let sum = kernel.reduce(0, +)
      for (kernel, weight) in zip(kernel, weights) { #expect(abs(kernel / sum - weight) < 1e-3) }
      let (average, output) = (numbers("average"), numbers("output"))
      #expect(average.count == found["width"]?.int && average.count == output.count)
      let size = output.map(abs).max() ?? 0
      for (mean, own) in zip(average, output) { #expect(abs(mean - own) < 0.01 * size) }
      #expect(found["values"]?.array?.count == 4)
      let memory = try await server.ask("/api/recording?session=\(session)").json()
      #expect(memory["dropped"]?.int == 0 && memory["positions"]?.int == count)
      #expect(memory["bytes"]?.int ?? .max <= memory["budget"]?.int ?? 0)
    }
  }

  @Test func `what there is not is refused by its name`() async throws {
    try await TestServer.with { server in
      let (session, count) = try await Self.write("Once upon a time", on: server)
      let good = "session=\(session)"
      let cases: [(path: String, status: Int, place: String?)] = [
        ("/api/recording?session=s99", 404, "session"), ("/api/recording?session=%3Cb%3E", 404, "session"),
        ("/api/attention/heads?\(good)&layer=5", 400, "layer"), ("/api/attention/heads?\(good)&layer=-1", 400, "layer"),
        ("/api/attention/heads?\(good)&layer=99999999999999999999", 400, "layer"),
        ("/api/attention/cells?\(good)&layer=0&head=8&rows=0-1&columns=0-1", 400, "head"),
        ("/api/attention/cells?\(good)&layer=0&head=0&rows=0-\(count + 1)&columns=0-1", 400, "rows"),
        ("/api/attention/cells?\(good)&layer=0&head=0&rows=3-1&columns=0-1", 400, "rows"),
        ("/api/attention/cells?\(good)&layer=0&head=0&rows=a-b&columns=0-1", 400, "rows"),
        ("/api/attention/cells?\(good)&layer=0&head=0&rows=0-1&columns=-9223372036854775808-1", 400, "columns"),
        ("/api/attention/score?\(good)&layer=0&head=0&from=1&to=2", 400, "to"),
        ("/api/lens?\(good)&depths=0-7&positions=0-1", 400, "depths"),
        ("/api/lens?\(good)&depths=0-1&positions=0-1&top=0", 400, "top"),
        ("/api/contributions?\(good)&position=\(count)", 400, "position"),
        ("/api/contributions?\(good)&position=0&token=512", 400, "token"),
        ("/api/values?\(good)&name=nothing&positions=0-1", 404, nil),
        ("/api/values?\(good)&name=%3Cscript%3E&positions=0-1", 404, nil),
        ("/api/values?\(good)&name=embed&positions=0-1&columns=0-65", 400, "columns"),
        ("/api/experts?\(good)&layer=0", 422, "layer"),
        ("/api/compare?\(good)&other=s99", 404, "other"),
        ("/api/meaning/smoothing?\(good)&layer=0&head=8&position=0", 400, "head"),
        ("/api/meaning/smoothing?\(good)&layer=0&head=0&position=\(count)", 400, "position"),
        ("/api/meaning/smoothing?\(good)&layer=0&head=0&position=0&count=33", 400, "count"),
      ]
      for (path, status, place) in cases {
        let reply = try await server.ask(path)
        #expect(reply.status == status && !reply.message.isEmpty, "\(path): \(reply.status) \(reply.message)")
        if let place { #expect(reply.place == place, "\(path): \(reply.place ?? "-")") }
      }
      for headers in [[("Host", "evil.example")], [("Origin", "https://evil.example")]] {
        for path in ["/api/recording?\(good)", "/api/lens?\(good)&depths=0-1&positions=0-1"] {
          let reply = try await server.ask(path, headers: headers)
          #expect(reply.status == 403 && !reply.text.contains("positions"), "\(path)")
        }
      }
      #expect(try await server.ask("/api/recording?\(good)").status == 200)
    }
  }

  @Test func `folders without a tokenizer are not offered as one`() async throws {
    try await TestServer.with(model: TestData.url("oracles/mixtral").path) { server in
      let names = try await server.ask("/api/tokenizers").json()["tokenizers"]?.array?.compactMap(\.string) ?? []
      #expect(!names.contains("mixtral") && names.contains("stories260K/stories260K.gguf"))
    }
  }
}
