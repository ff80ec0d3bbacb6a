public import Architectures
import Checkpoints
public import GraphIR
public import JSON
import Quantization
public import TensorCore
import Tokenizers
public import TrainingEngine

/// A model to be trained: its graph with what training adds or leaves out, and where its weights come from.
public struct TrainableModel {
  /// `config.json` of the model; nil for one that was read from a GGUF file.
  public let config: JSON?
  public let architecture: any Architecture
  /// As the family records it, every weight that a saved model has.
  public let graph: Graph
  /// As it is trained and run: without biases, or with low-rank changes.
  public let edited: Graph
  /// Trained weights.
  public let layout: ParameterLayout
  /// Weights of `edited` that are not trained, by name, as they are stored.
  public let frozen: [String: Tensor]
  /// What the model was before, where it is trained further.
  public let base: ModelFile?
  public let adapter: LowRankSettings?

  /// A new model. Throws `ConfigError` or `GraphError` for sizes that do not fit together.
  public init(new sizes: ModelSizes, config: JSON, name: String) throws {
    self.config = config
    architecture = try Registry.architecture(for: ConfigReader(json: config, file: name))
    graph = try architecture.graph()
    edited = sizes.hasBias || sizes.family == .llama ? graph : try graph.withoutBiases()
    layout = ParameterLayout(edited)
    (frozen, base, adapter) = ([:], nil, nil)
  }

  /// A model on disk, to be trained further: whole, or by low-rank changes alone.
  ///
  /// Throws what opening throws, `GraphError` where no linear map is to be changed, and `CheckpointError` where what is
  /// learnt could not be saved.
  public init(existing file: ModelFile, adapter: LowRankSettings?) throws {
    (base, architecture, graph, self.adapter) = (file, file.architecture, file.graph, adapter)
    config = file.gguf == nil ? try JSON(file: file.configPath) : nil
    guard let adapter else {
      try file.checkWriting()
      edited = graph
      layout = ParameterLayout(graph)
      frozen = [:]
      return
    }
    edited = try graph.withLowRank(adapter)
    layout = ParameterLayout(edited) { LowRankName.base(of: $0) != nil }
    try Adapter.checkWriting(layout, for: file)
    let weights = try file.weights()
    frozen = try weights.names.reduce(into: [:]) { all, name in all[name] = try weights.tensor(name) }
  }

  /// The model that a recipe trains further; nil for a recipe of a new one.
  init?(existing recipe: ModelRecipe) throws {
    guard case .existing(let path, _, let adapter) = recipe else { return nil }
    try self.init(existing: ModelFile(path: path), adapter: adapter)
  }

  /// The new model of a recipe, with the tokens of its data; throws as `init(new:config:name:)`.
  init(new recipe: Recipe, _ prepared: PreparedData) throws {
    guard case .new(let sizes) = recipe.model else {
      throw RecipeError(file: recipe.file, key: "model", reason: "is no new one")
    }
    let special = prepared.tokenizer.special
    let config = sizes.config(vocabularySize: prepared.data.vocabularySize, begin: special.bos, end: special.eos)
    try self.init(new: sizes, config: config, name: recipe.file)
  }

  public var contextLength: Int { architecture.config.contextLength }

  /// All numbers of the model.
  public var weightCount: Int { edited.weights.reduce(0) { $0 + $1.shape.reduce(1, *) } }

  /// Trained numbers, without what pads them.
  public var parameterCount: Int { layout.tensors.reduce(0) { $0 + $1.count } }

  /// Writes the first values of all trained weights: new ones by the seed, others as they are stored.
  func fill(_ parameters: FloatBuffer, seed: UInt64) throws {
    let initialization = Initialization(seed: seed, layers: architecture.config.layerCount)
    let stored = adapter == nil ? try base?.weights() : nil
    for tensor in layout.tensors {
      if let stored {
        _ = try parameters[tensor.range].update(fromContentsOf: stored.tensor(tensor.name).floats())
      } else {
        initialization.fill(tensor, parameters[tensor.range])
      }
    }
  }

  /// The weights of `edited` with these values of the trained ones.
  func weights(_ parameters: FloatBuffer) -> MemoryTensors {
    var tensors = MemoryTensors()
    for (name, shape) in edited.weights {
      tensors[name] = layout[name].map { Tensor(Array(parameters[$0.range]), shape: shape) } ?? frozen[name]
    }
    return tensors
  }

  /// The weights of `graph`, as a saved model has them: left-out biases are zero, low-rank changes are merged.
  func mergedWeights(_ parameters: FloatBuffer) -> MemoryTensors {
    let own = weights(parameters)
    var tensors = MemoryTensors()
    for (name, shape) in graph.weights {
      var tensor = own[name] ?? Tensor([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape)
      if let adapter, let names = LowRankName(weight: name), let a = own[names.a], let b = own[names.b] {
        tensor = tensor.adding(b, a, scale: Float(adapter.alpha / Double(adapter.rank)))
      }
      tensors[name] = tensor
    }
    return tensors
  }
}

extension Tensor {
  /// `W + scale · B · A` of `B [out, r]` and `A [r, in]`.
  package func adding(_ b: Tensor, _ a: Tensor, scale: Float) -> Tensor {
    var values = floats()
    let (bs, rows, rank) = (b.floats(), b.rowCount, a.rowCount)
    let (factors, width) = (a.floats(), columns)
    for row in 0..<rows {
      for inner in 0..<rank {
        let factor = scale * bs[row * rank + inner]
        for column in 0..<width { values[row * width + column] += factor * factors[inner * width + column] }
      }
    }
    return Tensor(values, shape: shape)
  }
}
