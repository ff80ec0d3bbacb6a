import Architectures
import Checkpoints
public import Generation
import TensorCore

extension LanguageModel {
  /// A model with an adapter's low-rank changes beside its maps: an edit of its graph, so the model's own weights keep
  /// their format.
  ///
  /// Throws what opening and planning throw, and `CheckpointError` for an adapter of another model.
  public convenience init(path: String, adapter folder: String, options: ModelOptions = ModelOptions()) throws {
    let file = try ModelFile(path: path)
    let adapter = try Adapter(folder: folder, for: file)
    let texts = try ModelTexts(of: file)
    try self.init(
      graph: file.graph.withLowRank(adapter.settings), config: file.architecture.config,
      weights: AdaptedWeights(base: file.weights(), factors: adapter.tensors), tokenizer: texts.tokenizer,
      template: texts.template, options: options, name: path)
  }
}

/// A model's own weights, and the factors beside them.
private struct AdaptedWeights: TensorSource {
  let base: ModelWeights
  let factors: MemoryTensors

  var names: [String] { base.names + factors.names }
  func has(_ name: String) -> Bool { base.has(name) || factors.has(name) }
  func shape(_ name: String) -> [Int]? { base.shape(name) ?? factors.shape(name) }
  func format(_ name: String) -> BlockFormat? { base.has(name) ? base.format(name) : factors.format(name) }
  func tensor(_ name: String) throws -> Tensor { try base.has(name) ? base.tensor(name) : factors.tensor(name) }
}
