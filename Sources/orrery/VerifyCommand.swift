import Architectures
import ArgumentParser
import Checkpoints
import Generation
import GraphIR
import Kernels
import Quantization
import Reference
import Runtime
import TensorCore

/// Checks a model file and this machine's kernels against each other.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a model's weights, and that the fast program equals the plain evaluation.",
    discussion: """
      Every weight is read and must be finite. Then a few tokens run through the planned program in float32 and through \
      the reference; --weights stops before that, which for large models takes minutes and float32 memory.

      Examples:
        orrery verify model.gguf
        orrery verify model.gguf --weights
      """)

  @Argument(help: ModelName.help)
  var model: String

  @Flag(help: "Check the weights alone.")
  var weights = false

  @Option(help: "Tokens to compare.")
  var tokens = 4

  func validate() throws {
    guard (1...4096).contains(tokens) else { throw ValidationError("--tokens must be 1 to 4096") }
  }

  func run() throws {
    let file = try ModelFile(path: ModelName.resolved(model))
    let source = try file.weights()
    let bar = ProgressBar("reading")
    for (index, name) in source.names.enumerated() {
      try source.checkFinite(name)
      bar.update(Double(index + 1) / Double(source.names.count))
    }
    bar.finish()
    print("\(source.names.count) weights are there, of the right shapes, and finite")
    if weights { return }
    let vocabulary = file.architecture.config.vocabularySize
    let ids = (0..<tokens).map { Int32(($0 * 7919 + 1) % vocabulary) }
    var evaluator = try ReferenceEvaluator(
      graph: file.graph, weights: { try source.tensor($0).floats() }, context: tokens)
    let expected = try evaluator.step(tokens: ids).values
    var options = ModelOptions()
    (options.arithmetic, options.cacheFormat, options.context) = (.float32, .f32, tokens)
    let session = try LanguageModel(path: ModelName.resolved(model), options: options).session()
    var (worst, largest, row) = (Float(0), Float(0), 0)
    try session.step(ids, rows: .all) { executor, count in
      for index in 0..<count {
        for (value, target) in zip(executor.output(row: index), expected[row * vocabulary..<(row + 1) * vocabulary]) {
          // A NaN fails too.
          worst = abs(value - target) <= worst ? worst : abs(value - target)
          largest = max(largest, abs(target))
        }
        row += 1
      }
    }
    print("\(tokens) × \(vocabulary) logits differ by at most \(worst); the largest is \(largest)")
    guard worst <= 1e-4 * max(1, largest) else {
      throw SessionError.missing("the program and the reference differ by \(worst)")
    }
  }
}
