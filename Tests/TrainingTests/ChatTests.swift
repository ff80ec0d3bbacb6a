import Architectures
import Foundation
import JSON
import TestSupport
import Testing
import Tokenizers
import Training

/// Conversations beside what transformers makes of them (`Scripts/fixtures/chat.py`).
@Suite struct ChatTests {
  static func fixture() throws -> JSON { try TestData.json(fixture: "training/chat/conversations.json") }

  static let contextLength = 512

  /// Reads these lines with a model whose template is `template`.
  private func prepared(_ lines: [String], template: String?, context: Int? = nil) throws -> PreparedData {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ text: String, _ name: String) throws { try Data(text.utf8).write(to: folder.appending(path: name)) }
    let config: JSON = [
      "model_type": "llama", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
      "intermediate_size": 24, "max_position_embeddings": .integer(Self.contextLength), "rms_norm_eps": 1e-6,
      "vocab_size": 340,
    ]
    try write(config.text(), "config.json")
    try FileManager.default.copyItem(
      at: TestData.fixture("training/chat/tokenizer.json"), to: folder.appending(path: "tokenizer.json"))
    var settings: [JSON.Member] = [.init("bos_token", "<s>"), .init("eos_token", "</s>")]
    if let template { settings.append(.init("chat_template", .string(template))) }
    try write(JSON.object(settings).text(), "tokenizer_config.json")
    try write(lines.joined(separator: "\n"), "chat.jsonl")
    var recipe = try Recipe.fineTuning(model: folder.path, data: folder.path + "/chat.jsonl", rank: nil)
    if let context { recipe = try recipe.replacing("model", "context", by: .integer(context)) }
    return try PreparedData(recipe, base: ModelFile(path: folder.path))
  }

  private static func template(_ name: String, marked: Bool = true) throws -> String {
    let all = try #require(try fixture()["templates"]?.array)
    let source = try #require(all.first { $0["name"]?.string == name }?["source"]?.string)
    return marked
      ? source
      : ["{%- generation %}", "{%- endgeneration %}"].reduce(source) { $0.replacing($1, with: "") }
  }

  /// With the template's own marks of what is said, and without them.
  @Test(arguments: ["chatml", "instructions"], [true, false])
  func `tokens and what is learnt of them equal transformers'`(name: String, isMarked: Bool) throws {
    let fixture = try Self.fixture()
    let conversations = try #require(fixture["conversations"]?.array)
    let cases = try #require(fixture["templates"]?.array?.first { $0["name"]?.string == name }?["cases"]?.array)
    #expect(conversations.count == 4 && cases.count == 4)
    let template = try Self.template(name, marked: isMarked)
    for (conversation, expected) in zip(conversations, cases) {
      let sequences = try prepared([conversation.text()], template: template).data.sequences(step: 0, seed: 1, count: 1)
      let ids = try #require(expected["ids"]?.array).compactMap(\.int).map { Int32($0) }
      let mask = try #require(expected["mask"]?.array).compactMap(\.int).map { $0 == 1 }
      let (tokens, counts) = (sequences[0].tokens, sequences[0].counts)
      // What follows the last answer teaches nothing and is left out.
      #expect(ids.starts(with: tokens) && counts == Array(mask[1..<tokens.count]), "\(conversation)")
      #expect(counts.contains(true) && !mask[tokens.count...].contains(true) && tokens.count + 20 > ids.count)
    }
  }

  private func line(_ turns: (String, String)...) -> String {
    let messages = turns.map { JSON.object([.init("role", .string($0.0)), .init("content", .string($0.1))]) }
    return (["messages": .array(messages)] as JSON).text()
  }

  @Test func `a line that is no conversation is named`() throws {
    let good = line(("user", "Who?"), ("assistant", "The owl."))
    let template = try Self.template("instructions", marked: false)
    let wrong: [(String, [String])] = [
      (#"{"messages": [{"role": "user""#, ["JSON", "byte"]), (#"{"text": "Who?"}"#, ["no messages"]),
      (#"{"messages": []}"#, ["no messages"]), (#"{"messages": [{"role": "user"}]}"#, ["no content"]),
      (line(("human", "Who?"), ("assistant", "I.")), ["'human'", "assistant"]),
      (line(("user", "Who?")), ["the assistant says nothing"]),
      (line(("tool", "42"), ("assistant", "I.")), ["Only system, user and assistant speak here"]),
    ]
    for (text, words) in wrong {
      #expect(
        "\(text)", performing: { try prepared([good, "", text, good], template: template) },
        throws: { error in
          let message = "\(error)"
          return error is DataError && message.contains("chat.jsonl, line 3: ")
            && words.allSatisfy { message.contains($0) }
        })
    }
    #expect(performing: { try prepared([good], template: nil) }, throws: { "\($0)".contains("no chat template") })
    #expect(performing: { try prepared([""], template: template) }, throws: { "\($0)".contains("nothing to learn") })
    // A template that drops what was said before cannot say which of its words were the assistant's.
    let forgetful =
      "{% for m in messages %}{% if loop.last or m.role == 'user' %}{{ m.content }}</s>{% endif %}{% endfor %}"
    let turns = line(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    #expect(
      performing: { try prepared([turns], template: forgetful) }, throws: { "\($0)".contains("cannot be told apart") })
  }

  @Test func `every tenth conversation is held out`() throws {
    let lines = (0..<25).map { line(("user", "number \($0)?"), ("assistant", "It is \($0).")) }
    let prepared = try prepared(lines, template: Self.template("chatml"))
    func texts(_ sequences: [TrainingSequence]) throws -> Set<String> {
      Set(
        try sequences.map { sequence in
          let said = zip(sequence.tokens.dropFirst(), sequence.counts).filter(\.1).map(\.0)
          return String(decoding: try prepared.tokenizer.decode(said), as: UTF8.self)
        })
    }
    func answers(_ numbers: [Int]) -> Set<String> { Set(numbers.map { "It is \($0).<|im_end|>" }) }
    #expect(try texts(prepared.data.heldOut) == answers([9, 19]))
    let learnt = try (0..<23).flatMap { try prepared.data.sequences(step: $0, seed: 5, count: 1) }
    #expect(try texts(learnt) == answers((0..<25).filter { $0 != 9 && $0 != 19 }))
    #expect(prepared.notices.isEmpty)
  }

  @Test func `conversations longer than the context are cut, and told`() throws {
    let lines = [
      line(("user", "a"), ("assistant", String(repeating: "lantern ", count: 40))),
      line(("user", String(repeating: "lantern ", count: 40)), ("assistant", "b")),
      line(("user", "a"), ("assistant", "b")),
    ]
    let prepared = try prepared(lines, template: Self.template("chatml"), context: 24)
    let all = try prepared.data.sequences(step: 0, seed: 1, count: 2)
    #expect(all.map(\.rowCount).max() == 24 && all.allSatisfy { $0.counts.count == $0.rowCount })
    #expect(Set(all).count == 2)
    #expect(prepared.notices.count == 2 && prepared.notices.allSatisfy { $0.hasPrefix("1 conversations") })
  }
}
