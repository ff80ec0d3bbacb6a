import Foundation
import JSON

extension Tokenizer {
  /// The largest tokenizer file that is read, in bytes.
  public static let fileLimit = 1 << 29

  /// A tokenizer from a file or folder.
  ///
  /// Takes `tokenizer.json` (with `tokenizer_config.json` beside it), `*.model` (SentencePiece), `NAME.tiktoken` (the
  /// encoding is known by its name), or a folder that holds one of the first two.
  public static func load(path: String) throws(TokenizerError) -> Tokenizer {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .unreadable(path: path, "no such file")
    }
    let url = URL(fileURLWithPath: path)
    if isFolder.boolValue {
      for name in ["tokenizer.json", "tokenizer.model", "spiece.model"] {
        let inside = url.appendingPathComponent(name).path
        if FileManager.default.fileExists(atPath: inside) { return try load(path: inside) }
      }
      throw .unreadable(path: path, "the folder holds neither tokenizer.json nor tokenizer.model")
    }
    switch url.pathExtension.lowercased() {
    case "json":
      let config = url.deletingLastPathComponent().appendingPathComponent("tokenizer_config.json").path
      let hasConfig = FileManager.default.fileExists(atPath: config)
      return try Tokenizer(huggingFace: parsed(path), config: hasConfig ? parsed(config) : nil)
    case "model": return try Tokenizer(sentencePiece: read(path))
    case "tiktoken":
      return try Tokenizer(tiktoken: read(path), named: url.deletingPathExtension().lastPathComponent)
    default: throw .unreadable(path: path, "no tokenizer file by its name (.json, .model or .tiktoken)")
    }
  }

  /// Parses the bytes of a `tokenizer.json`.
  public init(huggingFace bytes: some Collection<UInt8>) throws(TokenizerError) {
    let file: JSON
    do throws(JSONError) {
      file = try JSON(parsing: bytes)
    } catch {
      throw .malformed("tokenizer.json", error.description)
    }
    try self.init(huggingFace: file, config: nil)
  }

  private static func read(_ path: String) throws(TokenizerError) -> [UInt8] {
    guard let file = FileHandle(forReadingAtPath: path) else { throw .unreadable(path: path, "it cannot be opened") }
    defer { try? file.close() }
    guard let data = try? file.read(upToCount: fileLimit + 1) else {
      throw .unreadable(path: path, "it is empty or cannot be read")
    }
    guard data.count <= fileLimit else { throw .unreadable(path: path, "it is larger than \(fileLimit) bytes") }
    return [UInt8](data)
  }

  static func parsed(_ path: String) throws(TokenizerError) -> JSON {
    let bytes = try read(path)
    do throws(JSONError) {
      return try JSON(parsing: bytes)
    } catch {
      throw .malformed(path, error.description)
    }
  }
}
