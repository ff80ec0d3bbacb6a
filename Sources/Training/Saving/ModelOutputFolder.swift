import Architectures
import Checkpoints
import Foundation
import JSON
import Quantization
import TensorCore
import Tokenizers

/// A model as transformers keeps one: `config.json`, `model.safetensors`, the tokenizer and what generation needs.
struct ModelOutputFolder {
  let path: String

  /// Makes the folder; throws `FileError` where it cannot be made.
  init(path: String) throws {
    self.path = path
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw FileError(path: path, reason: "the folder cannot be made: \(error.localizedDescription)")
    }
  }

  /// Writes settings and tokenizer of a new model.
  func write(config: JSON, tokenizer: JSON, tokenizerConfig: JSON?) throws {
    try write(config, "config.json")
    try write(tokenizer, "tokenizer.json")
    var settings = tokenizerConfig?.object ?? []
    if let length = config["max_position_embeddings"] ?? config["n_positions"] {
      settings.append(.init("model_max_length", length))
    }
    try write(.object(settings), "tokenizer_config.json")
    let ids = ["bos_token_id", "eos_token_id"].compactMap { key in
      config[key].flatMap { $0.isNull ? nil : JSON.Member(key, $0) }
    }
    try write(.object(ids), "generation_config.json")
  }

  /// Copies settings and tokenizer of a model that was trained further; the settings name float32, as it is written.
  func copyTexts(of folder: String) throws {
    for name in [
      "config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
      "special_tokens_map.json", "chat_template.jinja",
    ] {
      let (from, to) = ("\(folder)/\(name)", "\(path)/\(name)")
      guard FileManager.default.fileExists(atPath: from), from != to else { continue }
      try? FileManager.default.removeItem(atPath: to)
      try FileManager.default.copyItem(atPath: from, toPath: to)
    }
    let config = try JSON(file: "\(folder)/config.json")
    if config.inFloat32 != config { try write(config.inFloat32, "config.json") }
  }

  /// Writes weights of a graph under the names and in the layout of the family's checkpoints, float32, and beside them
  /// what else the checkpoint had `before`, as a model for pictures does.
  func write(
    _ weights: some TensorSource, over before: any TensorSource = MemoryTensors(), recipe: (String) -> WeightRecipe?
  ) throws {
    var stored = StoredWeights(over: before)
    for name in weights.names {
      guard let recipe = recipe(name) else {
        throw CheckpointError(file: path, item: name, reason: "no recipe stores it")
      }
      let tensor = try weights.tensor(name)
      try recipe.store(tensor.floats(), shape: tensor.shape, into: &stored)
    }
    var writer = SafetensorsWriter()
    for name in stored.names {
      guard let format = stored.format(name), !format.isInteger, !format.isQuantised else { continue }
      try writer.declare(name, shape: stored.shape(name) ?? [], format: format)
    }
    try writer.write(to: path + "/model.safetensors", isDurable: true) { declaration, output in
      try output.write(stored.tensor(declaration.name))
    }
  }

  /// Writes a JSON file: whole or not at all.
  func write(_ json: JSON, _ name: String) throws {
    do {
      try Data((json.text(indent: 2) + "\n").utf8).write(to: URL(filePath: "\(path)/\(name)"), options: .atomic)
    } catch {
      throw FileError(path: "\(path)/\(name)", reason: error.localizedDescription)
    }
  }
}

extension JSON {
  /// A model's settings with float32 wherever they name the type of its weights: transformers rounds weights to that type
  /// as it loads them.
  var inFloat32: JSON {
    guard let members = object else { return self }
    return .object(
      members.map { member in
        let isType = ["dtype", "torch_dtype"].contains(member.key) && member.value.string != nil
        return Member(member.key, isType ? "float32" : member.value.inFloat32)
      })
  }
}
