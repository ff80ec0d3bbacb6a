import Foundation
import JSON
import Templates
import TensorCore
import Tokenizers

/// Conversations as JSON lines, `{"messages": [{"role": "user", "content": "…"}, …]}`: the model learns what the
/// assistant says, in the model's own template.
struct ChatData {
  let list: SequenceList
  /// What was cut or left out.
  let notices: [String]

  /// Whom a message can be of.
  static let roles = ["system", "developer", "user", "assistant", "tool"]

  /// Every tenth conversation is held out, by its line; sequences longer than `context` are cut.
  ///
  /// Throws `DataError` naming the line that is no conversation, and where the template refuses one or cannot tell apart
  /// what the assistant says.
  init(
    path: String, tokenizer: Tokenizer, template: ChatTemplate?, context: Int, vocabularySize: Int
  ) throws {
    guard let template else { throw DataError(path: path, reason: "the model has no chat template for conversations") }
    let writer = ConversationWriter(tokenizer: tokenizer, template: template)
    let text = try MappedFile.text(path: path)
    var (learnt, heldOut): ([TrainingSequence], [TrainingSequence]) = ([], [])
    var (cut, leftOut) = (0, 0)
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.allSatisfy(\.isWhitespace) { continue }
      let place = "\(path), line \(number + 1)"
      var sequence = try Self.named(place) { try writer.sequence(Self.messages(JSON(parsing: line.utf8))) }
      guard sequence.counts.prefix(context).contains(true) else {
        leftOut += 1
        continue
      }
      if sequence.rowCount > context {
        cut += 1
        sequence.tokens = Array(sequence.tokens.prefix(context + 1))
        sequence.counts = Array(sequence.counts.prefix(context))
      }
      if (learnt.count + heldOut.count) % 10 == 9 { heldOut.append(sequence) } else { learnt.append(sequence) }
    }
    var notices: [String] = []
    if cut > 0 { notices.append("\(cut) conversations are longer than \(context) tokens and cut there") }
    if leftOut > 0 {
      notices.append("\(leftOut) conversations are left out: the assistant speaks only after \(context) tokens")
    }
    self.notices = notices
    list = try SequenceList(
      learnt, heldOut: heldOut, vocabularySize: vocabularySize, what: "conversations", path: path)
  }

  /// Every error as one about this line.
  private static func named<Value>(_ place: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch { throw DataError(path: place, reason: "\(error)") }
  }

  private static func messages(_ line: JSON) throws -> [ChatMessage] {
    guard let messages = line["messages"]?.array, !messages.isEmpty else { throw Flaw("has no messages") }
    return try messages.map { message in
      guard let role = message["role"]?.string, let content = message["content"] else {
        throw Flaw("a message has no role or no content")
      }
      guard roles.contains(role) else {
        throw Flaw("the role '\(role.prefix(40))' is none of \(roles.joined(separator: ", "))")
      }
      let others = (message.object ?? []).filter { $0.key != "role" && $0.key != "content" }
      return ChatMessage(role: role, content: content, members: others)
    }
  }

  /// What is wrong with one conversation.
  struct Flaw: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}

/// Conversations in tokens, cut where the assistant begins and ends to speak, as generation meets them.
private struct ConversationWriter {
  let tokenizer: Tokenizer
  let template: ChatTemplate

  func sequence(_ messages: [ChatMessage]) throws -> TrainingSequence {
    let spoken = try spoken(messages)
    let (bos, ends) = (try text(tokenizer.special.bos), tokenizer.special.endOfGeneration)
    let writesBOS = bos.map { !$0.isEmpty && spoken.text.starts(with: $0.utf8) } ?? true
    var (tokens, counts): ([Int32], [Bool]) = ([], [])
    var position = 0
    func add(to end: Int, isSaid: Bool) throws {
      guard end > position else { return }
      let part = spoken.text[position..<end]
      let ids = try tokenizer.encode(part, addSpecial: position == 0 && !writesBOS, parseSpecial: true)
      tokens += ids
      // What a template writes behind the end of a turn is not the assistant's.
      let last = isSaid ? ids.lastIndex(where: { ends.contains($0) }) ?? ids.count - 1 : -1
      counts += ids.indices.map { $0 <= last }
      position = end
    }
    for range in spoken.ranges {
      try add(to: range.lowerBound, isSaid: false)
      try add(to: range.upperBound, isSaid: true)
    }
    guard counts.dropFirst().contains(true) else { throw ChatData.Flaw("the assistant says nothing") }
    return TrainingSequence(tokens, counts: Array(counts.dropFirst()))
  }

  /// The whole text in UTF-8, and where the assistant speaks: as the template's generation blocks say, else from where it
  /// would be asked to speak to the end of its message.
  private func spoken(_ messages: [ChatMessage]) throws -> (text: [UInt8], ranges: [Range<Int>]) {
    // A generation block inside a macro has no place in the text, which then is rendered without them.
    let marked = try? template.renderWithGenerationSpans(context(messages, asks: false), now: Self.time)
    let whole = Array(try marked?.text.utf8 ?? render(messages[...], asks: false))
    if let spans = marked?.spans, !spans.isEmpty { return (whole, spans) }
    var ranges: [Range<Int>] = []
    for index in messages.indices where messages[index].role == "assistant" {
      let before = Array(try render(messages[..<index], asks: true))
      let after = Array(try render(messages[...index], asks: false))
      guard whole.starts(with: after), after.starts(with: before), before.count >= ranges.last?.upperBound ?? 0 else {
        throw ChatData.Flaw(
          "the model's template writes an answer otherwise once more follows; it cannot be told apart")
      }
      ranges.append(before.count..<after.count)
    }
    return (whole, ranges)
  }

  private func render(_ messages: ArraySlice<ChatMessage>, asks: Bool) throws -> String.UTF8View {
    try template.render(context(Array(messages), asks: asks), now: Self.time).utf8
  }

  private func context(_ messages: [ChatMessage], asks: Bool) throws -> JSON {
    ChatTemplate.context(
      messages: messages, addGenerationPrompt: asks, bosToken: try text(tokenizer.special.bos) ?? "",
      eosToken: try text(tokenizer.special.eos) ?? "")
  }

  private func text(_ id: Int32?) throws -> String? {
    try id.map { String(decoding: try tokenizer.bytes(of: $0), as: UTF8.self) }
  }

  /// The same on every day, so that a run that goes on meets the same text.
  private static let time = TemplateTime(year: 2026, month: 1, day: 1, hour: 0, minute: 0, second: 0)!
}
