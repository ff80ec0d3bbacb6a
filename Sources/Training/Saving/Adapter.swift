public import Architectures
public import Checkpoints
import Foundation
import GraphIR
import JSON
import Quantization
import TensorCore
import TrainingEngine

/// Low-rank changes of a model's linear maps, in the files of PEFT: `adapter_config.json` and `adapter_model.safetensors`.
public struct Adapter: Sendable {
  public let settings: LowRankSettings
  /// The factors by the graph's names, `blk.0.attn_q.lora_a [r, in]` and `….lora_b [out, r]`.
  public let tensors: MemoryTensors

  /// Reads a folder that PEFT or a run wrote, for this model.
  ///
  /// Throws `CheckpointError` for what is no plain LoRA (other kinds, biases, ranks that differ between maps) and for
  /// maps that the model does not have.
  public init(folder: String, for file: ModelFile) throws {
    let path = folder + "/adapter_config.json"
    let config = try JSON(file: path)
    func wrong(_ key: String, _ reason: String) -> CheckpointError {
      CheckpointError(file: path, item: key, reason: reason)
    }
    guard config["peft_type"]?.string ?? "LORA" == "LORA" else { throw wrong("peft_type", "only LORA is supported") }
    for key in ["use_dora", "use_rslora"] where config[key]?.boolean == true { throw wrong(key, "is not supported") }
    for key in ["rank_pattern", "alpha_pattern", "modules_to_save"] {
      let isEmpty = config[key].map { ($0.object ?? []).isEmpty && ($0.array ?? []).isEmpty } ?? true
      if !isEmpty { throw wrong(key, "is not supported") }
    }
    guard config["bias"]?.string ?? "none" == "none" else { throw wrong("bias", "is not supported") }
    guard let rank = config["r"]?.int, (1...4096).contains(rank) else { throw wrong("r", "is missing or no rank") }
    guard let alpha = config["lora_alpha"]?.double, alpha.isFinite else { throw wrong("lora_alpha", "is missing") }
    let stored = try SafetensorsFile(path: folder + "/adapter_model.safetensors")
    var (tensors, parts, left) = (MemoryTensors(), [String](), Set(stored.names))
    for (name, shape) in file.graph.weights {
      guard let names = LowRankName(weight: name), shape.count == 2,
        let map = Self.map(of: name, in: file), let recipe = file.architecture.recipe(for: WeightName(name))
      else { continue }
      let (a, b) = (Self.name(map, "A"), Self.name(map, "B"))
      guard stored.has(a), stored.has(b) else { continue }
      let (first, second) = (try stored.tensor(a), try Self.turned(recipe, b).tensor(from: stored))
      guard first.shape == [rank, shape[1]], second.shape == [shape[0], rank] else {
        throw CheckpointError(
          file: stored.path, item: map, reason: "its factors \(first.shape) and \(second.shape) do not suit \(shape)")
      }
      tensors[names.a] = Tensor(first.floats(), shape: first.shape)
      tensors[names.b] = Tensor(second.floats(), shape: second.shape)
      if !parts.contains(names.part) { parts.append(names.part) }
      left.subtract([a, b])
    }
    if let name = left.sorted().first {
      throw CheckpointError(file: stored.path, item: name, reason: "the model has no such linear map")
    }
    guard !parts.isEmpty else { throw CheckpointError(file: stored.path, reason: "holds no factors") }
    settings = LowRankSettings(rank: rank, alpha: alpha, weights: parts)
    self.tensors = tensors
  }

  package init(settings: LowRankSettings, tensors: MemoryTensors) {
    (self.settings, self.tensors) = (settings, tensors)
  }

