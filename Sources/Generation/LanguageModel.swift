public import Architectures
public import Checkpoints
public import GraphIR
public import Kernels
import Planning
import Runtime
public import Templates
public import TensorCore
public import Tokenizers

/// How a model is loaded.
public struct ModelOptions: Sendable {
  /// 0 for one a processor.
  public var threads = 0
  /// Positions a session can hold; nil for the model's own length, at most `LanguageModel.defaultContext`.
  public var context: Int?
  /// Format of keys and values: f32, f16, q8_0 or q4_0.
  public var cacheFormat = BlockFormat.f16
  /// `float32` keeps activations and decoded weights exact; `quantised` is fast.
  public var arithmetic = Arithmetic.quantised
  /// Values to keep in every step, by name.
  public var taps: Set<String> = []
  /// Rows of one step while a prompt is read.
  public var chunk = 512
  /// Where packed weights are looked for before they are packed; nil for nowhere.
  public var packed: PackedFolder?
  /// Rows of one step whose logits can be asked for; a step that asks for all takes at most so many.
  public var outputRows = 16
  /// Sequences that a `Scheduler` runs side by side; memory is planned for the states of
  /// so many, at most 1024.
  public var sequences = 1

  public init() {}

  /// Formats, lengths and counts as programs are planned with them.
  func plan(context: Int) -> PlanOptions {
    var plan = PlanOptions()
    (plan.arithmetic, plan.cacheFormat, plan.context) = (arithmetic, cacheFormat, context)
    (plan.taps, plan.slots, plan.outputRows) = (taps, slots, max(outputRows, slots))
    return plan
  }

  /// Sequences, within what a scheduler runs.
  var slots: Int { max(1, min(sequences, 1024)) }
}

/// A model in memory, ready for sessions: its graph, packed weights, tokenizer and chat template.
///
///     let model = try LanguageModel(path: "model.gguf")
///     for try await piece in model.generate("Once upon a time") { print(piece.text, terminator: "") }
///
/// Loading takes as much memory as the weights, packed; the file's own pages are let go. One step runs at a time.
public final class LanguageModel: @unchecked Sendable {
  public let path: String
  public let graph: Graph
  public let config: ModelConfig
  /// Nil where the model's files hold none.
  public let tokenizer: Tokenizer?
  public let template: ChatTemplate?
  public let options: ModelOptions
  /// Positions a session can hold.
  public let context: Int
  public let threadCount: Int

  static let defaultContext = 8192
  /// Positions are int32, and sizes that follow from them must not overflow.
  static let maximumContext = 1 << 30
  /// Rows that programs are planned for; a step takes the smallest that holds it.
  static func buckets(_ options: ModelOptions, context: Int) -> [Int] {
    let longest = max(options.slots, min(options.chunk, context * options.slots))
    return [1, 8, 64].filter { $0 < longest } + [longest]
  }

  let engine: Engine
  /// What the weights were read from.
  let files: [MappedFile]
  /// Why packed weights that there are were not used.
  public let packedNotice: String?

  /// Reads the file's header, packs its weights on all threads and lets go of the file.
  ///
  /// Throws `FileError`, `CheckpointError`, `ConfigError`, `GraphError`, `PlanError`, `MemoryError`, `TokenizerError` or
  /// `TemplateError`, each naming what is wrong and where. `progress` hears the share of weights that is packed.
  public convenience init(
    path: String, options: ModelOptions = ModelOptions(), progress: (Double) -> Void = { _ in }
  ) throws {
    let file = try ModelFile(path: path)
    let weights = try file.weights()
    // A large vocabulary takes as long as mapping weights that are packed already.
    let texts = Background { try ModelTexts(of: file) }
    try self.init(
      graph: file.graph, config: file.architecture.config, weights: weights, options: options, name: path,
      texts: texts.value, progress: progress)
  }

  /// A model whose graph and weights are at hand, as one in training; `name` stands for its path.
  ///
  /// Throws `PlanError` or `MemoryError`.
  public convenience init(
    graph: Graph, config: ModelConfig, weights: any TensorSource, tokenizer: Tokenizer? = nil,
    template: ChatTemplate? = nil, options: ModelOptions = ModelOptions(), name: String
  ) throws {
    try self.init(
      graph: graph, config: config, weights: weights, options: options, name: name,
      texts: { ModelTexts(tokenizer: tokenizer, template: template) }, progress: { _ in })
  }

  private init(
    graph: Graph, config: ModelConfig, weights: any TensorSource, options: ModelOptions, name: String,
    texts: () throws -> ModelTexts, progress: (Double) -> Void
  ) throws {
    (path, self.options, self.graph, self.config) = (name, options, graph, config)
    let wanted = options.context ?? min(config.contextLength, Self.defaultContext)
    context = max(1, min(wanted, Self.learnedPositions(graph) ?? wanted, Self.maximumContext))
    files = weights.mappedFiles
    var notice: String?
    engine = try Engine(
      graph: graph, vocabulary: config.vocabularySize, weights: weights,
      buckets: Self.buckets(options, context: context), options: options.plan(context: context),
      team: ThreadTeam(count: options.threads),
      packed: { [files] in options.packed?.weights(of: name, files, for: $0, notice: &notice) }, progress: progress)
    packedNotice = notice
    threadCount = engine.team.count
    (tokenizer, template) = try { ($0.tokenizer, $0.template) }(texts())
  }

  /// A model of `graph` over the weights, threads and texts of `base`; see `variant`.
  init(sharing base: LanguageModel, graph: Graph, options: ModelOptions) throws {
    (path, self.graph, config, self.options) = (base.path, graph, base.config, options)
    (tokenizer, template, files, packedNotice) = (base.tokenizer, base.template, base.files, nil)
    (context, threadCount) = (base.context, base.threadCount)
    engine = try Engine(
      sharing: base.engine, graph: graph, buckets: Self.buckets(options, context: context),
      options: options.plan(context: context))
  }

  /// Rows of a table of learned positions, past which there are none.
  private static func learnedPositions(_ graph: Graph) -> Int? {
    for node in graph.nodes where node.op == .gather {
      if case .input("positions", _, _) = graph.nodes[node.inputs[0]].op {
        return graph.nodes[node.inputs[1]].shape[0].size()
      }
    }
    return nil
  }

  /// A new conversation with nothing in it; its states take memory as they fill, at most what was planned.
  ///
  /// Throws `MemoryError` where the system refuses the addresses for it.
  public func session() throws(MemoryError) -> Session { try Session(model: self) }

  /// Bytes of packed weights, and of the memory that steps share.
  public var memory: (weights: Int, activations: Int) { (engine.weights.bytes, engine.activationBytes) }
}

extension LanguageModel {
  /// Writes this model's packed weights to a file in `folder`, for later starts with `ModelOptions.packed`.
  ///
  /// Returns its path. Throws `FileError` where it cannot be written, and `SessionError.missing` for a model without files.
  public func storePacked(in folder: PackedFolder) throws -> String {
    guard !files.isEmpty else { throw SessionError.missing("\(path): the model's weights are not from files") }
    return try folder.write(engine.weights, of: path, files, layout: engine.layoutDigest)
  }
}
