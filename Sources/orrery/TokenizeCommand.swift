import Architectures
import ArgumentParser
import Generation
import JSON
import Tokenizers

/// Shows how a tokenizer cuts a text.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn text into token ids, or ids into text.",
    discussion: """
      Reads standard input to its last byte. MODEL may also be a tokenizer.json, a tokenizer.model or NAME.tiktoken, \
      whose pattern is known by its name.

      Examples:
        echo -n "Hello world" | orrery tokenize model.gguf
        echo -n "Hello world" | orrery tokenize model.gguf --ids --no-special
        echo "[15043, 3186]" | orrery tokenize model.gguf --decode
      """)

  @Argument(help: "A model, a run, or a tokenizer file.")
  var model: String

  @Flag(help: "Print the ids as one JSON array instead of a line a token.")
  var ids = false

  @Flag(help: "Add no BOS or EOS.")
  var noSpecial = false

  @Flag(help: "Read control tokens that the text writes out, like <s>, as text.")
  var noParseSpecial = false

  @Flag(help: "Read a JSON array of ids and write the exact bytes they stand for.")
  var decode = false

  func run() throws {
    let tokenizer = try Self.tokenizer(ModelName.resolved(model))
    let input = try Terminal.readAll()
    if decode { return Terminal.write(try tokenizer.decode(Self.ids(input))) }
    let ids = try tokenizer.encode(input, addSpecial: !noSpecial, parseSpecial: !noParseSpecial)
    if self.ids { return print("[" + ids.map(String.init).joined(separator: ", ") + "]") }
    for id in ids {
      print("\(id)\t\(Self.shown(try tokenizer.bytes(of: id)))")
    }
    Terminal.note("\(ids.count) tokens, \(input.count) bytes")
  }

  static func tokenizer(_ path: String) throws -> Tokenizer {
    if path.hasSuffix(".tiktoken") || path.hasSuffix(".model") || path.hasSuffix("tokenizer.json") {
      return try Tokenizer.load(path: path)
    }
    guard let tokenizer = try ModelTexts.tokenizer(path: path) else {
      throw SessionError.missing("\(path): the model has no tokenizer")
    }
    return tokenizer
  }

  private static func ids(_ input: [UInt8]) throws -> [Int32] {
    guard let items = try JSON(parsing: input).array else {
      throw ValidationError("--decode wants a JSON array of ids on standard input")
    }
    return try items.enumerated().map { index, item in
      guard let id = item.int.flatMap({ Int32(exactly: $0) }) else {
        throw ValidationError("--decode: element \(index) is no token id: \(item)")
      }
      return id
    }
  }

  /// Printable text as it is, other bytes as escapes.
  private static func shown(_ bytes: [UInt8]) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      return bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    return JSON.string(text).text()
  }
}
