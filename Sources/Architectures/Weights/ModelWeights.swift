public import Checkpoints
public import GraphIR
public import TensorCore

/// The weights that a graph asks for, by GGUF name, made from whatever a checkpoint stores, one at a time.
///
/// Every tensor's shape is checked against the graph's.
public struct ModelWeights: TensorSource {
  /// In order of first use.
  public let names: [String]
  /// The file or folder, for messages.
  public let path: String
  private let shapes: [String: [Int]]
  private let recipes: [String: WeightRecipe]
  /// What the checkpoint holds.
  public let stored: any TensorSource

  /// Finds a recipe for each weight of `graph`: `architecture`'s for a Hugging Face checkpoint (`isGGUF` false), the
  /// tensor itself or an older layout's parts for a GGUF file.
  ///
  /// Throws `CheckpointError` for a weight that the checkpoint cannot give, naming the tensors that were looked for.
  public init(
    of graph: Graph, architecture: any Architecture, stored: any TensorSource, isGGUF: Bool, path: String
  ) throws {
    let weights = graph.weights
    (names, self.path, self.stored) = (weights.map(\.name), path, stored)
    var (shapes, recipes): ([String: [Int]], [String: WeightRecipe]) = ([:], [:])
    let prefix = isGGUF ? "" : Self.prefix(stored)
    for (name, shape) in weights {
      let weight = WeightName(name)
      let all =
        isGGUF
        ? weight.storedLayouts(shape: shape, in: stored) + architecture.olderLayouts(for: weight)
        : architecture.recipe(for: weight).map { [$0.prefixed(prefix)] } ?? []
      guard let recipe = all.first(where: { $0.isComplete(in: stored) }) else {
        let tried = all.flatMap(\.sources).filter { !stored.has($0) }
        let reason = tried.isEmpty ? "no recipe gives it" : "the checkpoint has no \(tried.joined(separator: ", "))"
        throw CheckpointError(file: path, item: name, reason: "this weight is missing: \(reason)")
      }
      (shapes[name], recipes[name]) = (shape, recipe)
    }
    (self.shapes, self.recipes) = (shapes, recipes)
  }

  public func has(_ name: String) -> Bool { shapes[name] != nil }
  public func shape(_ name: String) -> [Int]? { shapes[name] }
  public func format(_ name: String) -> BlockFormat? { recipes[name]?.format(in: stored) }

  /// How a weight is made of what the checkpoint stores; nil for a name that the graph does not have.
  public func recipe(_ name: String) -> WeightRecipe? { recipes[name] }

  public var mappedFiles: [MappedFile] { stored.mappedFiles }

  public func tensor(_ name: String) throws -> Tensor {
    guard let recipe = recipes[name], let shape = shapes[name] else {
      throw CheckpointError(file: path, item: name, reason: "the graph has no such weight")
    }
    let tensor: Tensor
    do { tensor = try recipe.tensor(from: stored) } catch var error as CheckpointError {
      if error.file == "weights" { error.file = path }
      throw error
    }
    guard !tensor.format.isInteger else {
      throw CheckpointError(file: path, item: name, reason: "is stored as \(tensor.format), as no weight can be")
    }
    if tensor.shape == shape { return tensor }
    let isOne = { (size: Int) in size != 1 }
    guard tensor.shape.filter(isOne) == shape.filter(isOne), !tensor.format.isQuantised || tensor.columns == shape.last
    else {
      throw CheckpointError(
        file: path, item: name, reason: "has the shape \(tensor.shape); the configuration says \(shape)")
    }
    return Tensor(shape: shape, format: tensor.format, bytes: tensor.bytes, owner: tensor.owner)
  }

  /// What the stored names of a multimodal or bare checkpoint have before or instead of `model.`.
  private static func prefix(_ stored: any TensorSource) -> String {
    let names = stored.names
    for prefix in ["language_model.", "model.language_model."] where names.contains(where: { $0.hasPrefix(prefix) }) {
      return prefix
    }
    let isBare = !names.contains { $0.hasPrefix("model.") || $0.hasPrefix("transformer.") || $0.hasPrefix("backbone.") }
    return isBare ? "-" : ""
  }
}

extension WeightRecipe {
  /// Whether every stored tensor that is needed is there.
  func isComplete(in source: some TensorSource) -> Bool {
    if case .first(let all) = self { return all.contains { $0.isComplete(in: source) } }
    return sources.allSatisfy(source.has)
  }

  /// Stored names with a checkpoint's own prefix: `model.x` becomes `language_model.model.x`,
  /// `model.language_model.x`, or `x` where the prefix is `-`.
  func prefixed(_ prefix: String) -> WeightRecipe {
    if prefix.isEmpty { return self }
    return renamed { name in
      let parts = name.split(separator: ".", maxSplits: 1)
      let isInner = parts.first == "model" || parts.first == "transformer" || parts.first == "backbone"
      switch prefix {
      case "-": return isInner && parts.count == 2 ? String(parts[1]) : name
      case "language_model.": return prefix + name
      default: return isInner && parts.count == 2 ? prefix + parts[1] : name
      }
    }
  }

  private func renamed(_ change: (String) -> String) -> WeightRecipe {
    switch self {
    case .stored(let name): .stored(change(name))
    case .first(let all): .first(all.map { $0.renamed(change) })
    case .stacked(let all): .stacked(all.map { $0.renamed(change) })
    case .concatenated(let all): .concatenated(all.map { $0.renamed(change) })
    case .rows(let base, let range): .rows(base.renamed(change), range)
    case .columns(let base, let range): .columns(base.renamed(change), range)
    case .transposed(let base): .transposed(base.renamed(change))
    case .reshaped(let base, let shape): .reshaped(base.renamed(change), shape)
    case .interleavedForRope(let base, let heads, let width):
      .interleavedForRope(base.renamed(change), heads: heads, width: width)
    case .plus(let base, let constant): .plus(base.renamed(change), constant)
    case .negatedExponential(let base): .negatedExponential(base.renamed(change))
    case .mxfp4(let blocks, let scales): .mxfp4(blocks: blocks.renamed(change), scales: scales.renamed(change))
    }
  }
}
