package import Architectures
package import Checkpoints
import Quantization
import TensorCore
import TrainingEngine

extension TrainingRun {
  /// Writes the model as it is now to the run's folder: `model.safetensors` beside its settings and tokenizer, or, where a
  /// GGUF file was trained further, `model.gguf`; of low-rank changes the adapter alone.
  public func saveModel() throws {
    if let settings = model.adapter, let base = model.base {
      let weights = model.weights(parameters)
      var factors = MemoryTensors()
      for tensor in model.layout.tensors { factors[tensor.name] = weights[tensor.name] }
      try Adapter(settings: settings, tensors: factors).write(to: folder, for: base, base: base.path)
    } else if let base = model.base {
      // A tokenizer that came with the data is in the folder since the run began.
      try base.write(
        model.mergedWeights(parameters), to: base.gguf == nil ? folder : folder + "/model.gguf",
        copiesTexts: prepared.files == nil)
    } else {
      try ModelOutputFolder(path: folder).write(model.mergedWeights(parameters)) {
        model.architecture.recipe(for: WeightName($0))
      }
    }
  }
}

extension ModelFile {
  /// Throws what `write` would throw of weights that the checkpoint holds in a way that nothing can be written back to.
  func checkWriting() throws {
    guard gguf == nil else { return }
    let weights = try weights()
    for name in weights.names {
      do { try weights.recipe(name)?.checkStoring(in: weights.stored) } catch let error as CheckpointError {
        let reason = "cannot be trained: \(error.item ?? "") \(error.reason)"
        throw CheckpointError(
          file: path, item: name, reason: "\(reason) (low-rank changes of other weights can: --lora)")
      }
    }
  }

  /// Writes this model with other weights, in float32: a folder of the same names and layouts, or a GGUF file with the
  /// same header. Texts of a folder are copied, unless others are there.
  package func write(_ weights: MemoryTensors, to path: String, copiesTexts: Bool = true) throws {
    guard let gguf else {
      let (output, before) = (try ModelOutputFolder(path: path), try self.weights())
      if copiesTexts { try output.copyTexts(of: folder) }
      return try output.write(weights, over: before.stored, recipe: before.recipe)
    }
    var writer = GGUFWriter(metadata: gguf.metadata.filter { !$0.key.hasPrefix("split.") })
    writer["general.file_type"] = .uint32(0)
    // Tables that belong to the settings, as `rope_freqs.weight`.
    let tables = Set(config.tables.map(\.name))
    for name in gguf.names where tables.contains(name) {
      try writer.declare(name, shape: gguf.shape(name) ?? [], format: gguf.format(name) ?? .f32)
    }
    for name in weights.names { try writer.declare(name, shape: weights.shape(name) ?? [], format: .f32) }
    try writer.write(to: path) { declaration, output in
      let tensor = try weights[declaration.name] ?? gguf.tensor(declaration.name)
      try output.write(tensor.format == declaration.format ? tensor : Tensor(tensor.floats(), shape: tensor.shape))
    }
  }
}
