public import Architectures
import Checkpoints
import Foundation
import JSON
public import Templates
import TensorCore
public import Tokenizers

extension GGUFFile: TokenizerMetadata {}

/// The tokenizer and the chat template that come with a model; nil for what its files do not hold.
public struct ModelTexts: Sendable {
  public let tokenizer: Tokenizer?
  public let template: ChatTemplate?
  /// The template's source, for `show`.
  public let templateSource: String?

  init(tokenizer: Tokenizer?, template: ChatTemplate?) {
    (self.tokenizer, self.template, templateSource) = (tokenizer, template, nil)
  }

  /// Reads them from a GGUF header, or from the files of a Hugging Face folder.
  public init(of file: ModelFile) throws {
    let source: String?
    if let gguf = file.gguf {
      tokenizer = try Self.tokenizer(of: gguf)
      source = gguf.string("tokenizer.chat_template")
    } else {
      let folder = file.path.hasSuffix(".json") ? (file.path as NSString).deletingLastPathComponent : file.path
      let names = ["tokenizer.json", "tokenizer.model"].map { folder + "/" + $0 }
      let path = names.first { FileManager.default.fileExists(atPath: $0) }
      var found = try path.map { path throws in try Tokenizer.load(path: path) }
      found?.endGeneration(at: try Self.ends(in: folder))
      tokenizer = found
      source = try Self.template(in: folder)
    }
    templateSource = source
    template = try source.map { source throws in try ChatTemplate(source) }
  }

  /// The tokenizer alone: a vocabulary-only GGUF file has no model around it.
  public static func tokenizer(path: String) throws -> Tokenizer? {
    path.hasSuffix(".gguf") ? try tokenizer(of: GGUFFile(path: path)) : try Tokenizer.load(path: path)
  }

  private static func tokenizer(of file: GGUFFile) throws -> Tokenizer? {
    file.has(key: "tokenizer.ggml.tokens") ? try Tokenizer(gguf: file) : nil
  }

  /// `eos_token_id`, one or several, of `generation_config.json` and `config.json`.
  private static func ends(in folder: String) throws -> [Int32] {
    try ["generation_config.json", "config.json"].flatMap { name throws -> [Int32] in
      let path = folder + "/" + name
      guard FileManager.default.fileExists(atPath: path) else { return [] }
      guard let ids = try JSON(file: path)["eos_token_id"] else { return [] }
      return (ids.array ?? [ids]).compactMap { $0.int.flatMap { Int32(exactly: $0) } }
    }
  }

  /// `chat_template.jinja`, else `chat_template` of `tokenizer_config.json`: a text, or named ones of which `default`.
  private static func template(in folder: String) throws -> String? {
    let path = folder + "/chat_template.jinja"
    if FileManager.default.fileExists(atPath: path) { return try MappedFile.text(path: path) }
    let config = folder + "/tokenizer_config.json"
    guard FileManager.default.fileExists(atPath: config) else { return nil }
    guard let entry = try JSON(file: config)["chat_template"] else { return nil }
    if let text = entry.string { return text }
    let named = entry.array?.first { $0["name"]?.string == "default" } ?? entry.array?.first
    return named?["template"]?.string
  }
}
