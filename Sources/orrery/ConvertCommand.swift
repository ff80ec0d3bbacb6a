import ArgumentParser
import Checkpoints
import Conversion
import Foundation
import Quantization
import TensorCore

/// Turns one checkpoint format into another.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Turn a Hugging Face folder into a GGUF file, or minGPT's JSON into a folder.",
    discussion: """
      llama.cpp loads the GGUF files too.

      Examples:
        orrery convert Qwen3-0.6B --output qwen3.gguf
        orrery convert Qwen3-0.6B --output qwen3-q8_0.gguf --format q8_0
        orrery convert gpt-nano-sort-model.json --output nano-sort
      """)

  @Argument(help: "A folder with config.json and safetensors, a run, or a minGPT JSON file.")
  var source: String

  @Option(name: [.customShort("o"), .long], help: "The GGUF file, or for minGPT the folder, to write.")
  var output: String

  @Option(help: "Format of matrices (default: the folder's own).")
  var format: String?

  @Option(help: "Name of the pre-tokeniser, where the folder's is not known.")
  var preTokenizer: String?

  func run() throws {
    if source.hasSuffix(".json"), !source.hasSuffix("config.json") {
      if format != nil { throw ValidationError("--format: a minGPT model keeps its float32") }
      try MinGPT(JSONTensors(path: source)).write(folder: output)
      return Terminal.note("wrote \(output)")
    }
    var conversion = try Conversion(folder: ModelName.resolved(source))
    if let format {
      guard let known = BlockFormat(name: format), known.canEncode else {
        throw ValidationError("--format: '\(format)' is no format that can be written")
      }
      conversion.format = known
    }
    conversion.threads = ProcessInfo.processInfo.activeProcessorCount
    conversion.preTokenizer = preTokenizer
    let bar = ProgressBar("converting")
    try conversion.write(to: output) { bar.update(Double($0.bytesWritten) / Double(max($0.bytesTotal, 1))) }
    bar.finish()
    Terminal.note("wrote \(output)")
  }
}
