import Generation
import JSON
import Tokenizers

/// One answer to a conversation, in OpenAI's words.
struct ChatCompletion: Sendable {
  let id: String
  let created: Int
  let loaded: LoadedModel
  let request: ChatRequest
  let stream: GenerationStream

  /// The answer once it is complete.
  func whole() async throws -> JSON {
    var text = ""
    var logprobs: [JSON] = []
    var finish: Finish?
    for try await piece in stream {
      text += piece.text
      if let entry = self.logprobs(piece) { logprobs.append(entry) }
      finish = piece.finish ?? finish
    }
    return .object(
      head("chat.completion") + [
        JSON.Member(
          "choices",
          [
            [
              "index": 0, "message": ["role": "assistant", "content": .string(text), "refusal": .null],
              "logprobs": request.topLogprobs == nil ? .null : ["content": .array(logprobs), "refusal": .null],
              "finish_reason": try reason(finish),
            ]
          ]),
        JSON.Member("usage", usage),
      ])
  }

  /// The answer piece by piece.
  func send(_ events: EventSender) async throws {
    events.send(nil, chunk(["role": "assistant", "content": ""], finish: .null))
    for try await piece in stream {
      let entry = logprobs(piece)
      if !piece.text.isEmpty || entry != nil {
        events.send(nil, chunk(["content": .string(piece.text)], finish: .null, logprobs: entry))
      }
      if let finish = piece.finish { events.send(nil, chunk([:], finish: try reason(finish))) }
    }
    if request.includesUsage {
      events.send(
        nil, .object(head("chat.completion.chunk") + [JSON.Member("choices", []), JSON.Member("usage", usage)]))
    }
    events.sendText(nil, "[DONE]")
  }

  private func head(_ object: String) -> [JSON.Member] {
    [
      JSON.Member("id", .string(id)), JSON.Member("object", .string(object)),
      JSON.Member("created", .integer(created)), JSON.Member("model", .string(loaded.id)),
    ]
  }

  private func chunk(_ delta: JSON, finish: JSON, logprobs: JSON? = nil) -> JSON {
    .object(
      head("chat.completion.chunk") + [
        JSON.Member(
          "choices",
          [
            [
              "index": 0, "delta": delta, "logprobs": logprobs.map { ["content": [$0], "refusal": .null] } ?? .null,
              "finish_reason": finish,
            ]
          ])
      ])
  }

  private var usage: JSON {
    let usage = stream.request.usage
    return [
      "prompt_tokens": .integer(usage.prompt), "completion_tokens": .integer(usage.generated),
      "total_tokens": .integer(usage.prompt + usage.generated),
      "prompt_tokens_details": ["cached_tokens": .integer(usage.reused)],
    ]
  }

  /// Throws where the model was unloaded under the answer.
  private func reason(_ finish: Finish?) throws -> JSON {
    switch finish {
    case .endOfGeneration, .stopText: "stop"
    case .maximumTokens, .contextFull: "length"
    case .cancelled, nil: throw RequestError(503, "the model was unloaded meanwhile", at: "model")
    }
  }

  /// A token's logarithm of probability and those beside it, where they are wanted.
  private func logprobs(_ piece: Piece) -> JSON? {
    guard let top = request.topLogprobs, piece.id != nil, let choice = piece.choice else { return nil }
    let beside = zip(choice.tokens, choice.logits).prefix(top).map { entry($0, $1, choice) }
    return .object(
      (entry(choice.token, choice.logit, choice).object ?? []) + [JSON.Member("top_logprobs", .array(beside))])
  }

  private func entry(_ token: Int32, _ logit: Float, _ choice: TokenChoice) -> JSON {
    let bytes = (try? loaded.model.tokenizer?.bytes(of: token)) ?? []
    return [
      "token": .string(String(decoding: bytes, as: UTF8.self)), "logprob": .number(Double(logit) - choice.logSum),
      "bytes": .array(bytes.map { .integer(Int($0)) }),
    ]
  }
}
