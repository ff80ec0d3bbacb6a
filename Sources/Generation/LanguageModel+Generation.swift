import Foundation
public import Templates
import Tokenizers

extension LanguageModel {
  /// The ids of a text; an empty one is BOS alone.
  ///
  /// - Throws: `SessionError.missing` without a tokenizer.
  public func encode(_ text: String, addSpecial: Bool = true, parseSpecial: Bool = true) throws -> [Int32] {
    guard let tokenizer else { throw SessionError.missing("\(path): the model has no tokenizer") }
    let ids = try tokenizer.encode(text, addSpecial: addSpecial, parseSpecial: parseSpecial)
    if !ids.isEmpty { return ids }
    guard let start = tokenizer.special.bos ?? tokenizer.special.eos else {
      throw SessionError.missing("\(path): the prompt is empty and the tokenizer has no BOS to start from")
    }
    return [start]
  }

  /// The ids of a conversation in the model's chat template, ending where the assistant begins to speak.
  public func encode(_ messages: [ChatMessage]) throws -> [Int32] {
    guard let tokenizer, let template else {
      throw SessionError.missing("\(path): the model has no chat template")
    }
    func text(_ id: Int32?) throws -> String? {
      try id.map { id throws in String(decoding: try tokenizer.bytes(of: id), as: UTF8.self) }
    }
    let bos = try text(tokenizer.special.bos)
    let rendered = try template.render(
      messages: messages, bosToken: bos ?? "", eosToken: text(tokenizer.special.eos) ?? "", now: .current)
    // Most templates write BOS themselves; it must not stand twice.
    let writesBOS = bos.map { !$0.isEmpty && rendered.hasPrefix($0) } ?? true
    return try encode(rendered, addSpecial: !writesBOS)
  }

  /// The model's continuation of a prompt, as it is made; the last piece says why it ended.
  ///
  /// Leaving the loop early ends the work, also while the prompt is read.
  ///
  /// The prompt is taken as it is; for a conversation, encode messages and use a `TextGenerator`.
  public func generate(
    _ prompt: String, options: GenerationOptions = GenerationOptions()
  ) -> AsyncThrowingStream<Piece, any Error> {
    AsyncThrowingStream { continuation in
      let flag = CancellationFlag()
      continuation.onTermination = { _ in flag.cancel() }
      Thread.detachNewThread {
        do {
          let session = try self.session()
          try session.append(self.encode(prompt)) { _ in if flag.isCancelled { throw CancellationError() } }
          var generator = try TextGenerator(session, options: options)
          while !flag.isCancelled, let piece = try generator.next() { continuation.yield(piece) }
          continuation.yield(Piece(id: nil, text: generator.rest(), finish: generator.finish))
          continuation.finish()
        } catch { continuation.finish(throwing: error) }
      }
    }
  }
}

extension TemplateTime {
  /// The local time now.
  public static var current: TemplateTime {
    let parts = Calendar.current.dateComponents([.year, .month, .day, .hour, .minute, .second], from: Date())
    return TemplateTime(
      year: parts.year ?? 1970, month: parts.month ?? 1, day: parts.day ?? 1, hour: parts.hour ?? 0,
      minute: parts.minute ?? 0, second: min(parts.second ?? 0, 59))
      ?? TemplateTime(year: 1970, month: 1, day: 1)!
  }
}
