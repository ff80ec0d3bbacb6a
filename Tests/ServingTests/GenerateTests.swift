import Foundation
import Generation
import JSON
import Serving
import TestSupport
import Testing

@Suite(.enabled(if: TestData.isExpected)) struct GenerateTests {
  /// Greedy from BOS, as the shared data's README has it.
  static let known =
    "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball."

  private static func text(_ reply: HTTPReply) throws -> String {
    try reply.events().filter { $0.name == "token" }.compactMap { $0.data["text"]?.string }.joined()
  }

  private static func session(_ reply: HTTPReply) throws -> String {
    try #require(try reply.events().first { $0.name == "session" }?.data["id"]?.string)
  }

  @Test func `a text is written token by token`() async throws {
    try await TestServer.with { server in
      let reply = try await server.post("/api/generate", ["tokens": [1], "temperature": 0, "maxTokens": 60])
      #expect(reply.headers["content-type"]?.hasPrefix("text/event-stream") == true)
      #expect(try Self.text(reply).trimmingPrefix(" ").hasPrefix(Self.known))
      let end = try #require(try reply.events().last { $0.name == "end" })
      #expect(end.data["finish"]?["reason"]?.string == "length" && end.data["generated"]?.int == 60)
      let session = try await server.ask("/api/sessions/\(Self.session(reply))").json()
      #expect(session["tokens"]?.array?.count == 61 && session["promptCount"]?.int == 1)
    }
  }

  @Test func `what a token was chosen from is the softmax of the model's logits`() async throws {
    try await TestServer.with { server in
      let reply = try await server.post("/api/generate", ["prompt": "Once upon a time", "seed": 5, "maxTokens": 12])
      let events = try reply.events()
      let start = try #require(events[0].data["tokens"]?.array?.compactMap { $0["id"]?.int.map(Int32.init) })
      let tokens = events.filter { $0.name == "token" }
      let model = try await onThread { try LanguageModel(path: TestServer.story) }
      let session = try model.session()
      try session.append(start)
      for event in tokens {
        let logits = session.logits.map(Double.init)
        let peak = try #require(logits.max())
        let sum = logits.reduce(0) { $0 + exp($1 - peak) }
        let shares = logits.map { exp($0 - peak) / sum }
        let id = try #require(event.data["id"]?.int)
        let choice = try #require(event.data["choice"])
        #expect(abs((choice["probability"]?.double ?? 0) - shares[id]) < 1e-6)
        let entropy = shares.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
        #expect(abs((choice["entropy"]?.double ?? 0) - entropy) < 1e-5)
        #expect(
          choice["rank"]?.int == logits.indices.count { logits[$0] > logits[id] || logits[$0] == logits[id] && $0 < id }
        )
        let order = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
        #expect(choice["top"]?.array?.compactMap { $0["id"]?.int } == Array(order.prefix(20)))
        try session.append(Int32(id))
      }
      #expect(tokens.count == 12)
    }
  }

  @Test func `a branch takes an alternative and goes on alone`() async throws {
    try await TestServer.with { server in
      let first = try await server.post("/api/generate", ["tokens": [1], "temperature": 0, "maxTokens": 20])
      let id = try Self.session(first)
      let choice = try await server.ask("/api/sessions/\(id)/choices/10").json()
      #expect(choice["top"]?.array?.count == 256)
      let other = try #require(choice["top"]?.array?[1]["id"]?.int)
      let branch = try await server.post(
        "/api/generate",
        ["session": .string(id), "keep": 10, "take": .integer(other), "temperature": 0, "maxTokens": 5])
      let begun = try #require(try branch.events().first).data
      #expect(begun["parent"]?.string == id && begun["start"]?.int == 10 && begun["tokens"]?.array?.count == 11)
      // What was taken has the probability that the first text's step gave it.
      #expect(begun["tokens"]?.array?[10]["rank"]?.int == 1)
      let alone = try await server.post(
        "/api/generate",
        ["tokens": .array((begun["tokens"]?.array ?? []).compactMap { $0["id"] }), "temperature": 0, "maxTokens": 5])
      #expect(try Self.text(branch) == Self.text(alone))
      let kept = try await server.ask("/api/sessions/\(id)").json()
      #expect(kept["tokens"]?.array?.count == 21)
      let next = try await server.post("/api/next", ["session": .string(id), "keep": 10]).json()
      #expect(next["token"]?.int == kept["tokens"]?.array?[10]["id"]?.int)
    }
  }

  @Test func `the same seed gives the same text, many clients at once each their own`() async throws {
    try await TestServer.with { server in
      let requests: [JSON] = (0..<6).map {
        ["prompt": "Once upon a time", "seed": .integer($0), "temperature": 1, "maxTokens": 40]
      }
      var alone: [String] = []
      for request in requests { alone.append(try Self.text(try await server.post("/api/generate", request))) }
      let together = try await withThrowingTaskGroup(of: (Int, String).self) { group in
        for (index, request) in requests.enumerated() {
          group.addTask { (index, try Self.text(try await server.post("/api/generate", request))) }
        }
        return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
      }
      #expect(alone.indices.map { together[$0] ?? "" } == alone)
      #expect(Set(alone).count == 6)
    }
  }

  @Test func `a client that goes in mid-stream ends its text`() async throws {
    try await TestServer.with { server in
      let body = Array("{\"prompt\": \"Once\", \"maxTokens\": 500}".utf8)
      let request = server.bytes(
        "/api/generate", method: "POST", headers: [("Content-Type", "application/json")], body: body)
      let port = server.port
      for _ in 0..<3 {
        try await onThread {
          let connection = try HTTPConnection(port: port)
          connection.write(request)
          try connection.read(until: "event: token")
          connection.cut()
        }
      }
      // Half a request, then nothing.
      try await onThread {
        let connection = try HTTPConnection(port: port)
        connection.write(Array(request.dropLast(10)))
        connection.cut()
      }
      let loaded = try server.app.current()
      let deadline = ContinuousClock.now + .seconds(20)
      while loaded.scheduler.load.running > 0, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(loaded.scheduler.load.running == 0)
      #expect(try await server.post("/api/generate", ["prompt": "Once", "maxTokens": 3]).status == 200)
    }
  }

  @Test func `hostile prompts are text like any other, or refused by name`() async throws {
    try await TestServer.with { server in
      let texts = [
        "<script>alert(1)</script>", "\u{0}\u{1B}[31m\u{7F}", "\u{202E}txt", String(repeating: "🦊", count: 40), "",
      ]
      for text in texts {
        let reply = try await server.post("/api/generate", ["prompt": .string(text), "maxTokens": 2])
        #expect(reply.status == 200 && !reply.text.contains("event: error"), "\(text)")
      }
      let long = try await server.post("/api/generate", ["prompt": .string(String(repeating: "word ", count: 200_000))])
      #expect(long.status == 400 && long.place == "prompt" && long.message.contains("do not fit"))
      for tokens: JSON in [[], [512], [-1], ["a"], [4_294_967_296]] {
        let reply = try await server.post("/api/generate", ["tokens": tokens])
        #expect(reply.status == 400, "\(tokens)")
      }
    }
  }

  @Test func `a full context is an end, not an error`() async throws {
    try await TestServer.with { server in
      let reply = try await server.post(
        "/api/generate", ["tokens": [1], "maxTokens": 2000, "seed": 3, "temperature": 0.1])
      let end = try #require(try reply.events().last { $0.name == "end" })
      #expect(["context", "end"].contains(end.data["finish"]?["reason"]?.string ?? ""))
    }
  }
}
