import Foundation
import JSON
import Templates
import TensorCore
import Tokenizers

/// Conversations as JSON lines, `{"messages": [{"role": "user", "content": "…"}, …]}`: the model learns what the
/// assistant says, in the model's own template.
enum ChatData {
  /// Every tenth conversation is held out, by its line; sequences longer than `context` are cut.
  ///
  /// Throws `DataError` naming the line that is no conversation, and where the template cannot tell apart what the
  /// assistant says.
  static func sequences(
    path: String, tokenizer: Tokenizer, template: ChatTemplate?, context: Int, vocabularySize: Int
  ) throws -> SequenceList {
    guard let template else { throw DataError(path: path, reason: "the model has no chat template for conversations") }
    let text = try MappedFile.text(path: path)
    var (learnt, heldOut): ([TrainingSequence], [TrainingSequence]) = ([], [])
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.allSatisfy(\.isWhitespace) { continue }
      let place = "\(path), line \(number + 1)"
      let messages: [ChatMessage]
      do { messages = try Self.messages(JSON(parsing: line.utf8), place) } catch let error as JSONError {
        throw DataError(path: place, reason: error.description)
      }
      var sequence = try Self.sequence(messages, tokenizer, template, place)
      guard sequence.counts.prefix(context).contains(true) else { continue }
      sequence.tokens = Array(sequence.tokens.prefix(context + 1))
      sequence.counts = Array(sequence.counts.prefix(context))
      if (learnt.count + heldOut.count) % 10 == 9 { heldOut.append(sequence) } else { learnt.append(sequence) }
    }
    return try SequenceList(
      learnt, heldOut: heldOut, vocabularySize: vocabularySize, what: "conversations", path: path)
  }

  private static func messages(_ line: JSON, _ place: String) throws -> [ChatMessage] {
    guard let messages = line["messages"]?.array, !messages.isEmpty else {
      throw DataError(path: place, reason: "has no messages")
    }
    return try messages.map { message in
      guard let role = message["role"]?.string, let content = message["content"] else {
        throw DataError(path: place, reason: "a message has no role or no content")
      }
      let others = (message.object ?? []).filter { $0.key != "role" && $0.key != "content" }
      return ChatMessage(role: role, content: content, members: others)
    }
  }

  /// The tokens of a conversation, cut where the assistant begins and ends to speak, as generation meets them.
  private static func sequence(
    _ messages: [ChatMessage], _ tokenizer: Tokenizer, _ template: ChatTemplate, _ place: String
  ) throws -> TrainingSequence {
    func text(_ id: Int32?) throws -> String? {
      try id.map { String(decoding: try tokenizer.bytes(of: $0), as: UTF8.self) }
    }
    let (bos, eos) = (try text(tokenizer.special.bos), try text(tokenizer.special.eos))
    let time = TemplateTime(year: 2026, month: 1, day: 1, hour: 0, minute: 0, second: 0)!
    func render(_ count: Int, asks: Bool) throws -> [UInt8] {
      Array(
        try template.render(
          messages: Array(messages[..<count]), addGenerationPrompt: asks, bosToken: bos ?? "", eosToken: eos ?? "",
          now: time
        ).utf8)
    }
    let whole = try render(messages.count, asks: false)
    var (tokens, counts): ([Int32], [Bool]) = ([], [])
    var position = 0
    func add(to end: Int, isSaid: Bool) throws {
      guard end > position else { return }
      let part = whole[position..<end]
      let writesBOS = bos.map { !$0.isEmpty && whole.starts(with: $0.utf8) } ?? true
      let ids = try tokenizer.encode(part, addSpecial: position == 0 && !writesBOS, parseSpecial: true)
      tokens += ids
      counts += [Bool](repeating: isSaid, count: ids.count)
      position = end
    }
    for index in messages.indices where messages[index].role == "assistant" {
      let (before, after) = (try render(index, asks: true), try render(index + 1, asks: false))
      guard whole.starts(with: before), whole.starts(with: after), before.count >= position else {
        throw DataError(
          path: place,
          reason: "the model's template writes an answer otherwise once more follows; it cannot be told apart")
      }
      try add(to: before.count, isSaid: false)
      try add(to: after.count, isSaid: true)
    }
    guard tokens.count > 1 else { throw DataError(path: place, reason: "the assistant says nothing") }
    return TrainingSequence(tokens, counts: Array(counts.dropFirst()))
  }
}
