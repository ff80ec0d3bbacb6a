import ArgumentParser
import Generation
import Kernels
import Lens
import TensorCore

/// Records a run's inner values in a file.
struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Record what happens inside a model while it reads a prompt.",
    discussion: """
      Writes a safetensors file with the values of every position, and JSON about them in its metadata. Values are named \
      as in `orrery inspect MODEL --graph`; * stands for any letters. By default: the residual stream, attention \
      patterns, experts and logits.

      Example:
        orrery trace model.gguf "Once upon a time" --values 'blocks.*.attn.pattern' --output run.safetensors
      """)

  @OptionGroup var arguments: ModelArguments

  @Argument(help: "The text to read.")
  var prompt: String

  @Option(name: [.customShort("o"), .long], help: "The file to write.")
  var output: String

  @Option(parsing: .upToNextOption, help: "Names of values, with * for any letters.")
  var values = Trace.standardNames

  @Option(name: [.customShort("n"), .customLong("max-tokens")], help: "Tokens to generate after the prompt, greedily.")
  var generated = 0

  @Option(help: "Mebibytes that the values may take.")
  var limit = 4096

  @Flag(help: "Compute exactly in float32 instead of as `run` does.")
  var exact = false

  func validate() throws {
    guard (0...1 << 20).contains(generated) else { throw ValidationError("--max-tokens must be 0 to \(1 << 20)") }
    guard (1...1 << 20).contains(limit) else { throw ValidationError("--limit must be 1 to \(1 << 20)") }
  }

  func run() throws {
    let model = try arguments.load { options in
      if exact { (options.arithmetic, options.cacheFormat) = (.float32, .f32) }
    }
    let writer = try TraceWriter(model, values: values, limit: limit << 20)
    var tokens = try model.encode(prompt)
    if generated > 0 { tokens += try continuation(model, tokens) }
    let bar = ProgressBar("reading")
    defer { bar.finish() }
    try writer.write(tokens, to: output) { bar.update(Double($0) / Double(tokens.count)) }
  }

  private func continuation(_ model: LanguageModel, _ tokens: [Int32]) throws -> [Int32] {
    let session = try model.session()
    try session.append(tokens)
    var options = GenerationOptions()
    (options.maximumTokens, options.sampling) = (generated, .greedy)
    var generator = try TextGenerator(session, options: options)
    var new: [Int32] = []
    while let piece = try generator.next() { new += piece.id.map { [$0] } ?? [] }
    return new
  }
}
