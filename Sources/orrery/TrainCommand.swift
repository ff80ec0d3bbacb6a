import ArgumentParser
import Conversion
import Foundation
import JSON
import Runs
import TensorCore
import Training

/// Trains a model by a recipe, or an existing one further.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model from nothing by a recipe, or one that exists further.",
    discussion: """
      WHAT is a recipe of the package (see --list), or a model to train further on --data: text, or conversations as JSON \
      lines {"messages": [...]}, of which only the assistant's words are learnt. With --lora only small low-rank changes \
      are learnt, saved as PEFT saves them.

      A run keeps its recipe, checkpoints and at last its model in a folder of its own, and its course in a database \
      beside. Ctrl-C, a crash or a power cut lose nothing before the last checkpoint: --resume goes on with the same \
      numbers bit for bit.

      Examples:
        orrery train --list
        orrery train sort
        orrery train shakespeare-char --text tinyshakespeare.txt
        orrery train --recipe my.json --text notes/ --steps 5000 --output my-model
        orrery train --resume sort-1
        orrery train model.gguf --data book.txt
        orrery train smollm/ --data chats.jsonl --lora 8 --output smollm-adapter
        orrery train --history
      """)

  @Argument(help: ArgumentHelp("A recipe's name, or a model to train further.", valueName: "what"))
  var what: String?

  @Option(help: ArgumentHelp("A recipe of your own; copy one of the package's with --show.", valueName: "file"))
  var recipe: String?

  @Option(
    help: ArgumentHelp("The text to learn from, for recipes that take one: a file or a folder.", valueName: "path"))
  var text: String?

  @Option(help: ArgumentHelp("What to train a model further on: text, or conversations (.jsonl).", valueName: "path"))
  var data: String?

  @Option(help: ArgumentHelp("Learn low-rank changes of this rank instead of all weights.", valueName: "rank"))
  var lora: Int?

  @Option(name: .shortAndLong, help: "Where the model goes besides: a folder, or a file.gguf.")
  var output: String?

  @Option(help: ArgumentHelp("Go on with a run, by its name or folder.", valueName: "run"))
  var resume: String?

  @Option(help: "Steps in all, instead of the recipe's.")
  var steps: Int?

  @Option(help: "Sequences of one pass, instead of the recipe's.")
  var batch: Int?

  @Option(help: "The schedule's highest learning rate, instead of the recipe's.")
  var rate: Double?

  @Option(help: "The seed of the first weights and of the order of the data.")
  var seed: Int?

  @Option(help: "What products are computed in: f32 or bf16.")
  var products: Products?

  @Flag(help: "Keep less of a step and compute it a second time: less memory, more time, the same numbers.")
  var recompute = false

  @Option(name: [.customShort("t"), .long], help: "Threads; 0 for one a processor. The result does not depend on it.")
  var threads = 0

  @Option(help: ArgumentHelp("Where runs are kept (default: the user's data folder).", valueName: "folder"))
  var runs: String?

  @Flag(help: "List the package's recipes.")
  var list = false

  @Flag(help: "List the runs so far.")
  var history = false

  @Flag(help: "Print the recipe, with all that the command line changes, instead of training.")
  var show = false

  @Flag(help: "Print one JSON object about the result, or the lists.")
  var json = false

  enum Products: String, ExpressibleByArgument, CaseIterable { case f32, bf16 }

  func validate() throws {
    guard (0...256).contains(threads) else { throw ValidationError("--threads must be 0 to 256, not \(threads)") }
    if list || history { return }
    let ways = [what != nil, recipe != nil, resume != nil].count { $0 }
    guard ways == 1 else {
      throw ValidationError(
        ways == 0
          ? "name a recipe or a model, or give --recipe or --resume (recipes: --list)"
          : "a recipe or model, --recipe and --resume exclude one another")
    }
    if lora != nil, data == nil { throw ValidationError("--lora goes with a model and --data") }
    if text != nil, data != nil { throw ValidationError("--text is for recipes, --data for models; give one") }
    let isChanged = text != nil || data != nil || seed != nil || batch != nil || rate != nil || products != nil
    if resume != nil, isChanged || recompute {
      throw ValidationError("--resume takes only --steps, --threads, --output and --runs: the rest is the run's own")
    }
  }

  func run() throws {
    if list { return try listRecipes() }
    if history { return try listRuns() }
    if show { return print(try chosenRecipe().json.text(indent: 2)) }
    let store = try RunStore(folder: runs ?? RunStore.standardFolder)
    var options = TrainingOptions()
    options.threads = threads
    let (run, record) = try prepare(store, options)
    let progress = try TrainingProgress(run, name: record.id, isQuiet: json)
    let recorder = store.recorder(of: record.id)
    recorder.note(peak: progress.peak)
    let outcome: TrainingOutcome
    do {
      outcome = try Interruption.noting { try run.run(observer: Observers([recorder, progress])) }
    } catch {
      recorder.fail(error)
      if error is FileError, let step = run.lastCheckpoint {
        Terminal.note("The checkpoint of step \(step) is whole. Go on with: \(resumption(of: record))")
      }
      throw error
    }
    if outcome.reason == .finished, let output { try deliver(run, to: output) }
    var told = try store.run(record.id) ?? record
    if told.shareOfPeak == nil, outcome.step > 0 {
      // The peak was measured beside other work, which may be over.
      recorder.note(peak: max(progress.peak, try TrainingProgress.peak(of: run)))
      told = try store.run(record.id) ?? told
    }
    report(outcome, told, run)
  }

  /// The run to carry out, new or gone on with.
  private func prepare(_ store: RunStore, _ options: TrainingOptions) throws -> (TrainingRun, RunRecord) {
    let bar = ProgressBar("reading")
    defer { bar.finish() }
    if let resume {
      let found = try store.run(resume)
      if let found, found.isLive {
        throw ValidationError("--resume: \(found.id) is being trained by another process; stop that one first")
      }
      guard let record = try found ?? adopted(resume, store) else {
        throw ValidationError("--resume: there is no run '\(resume)' in \(store.folder) (all: orrery train --history)")
      }
      let run = try TrainingRun(
        resuming: record.folder, recorded: record.recorded(), options: options,
        change: { recipe in try steps.map { try recipe.replacing("steps", by: .integer($0)) } ?? recipe },
        progress: bar.update)
      return (run, record)
    }
    let recipe = try chosenRecipe().withAbsolutePaths()
    let record = try store.begin(recipe)
    do {
      let run = try TrainingRun(recipe: recipe, folder: record.folder, options: options, progress: bar.update)
      return (run, record)
    } catch {
      // A run that never began leaves nothing behind.
      try store.forget(record.id)
      try? FileManager.default.removeItem(atPath: record.folder)
      throw error
    }
  }

  /// A run's folder that the store does not know, as one that was moved.
  private func adopted(_ path: String, _ store: RunStore) throws -> RunRecord? {
    guard FileManager.default.fileExists(atPath: path + "/recipe.json") else { return nil }
    return try store.adopt(Recipe(path: path + "/recipe.json"), folder: URL(filePath: path).standardizedFileURL.path)
  }

  /// The package's recipe of a name; nil for others, and where `--data` can only be for the trained model of that name.
  private func recipe(named name: String) throws -> Recipe? {
    guard Recipe.bundledNames.contains(name) else { return nil }
    let known = try Recipe.bundled(name)
    if case .text = known.data { return known }
    return data != nil && ModelName.path(name) != nil ? nil : known
  }

  /// The recipe with what the command line changes.
  private func chosenRecipe() throws -> Recipe {
    var (chosen, source): (Recipe, String?)
    if let recipe {
      (chosen, source) = (try Recipe(path: recipe), text ?? data)
    } else if let what, let known = try recipe(named: what) {
      (chosen, source) = (known, text ?? data)
    } else if let what, let path = ModelName.path(what) {
      guard let data = data ?? text else {
        throw ValidationError("'\(what)' is a model: give --data with what it is to be trained further on")
      }
      (chosen, source) = (try Recipe.fineTuning(model: path, data: data, rank: lora), nil)
    } else {
      let known = Recipe.bundledNames.joined(separator: ", ")
      throw ValidationError("'\(what ?? "")' is neither a recipe (\(known)) nor a model")
    }
    if let source {
      guard case .text = chosen.data else {
        throw ValidationError("\(data == nil ? "--text" : "--data"): the recipe \(chosen.name) makes its own data")
      }
      chosen = try chosen.replacing("data", "path", by: .string(source))
    }
    if let steps { chosen = try chosen.replacing("steps", by: .integer(steps)) }
    if let batch { chosen = try chosen.replacing("batch", by: .integer(batch)) }
    if let rate { chosen = try chosen.replacing("rate", "peak", by: .number(rate)) }
    if let seed { chosen = try chosen.replacing("seed", by: .integer(seed)) }
    if recompute { chosen = try chosen.replacing("recompute", by: true) }
    if let products {
      chosen = try chosen.replacing("products", by: products == .bf16 ? "bfloat16" : "float32")
    }
    return chosen
  }
}

/// Several observers as one.
struct Observers: TrainingObserver {
  let all: [any TrainingObserver]
  init(_ all: [any TrainingObserver]) { self.all = all }
  func observe(_ event: TrainingEvent) { for observer in all { observer.observe(event) } }
}
