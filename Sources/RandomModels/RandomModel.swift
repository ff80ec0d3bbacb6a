import Architectures
public import Checkpoints
import GraphIR
import TensorCore

/// A name that `RandomModel` does not know: which, and the known ones.
public struct RandomModelError: Error, CustomStringConvertible, Sendable {
  public let description: String
}

/// A model of random weights in the shape of a known one, for measuring speed.
///
///     try RandomModel("llama-1b:q4_0").write(to: "llama-1b-q4_0.gguf")
///
/// The same name gives the same bytes. Formats are mixed as llama.cpp's recipe of that name mixes them; quantised blocks
/// are made as such, without rounding floats, in about the time that writing takes. Values keep the scale of the rows
/// that pass through, so logits are finite and differ. llama.cpp loads the files.
public struct RandomModel: Sendable {
  public let shape: ModelShape
  public let recipe: QuantisationRecipe

  /// Names of the formats that there are.
  public static let formats = ["f16", "bf16", "q8_0", "q4_0", "q4_k_m"]

  /// A model of a name like `llama-1b:q4_0`.
  public init(_ name: String) throws(RandomModelError) {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else {
      throw RandomModelError(description: "'\(name)' is not SHAPE:FORMAT, as llama-1b:q4_0")
    }
    guard let shape = ModelShape(name: parts[0]) else {
      throw RandomModelError(
        description: "'\(parts[0])' is no shape; there are \(ModelShape.all.map(\.name).joined(separator: ", "))")
    }
    guard Self.formats.contains(parts[1].lowercased()), let recipe = QuantisationRecipe(name: parts[1]) else {
      throw RandomModelError(
        description: "'\(parts[1])' is no format; there are \(Self.formats.joined(separator: ", "))")
    }
    (self.shape, self.recipe) = (shape, recipe)
  }

  /// Writes the file, one piece of a tensor at a time, on all processors.
  ///
  /// Throws `FileError` where it cannot be written.
  public func write(to path: String, progress: (WritingProgress) -> Void = { _ in }) throws {
    let config = try ConfigReader(json: shape.config, file: shape.name)
    let architecture = try Registry.architecture(for: config)
    let graph = try architecture.graph()
    var writer = GGUFWriter()
    writer["general.architecture"] = .string(config.architecture)
    writer["general.type"] = .string("model")
    writer["general.name"] = .string("\(shape.name) of random weights")
    for entry in config.metadata { writer[entry.key] = try GGUFValue(entry.value, key: entry.key) }
    writer["general.quantization_version"] = .uint32(2)
    writer["general.file_type"] = .uint32(UInt32(recipe.fileType))
    for entry in RandomVocabulary(count: architecture.config.vocabularySize).entries { writer[entry.key] = entry.value }
    let formats = try recipe.formats(metadata: writer.metadata, tensors: graph.weights)
    for weight in graph.weights {
      try writer.declare(weight.name, shape: weight.shape, format: formats[weight.name] ?? .f32)
    }
    let isTied = architecture.config.tiedHead
    var index: UInt64 = 0
    try writer.write(to: path, progress: progress) { tensor, output in
      index += 1
      try RandomTensor(tensor, isHead: tensor.name == "output.weight" || (isTied && tensor.name == "token_embd.weight"))
        .write(to: &output, seed: index)
    }
  }
}