  /// Writes both files; `base` is what the configuration calls the model.
  package func write(to folder: String, for file: ModelFile, base: String) throws {
    let output = try ModelOutputFolder(path: folder)
    var (stored, maps) = (StoredWeights(), [String]())
    for (name, _) in file.graph.weights {
      guard let names = LowRankName(weight: name), let a = tensors[names.a], let b = tensors[names.b]
      else { continue }
      let (map, recipe) = try Self.place(of: name, in: file)
      stored.store(Self.name(map, "A"), a.floats(), shape: a.shape)
      try Self.turned(recipe, Self.name(map, "B")).store(b.floats(), shape: b.shape, into: &stored)
      maps.append(map)
    }
    let isGPT2 = file.architecture is GPT2
    let config: JSON = [
      "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": .string(base),
      "r": .integer(settings.rank), "lora_alpha": .number(settings.alpha), "lora_dropout": 0.0, "bias": "none",
      "fan_in_fan_out": .bool(isGPT2), "inference_mode": true,
      "target_modules": .array(Self.targets(maps, in: file).map { .string($0) }),
    ]
    var writer = SafetensorsWriter()
    for name in stored.names { try writer.declare(name, shape: stored.shape(name) ?? [], format: .f32) }
    try writer.write(to: folder + "/adapter_model.safetensors", isDurable: true) { declaration, data in
      try data.write(stored.tensor(declaration.name))
    }
    try output.write(config, "adapter_config.json")
  }

  /// Throws what `write` would throw of the weights that `layout` has factors of.
  static func checkWriting(_ layout: ParameterLayout, for file: ModelFile) throws {
    for factor in layout.tensors {
      if let (weight, _) = LowRankName.base(of: factor.name) { _ = try place(of: weight, in: file) }
    }
  }

  // MARK: Names

  /// The module that a weight is in the family's checkpoints, and how it is made of it.
  private static func place(of weight: String, in file: ModelFile) throws -> (map: String, recipe: WeightRecipe) {
    guard let map = map(of: weight, in: file), let recipe = file.architecture.recipe(for: WeightName(weight)) else {
      throw CheckpointError(
        file: file.path, item: weight,
        reason: "is no map of its own in the family's checkpoints, so its low-rank changes could not be saved "
          + "(others can: lora.weights)")
    }
    return (map, recipe)
  }

  /// `model.layers.0.self_attn.q_proj`: the module whose weight a graph's weight is; nil where it is made of several.
  private static func map(of weight: String, in file: ModelFile) -> String? {
    guard let recipe = file.architecture.recipe(for: WeightName(weight)) else { return nil }
    switch recipe {
    case .stored(let name), .transposed(.stored(let name)), .interleavedForRope(.stored(let name), _, _):
      return name.hasSuffix(".weight") ? String(name.dropLast(".weight".count)) : nil
    default: return nil
    }
  }

  /// What PEFT finds these maps by: the last part of their names, or the last two where maps without factors end alike.
  private static func targets(_ maps: [String], in file: ModelFile) -> [String] {
    func ending(_ map: String, _ parts: Int) -> String {
      map.split(separator: ".").suffix(parts).joined(separator: ".")
    }
    let others = Set(file.graph.weights.compactMap { map(of: $0.name, in: file) }).subtracting(maps)
    let taken = Set(others.map { ending($0, 1) })
    var targets: [String] = []
    for map in maps {
      let target = ending(map, taken.contains(ending(map, 1)) ? 2 : 1)
      if !targets.contains(target) { targets.append(target) }
    }
    return targets
  }

  private static func name(_ map: String, _ factor: String) -> String {
    "base_model.model.\(map).lora_\(factor).weight"
  }

  /// How `B`'s rows are stored: in the order of the map's own rows, never transposed.
  private static func turned(_ recipe: WeightRecipe, _ name: String) -> WeightRecipe {
    if case .interleavedForRope(_, let heads, let width) = recipe {
      return .interleavedForRope(.stored(name), heads: heads, width: width)
    }
    return .stored(name)
  }
}

extension Adapter {
  /// The model's weights with the changes added to them.
  private func merged(_ base: some TensorSource) throws -> MemoryTensors {
    try base.names.reduce(into: MemoryTensors()) { all, name in
      let tensor = try base.tensor(name)
      if let names = LowRankName(weight: name), let a = tensors[names.a], let b = tensors[names.b] {
        all[name] = tensor.adding(b, a, scale: Float(settings.alpha / Double(settings.rank)))
      } else {
        all[name] = tensor
      }
    }
  }

  /// Writes the model with the changes added to its weights: a folder, or a GGUF file of one.
  public func writeMerged(with file: ModelFile, to path: String) throws {
    try file.write(merged(file.weights()), to: path)
  }
}
