import Foundation
import JSON
import Serving
import TestSupport
import Testing

@Suite(.enabled(if: TestData.isExpected)) struct OpenAITests {
  private static let path = "/v1/chat/completions"

  private static func request(_ more: JSON.Member...) -> JSON {
    .object(
      [
        .init("model", "default"), .init("messages", [["role": "user", "content": "Once upon a time"]]),
        .init("temperature", 0), .init("max_tokens", 12),
      ] + more)
  }

  @Test func `an answer at once and in pieces is the same`() async throws {
    try await TestServer.with { server in
      let whole = try await server.post(Self.path, Self.request()).json()
      let choice = try #require(whole["choices"]?.array?.first)
      let content = try #require(choice["message"]?["content"]?.string)
      // Greedy, as the shared data's README has it.
      #expect(content.hasPrefix(", there was a little girl named Lily"))
      #expect(choice["finish_reason"]?.string == "length" && whole["object"]?.string == "chat.completion")
      #expect(whole["usage"]?["completion_tokens"]?.int == 12 && whole["usage"]?["prompt_tokens"]?.int == 5)
      #expect(whole["model"]?.string == "stories260K.gguf")

      let reply = try await server.post(
        Self.path, Self.request(.init("stream", true), .init("stream_options", ["include_usage": true])))
      #expect(reply.text.hasSuffix("data: [DONE]\n\n"))
      let chunks = try reply.events().map(\.data)
      let pieces = chunks.compactMap { $0["choices"]?.array?.first?["delta"]?["content"]?.string }
      #expect(pieces.joined() == content && pieces.count > 5)
      #expect(chunks.first?["choices"]?.array?.first?["delta"]?["role"]?.string == "assistant")
      #expect(chunks.last?["usage"]?["completion_tokens"]?.int == 12 && chunks.last?["choices"]?.array?.isEmpty == true)
      #expect(chunks.dropLast().last?["choices"]?.array?.first?["finish_reason"]?.string == "length")
      #expect(Set(chunks.compactMap { $0["id"]?.string }).count == 1)
    }
  }

  @Test func `stop texts end an answer and are not part of it`() async throws {
    try await TestServer.with { server in
      for stop: JSON in [" girl", [" boy", " girl"]] {
        let answer = try await server.post(Self.path, Self.request(.init("stop", stop))).json()
        let choice = try #require(answer["choices"]?.array?.first)
        #expect(choice["message"]?["content"]?.string == ", there was a little")
        #expect(choice["finish_reason"]?.string == "stop")
      }
    }
  }

  @Test func `logarithms of probabilities are those of the model`() async throws {
    try await TestServer.with { server in
      let answer = try await server.post(Self.path, Self.request(.init("logprobs", true), .init("top_logprobs", 3)))
        .json()
      let entries = try #require(answer["choices"]?.array?.first?["logprobs"]?["content"]?.array)
      #expect(entries.count == 12)
      for entry in entries {
        let top = try #require(entry["top_logprobs"]?.array?.compactMap { $0["logprob"]?.double })
        #expect(top.count == 3 && top == top.sorted(by: >) && top[0] <= 0)
        #expect(entry["logprob"]?.double == top[0])
        #expect(top.reduce(0) { $0 + exp($1) } <= 1 + 1e-6)
      }
      let text = entries.flatMap { $0["bytes"]?.array?.compactMap { $0.int.map { UInt8($0) } } ?? [] }
      #expect(String(decoding: text, as: UTF8.self) == answer["choices"]?.array?.first?["message"]?["content"]?.string)
    }
  }

  @Test func `a seed repeats an answer, newlines join messages, parts join into one`() async throws {
    try await TestServer.with { server in
      func content(_ messages: JSON, _ seed: Int) async throws -> String {
        let request: JSON = [
          "model": "stories260K.gguf", "messages": messages, "seed": .integer(seed), "max_completion_tokens": 20,
        ]
        let answer = try await server.post(Self.path, request).json()
        return try #require(answer["choices"]?.array?.first?["message"]?["content"]?.string)
      }
      let two: JSON = [["role": "system", "content": "One day"], ["role": "user", "content": "a cat sat"]]
      let joined: JSON = [["role": "user", "content": "One day\na cat sat"]]
      let parts: JSON = [
        ["role": "user", "content": [["type": "text", "text": "One day\n"], ["type": "text", "text": "a cat sat"]]]
      ]
      let first = try await content(two, 7)
      #expect(try await content(joined, 7) == first)
      #expect(try await content(parts, 7) == first)
      #expect(try await content(joined, 8) != first)
    }
  }

  @Test func `errors have OpenAI's shape`() async throws {
    try await TestServer.with { server in
      func refused(_ request: JSON, _ status: Int, _ place: String) async throws {
        let reply = try await server.post(Self.path, request)
        let error = try #require(try reply.json()["error"])
        #expect(reply.status == status && error["param"]?.string == place, "\(reply.text)")
        #expect(error["type"]?.string == "invalid_request_error" && error["message"]?.string?.isEmpty == false)
      }
      try await refused(["model": "gpt-4", "messages": [["role": "user", "content": "a"]]], 404, "model")
      try await refused(["messages": [["role": "user", "content": "a"]]], 400, "model")
      try await refused(["model": "default", "messages": []], 400, "messages")
      try await refused(["model": "default", "messages": [["content": "a"]]], 400, "messages[0].role")
      try await refused(
        ["model": "default", "messages": [["role": "user", "content": 3]]], 400, "messages[0].content")
      let image: JSON = [["type": "image_url", "image_url": ["url": "data:"]]]
      try await refused(
        ["model": "default", "messages": [["role": "user", "content": image]]], 400, "messages[0].content[0]")
      for (name, value) in [
        ("temperature", JSON.number(3)), ("top_p", -1), ("n", 2), ("max_tokens", 0), ("stop", 3), ("top_logprobs", 2),
        ("stream", "yes"), ("tools", [["type": "function"]]), ("response_format", ["type": "json_object"]),
      ] {
        try await refused(
          .object([
            .init("model", "default"), .init("messages", [["role": "user", "content": "a"]]), .init(name, value),
          ]),
          400, name)
      }
      let unknown = try await server.ask("/v1/models/gpt-4")
      #expect(try unknown.json()["error"]?["code"]?.string == "model_not_found")
      // What other servers know is passed over.
      #expect(try await server.post(Self.path, Self.request(.init("user", "me"), .init("store", false))).status == 200)
    }
  }
}
