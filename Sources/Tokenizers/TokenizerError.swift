/// Why a tokenizer could not be read, or a text or token could not be converted.
public enum TokenizerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file breaks its format: which part, and how.
  case malformed(String, String)
  /// The file asks for something that this library does not do.
  case unsupported(String)
  /// The text is not UTF-8 from this byte on.
  case invalidUTF8(offset: Int)
  /// The id is outside the vocabulary.
  case unknownToken(id: Int32, count: Int)
  /// The text holds more bytes than one call takes.
  case textTooLong(bytes: Int, limit: Int)
  /// A splitting pattern took more steps than the text's length allows.
  case patternTooCostly(String)
  /// No file, or no tokenizer in this folder.
  case unreadable(path: String, String)
  /// No tokenizer can be learnt from this text with these settings.
  case untrainable(String)

  public var description: String {
    switch self {
    case .malformed(let place, let reason): "tokenizer: \(place): \(reason)"
    case .unsupported(let what): "tokenizer: unsupported \(what)"
    case .invalidUTF8(let offset): "the text is not UTF-8 at byte \(offset)"
    case .unknownToken(let id, let count): "token \(id) is outside the vocabulary of \(count)"
    case .textTooLong(let bytes, let limit): "a text of \(bytes) bytes; one call takes \(limit)"
    case .patternTooCostly(let pattern):
      "the splitting pattern '\(pattern.prefix(60))' takes too many steps on this text"
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .untrainable(let reason): "training a tokenizer: \(reason)"
    }
  }
}
