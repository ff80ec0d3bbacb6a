import Architectures
import Checkpoints
import Foundation
import Gradients
import JSON
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
  /// Bytes that the run may take; nil for what the machine has left.
  public var memoryLimit: Int?

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
  /// The learning rate's factor in it.
  var keptFactor = 1.0
  var lastValidation: ValidationReport?
  /// Held from the beginning to the end of the training, so that nobody else writes to the folder.
  var lock: FolderLock?

  /// Bytes of weights, gradients, moments, planned steps and what validates between them.
  public let memoryBytes: Int

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
    try Self.removePartialFiles(in: folder)
    try model.fill(parameters, seed: recipe.seed)
    try writeFolder()
    try saveCheckpoint()
  }

  /// Goes on with the run of a folder from its last checkpoint; `change` may lengthen the recipe.
  ///
  /// A run that was ended before its first checkpoint begins anew, by the recipe of its folder or, where that was not
  /// written either, by the `recorded` one. Throws as a new run does, and where the data are not those that the run began
  /// with.
  public convenience init(
    resuming folder: String, recorded: Recipe? = nil, options: TrainingOptions = TrainingOptions(),
    change: (Recipe) throws -> Recipe = { $0 }, progress: (Double) -> Void = { _ in }
  ) throws {
    let path = folder + "/recipe.json"
    let isKept = FileManager.default.fileExists(atPath: path)
    guard let recipe = isKept ? try Recipe(path: path) : recorded else {
      throw TrainingError.folder(path: folder, reason: "is no folder of a training run: it has no recipe.json")
    }
    guard FileManager.default.fileExists(atPath: Checkpoint.path(in: folder)) else {
      try self.init(recipe: change(recipe), folder: folder, options: options, progress: progress)
      return
    }
    try self.init(change(recipe), folder, options, isNew: false, progress)
    let checkpoint = try Checkpoint(from: folder, parameters: parameters, optimizer: optimizer)
    guard checkpoint.data == fingerprint else {
      throw TrainingError.folder(path: folder, reason: "its data have changed since: \(prepared.data.summary)")
    }
    (step, lastCheckpoint) = (checkpoint.step, checkpoint.step)
    (control.rateFactor, keptFactor) = (checkpoint.rateFactor, checkpoint.rateFactor)
    try ModelOutputFolder(path: folder).write(self.recipe.json, "recipe.json")
    try Self.removePartialFiles(in: folder)
  }

  private init(
    _ recipe: Recipe, _ folder: String, _ options: TrainingOptions, isNew: Bool, _ progress: (Double) -> Void
  ) throws {
    (self.recipe, self.folder, self.options) = (recipe, folder, options)
    lock = try Self.lock(folder)
    // What cannot be saved is refused before a long text is read.
    let existing = try TrainableModel(existing: recipe.model)
    let hasTokenizer = FileManager.default.fileExists(atPath: folder + "/tokenizer.json")
    let kept = !isNew && existing == nil && hasTokenizer ? try TrainedTokenizer(path: folder) : nil
    prepared = try PreparedData(recipe, base: existing?.base, kept: kept, progress: progress)
    model = try existing ?? TrainableModel(new: recipe, prepared)
    team = ThreadTeam(count: options.threads)
    let budget = MemoryBudget(recipe, prepared.data, limit: options.memoryLimit)
    try budget.check(model.layout)
    let (learning, validating) = (
      try GradientEngine.Plan(model, prepared.data, recipe, team: team, learns: true),
      try GradientEngine.Plan(model, prepared.data, recipe, team: team, learns: false)
    )
    memoryBytes = try budget.check(model.layout, learning, validating)
    parameters = try FloatBuffer(count: model.layout.count)
    gradients = try FloatBuffer(count: model.layout.count)
    optimizer = try Optimizer(recipe.optimizer, layout: model.layout, team: team)
    engine = try GradientEngine(learning, model)
    validator = try GradientEngine(validating, model, sharing: engine)
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

  /// The trained weights as they are now.
  public var snapshot: WeightSnapshot {
    WeightSnapshot(step: step, layout: model.layout, values: Array(parameters.values))
  }

  /// Whether a folder holds a checkpoint that can be gone on with.
  public static func hasCheckpoint(in folder: String) -> Bool {
    FileManager.default.fileExists(atPath: Checkpoint.path(in: folder))
  }

  var contextLength: Int { prepared.data.longestRows }

  // MARK: The folder

  private func writeFolder() throws {
    let output = try ModelOutputFolder(path: folder)
    try output.write(recipe.json, "recipe.json")
    if let config = model.config, let files = prepared.files {
      let special = prepared.tokenizer.special
      func id(_ token: Int32?) -> JSON { token.map { .integer(Int($0)) } ?? .null }
      let own = config.inFloat32.replacing(["bos_token_id"], by: id(special.bos))
        .replacing(["eos_token_id"], by: id(special.eos))
      try output.write(config: own, tokenizer: files.tokenizer, tokenizerConfig: files.config)
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
    let factor = control.rateFactor
    try Checkpoint(step: step, rateFactor: factor, data: fingerprint)
      .write(to: folder, parameters: parameters, optimizer: optimizer)
    (lastCheckpoint, keptFactor) = (step, factor)
    return Checkpoint.path(in: folder)
  }
}

extension ModelFile {
  /// `config.json` of a Hugging Face folder.
  var configPath: String { path.hasSuffix(".json") ? path : path + "/config.json" }

  /// The folder of a Hugging Face model.
  var folder: String { (configPath as NSString).deletingLastPathComponent }
}
