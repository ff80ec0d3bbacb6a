import Architectures
import Checkpoints
import Foundation
import Gradients
import JSON
import Memory
import Runtime
import TensorCore
import Tokenizers
import TrainingEngine

/// How a run is carried out; nothing of it changes what comes out but `Recipe.products`.
public struct TrainingOptions: Sendable {
  /// 0 for one a processor.
  public var threads = 0
  /// Whether the finished model is written to the run's folder.
  public var savesModel = true

  public init() {}
}

/// A model being trained by a recipe, in a folder that holds its checkpoints and at last the model.
///
///     let run = try TrainingRun(recipe: .bundled("sort"), folder: "runs/sort-1")
///     let outcome = try run.run(observer: progress)
///
/// A run belongs to one thread; `control` may be used from any. The same recipe gives the same bits, whatever the thread
/// count and however often it was ended and gone on with.
public final class TrainingRun: @unchecked Sendable {
  public let recipe: Recipe
  public let folder: String
  public let control = TrainingControl()
  public let model: TrainableModel
  public let parameters: FloatBuffer
  public let gradients: FloatBuffer
  public let prepared: PreparedData
  /// Steps done.
  public internal(set) var step = 0

  let options: TrainingOptions
  let optimizer: Optimizer
  let engine: GradientEngine
  let validator: GradientEngine
  let team: ThreadTeam

  /// Threads that work on a step.
  public var threadCount: Int { team.count }
  let fingerprint: String
  /// The step of the checkpoint in the folder.
  public internal(set) var lastCheckpoint: Int?
  var lastValidation: ValidationReport?
  /// Held from the beginning to the end of the training, so that nobody else writes to the folder.
  var lock: FolderLock?

  /// Begins a new run: makes the folder, reads or makes the data, draws the first weights.
  ///
  /// Throws `RecipeError`, `DataError`, `FileError`, `TokenizerError`, `ConfigError`, `GraphError`,
  /// `TrainingEngineError` or `TrainingError`. `progress` hears how far the data are.
  public convenience init(
    recipe: Recipe, folder: String, options: TrainingOptions = TrainingOptions(),
    progress: (Double) -> Void = { _ in }
  ) throws {
    guard !FileManager.default.fileExists(atPath: Checkpoint.path(in: folder)) else {
      throw TrainingError.folder(path: folder, reason: "holds a run already (to go on with it: --resume)")
    }
    try self.init(recipe, folder, options, isNew: true, progress)
    try model.fill(parameters, seed: recipe.seed)
    try writeFolder()
    try saveCheckpoint()
  }

  /// Goes on with the run of a folder from its last checkpoint; `change` may lengthen the recipe.
  ///
  /// Throws as a new run does, and where the data are not those that the run began with.
  public convenience init(
    resuming folder: String, options: TrainingOptions = TrainingOptions(),
    change: (Recipe) throws -> Recipe = { $0 }, progress: (Double) -> Void = { _ in }
  ) throws {
    let path = folder + "/recipe.json"
    guard FileManager.default.fileExists(atPath: path) else {
      throw TrainingError.folder(path: folder, reason: "is no folder of a training run: it has no recipe.json")
    }
    try self.init(change(Recipe(path: path)), folder, options, isNew: false, progress)
    let checkpoint = try Checkpoint(from: folder, parameters: parameters, optimizer: optimizer)
    guard checkpoint.data == fingerprint else {
      throw TrainingError.folder(path: folder, reason: "its data have changed since: \(prepared.data.summary)")
    }
    (step, lastCheckpoint, control.rateFactor) = (checkpoint.step, checkpoint.step, checkpoint.rateFactor)
    try ModelOutputFolder(path: folder).write(recipe.json, "recipe.json")
    try Self.removePartialFiles(in: folder)
  }

