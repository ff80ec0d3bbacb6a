import Generation
import LineEditing
import Templates
import Tokenizers

/// A conversation in the terminal: lines in, streamed answers out, the cache kept between turns.
struct Conversation {
  let session: Session
  let options: GenerationOptions
  let system: String?
  let isRaw: Bool
  /// Guesses ahead, where wanted.
  let draft: (any Draft)?

  private var model: LanguageModel { session.model }

  private static let help = """
    /reset starts over, /exit or Ctrl-D ends, Ctrl-C ends an answer; a line that ends in \\ goes on in the next, and so does all between \"\"\".
    """

  func run() throws {
    var messages = opening
    Terminal.note("\(model.path): \(model.context) positions, \(model.threadCount) threads. \(Self.help)")
    var editor = LineEditor(history: History(file: History.defaultFile()))
    while true {
      let line: String
      switch editor.readMessage(prompt: "> ") {
      case .text(let text): line = text
      case .interrupted: continue
      case .end: return
      }
      switch line {
      case "": continue
      case "/exit", "/quit": return
      case "/help": Terminal.note(Self.help)
      case "/reset":
        session.reset()
        messages = opening
      default:
        do { try Interruption.noting { try turn(line, &messages) } } catch { Terminal.note("\n[\(error)]") }
      }
    }
  }

  private var opening: [ChatMessage] { system.map { [ChatMessage(role: "system", content: $0)] } ?? [] }

  private func turn(_ line: String, _ messages: inout [ChatMessage]) throws {
    let ids: [Int32]
    if isRaw || model.template == nil {
      ids = try session.tokens + model.encode(line, addSpecial: session.tokens.isEmpty)
    } else {
      ids = try model.encode(messages + [ChatMessage(role: "user", content: line)])
    }
    do {
      try session.replace(with: ids) { _ in if Interruption.happened { throw CancellationError() } }
    } catch is CancellationError { return Terminal.note("[stopped while the message was read; it is forgotten]") }
    var generator = try TextGenerator(session, options: options, draft: draft)
    var answer = ""
    while !Interruption.happened, let piece = try generator.next() {
      if piece.forgotten > 0 { Terminal.note("[context full: the oldest \(piece.forgotten) tokens are forgotten]") }
      answer += piece.text
      Terminal.write(piece.text)
    }
    let rest = generator.rest()
    Terminal.write(rest + "\n")
    try generator.settle()
    if generator.finish == .contextFull { Terminal.note("[stopped: the context is full; /reset starts over]") }
    messages += [ChatMessage(role: "user", content: line), ChatMessage(role: "assistant", content: answer + rest)]
  }
}