  private init(
    _ recipe: Recipe, _ folder: String, _ options: TrainingOptions, isNew: Bool, _ progress: (Double) -> Void
  ) throws {
    (self.recipe, self.folder, self.options) = (recipe, folder, options)
    lock = try Self.lock(folder)
    var base: ModelFile?
    if case .existing(let path, _, _) = recipe.model { base = try ModelFile(path: path) }
    let hasTokenizer = FileManager.default.fileExists(atPath: folder + "/tokenizer.json")
    let kept = !isNew && base == nil && hasTokenizer ? try TrainedTokenizer(path: folder) : nil
    prepared = try PreparedData(recipe, base: base, kept: kept, progress: progress)
    switch recipe.model {
    case .new(let sizes):
      let special = prepared.tokenizer.special
      let config = sizes.config(
        vocabularySize: prepared.data.vocabularySize, begin: special.bos, end: special.eos)
      model = try TrainableModel(new: sizes, config: config, name: recipe.file)
    case .existing(let path, _, let adapter):
      model = try TrainableModel(existing: base ?? ModelFile(path: path), adapter: adapter)
    }
    let rows = recipe.batch * prepared.data.longestRows
    try Self.checkMemory(model, rows: rows)
    team = ThreadTeam(count: options.threads)
    parameters = try FloatBuffer(count: model.layout.count)
    gradients = try FloatBuffer(count: model.layout.count)
    optimizer = try Optimizer(recipe.optimizer, layout: model.layout, team: team)
    engine = try GradientEngine(
      model, prepared.data, rows: rows, products: recipe.products, team: team, learns: true, dropout: recipe.dropout,
      seed: recipe.seed)
    validator = try GradientEngine(
      model, prepared.data, rows: rows, products: recipe.products, team: team, learns: false)
    fingerprint = prepared.fingerprint
  }

  /// Makes the folder where it is not there; throws `TrainingError.folder` while another run trains in it.
  static func lock(_ folder: String) throws -> FolderLock {
    _ = try ModelOutputFolder(path: folder)
    guard let lock = FolderLock(of: folder) else {
      throw TrainingError.folder(
        path: folder, reason: "is being trained by another process or run; stop that one first")
    }
    return lock
  }

  /// Weights, gradients and two moments, and at least the residual stream of each layer twice.
  private static func checkMemory(_ model: TrainableModel, rows: Int) throws {
    let config = model.architecture.config
    let (stream, isTooLong) = rows.multipliedReportingOverflow(by: config.hiddenSize * (config.layerCount + 1) * 8)
    let (weights, isTooWide) = model.layout.count.multipliedReportingOverflow(by: 16)
    let (sum, isTooMuch) = stream.addingReportingOverflow(weights)
    let needed = isTooLong || isTooWide || isTooMuch ? Int.max : sum
    let available = Machine().claimableBytes
    if available > 0, needed > available { throw TrainingError.memory(needed: needed, available: available) }
  }

  /// Bytes of weights, gradients, moments and planned steps.
  public var memoryBytes: Int { parameters.count * 16 + engine.bytes + validator.bytes }

  var contextLength: Int { prepared.data.longestRows }

  // MARK: The folder

  private func writeFolder() throws {
    let output = try ModelOutputFolder(path: folder)
    try output.write(recipe.json, "recipe.json")
    if let config = model.config, let files = prepared.files {
      try output.write(config: config, tokenizer: files.tokenizer, tokenizerConfig: files.config)
    } else if let base = model.base, base.gguf == nil, model.adapter == nil {
      try output.copyTexts(of: base.folder)
    }
  }

  /// What a write that was cut short left behind.
  private static func removePartialFiles(in folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.contains(".partial-") {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  @discardableResult
  func saveCheckpoint() throws -> String {
    try Checkpoint(step: step, rateFactor: control.rateFactor, data: fingerprint)
      .write(to: folder, parameters: parameters, optimizer: optimizer)
    lastCheckpoint = step
    return Checkpoint.path(in: folder)
  }
}

extension ModelFile {
  /// `config.json` of a Hugging Face folder.
  var configPath: String { path.hasSuffix(".json") ? path : path + "/config.json" }

  /// The folder of a Hugging Face model.
  var folder: String { (configPath as NSString).deletingLastPathComponent }
}
