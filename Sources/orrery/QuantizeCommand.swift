import ArgumentParser
import Checkpoints
import Foundation

/// Stores a model in fewer bits.
struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Store a GGUF model in fewer bits, with llama.cpp's mixes of formats.",
    discussion: """
      Recipes: \(QuantisationRecipe.all.map(\.name).joined(separator: ", ")).

      Example:
        orrery quantize model-f16.gguf Q4_K_M --output model-q4_k_m.gguf
      """)

  @Argument(help: "A GGUF file, or a model of the package.")
  var source: String

  @Argument(help: "The recipe's name.")
  var recipe: String

  @Option(name: [.customShort("o"), .long], help: "The file to write.")
  var output: String

  @Flag(help: "Quantise tensors that are quantised already, which adds one rounding to another.")
  var requantize = false

  @Option(name: [.customShort("t"), .long], help: "Threads; 0 for one a processor.")
  var threads = 0

  func run() throws {
    guard let recipe = QuantisationRecipe(name: recipe) else {
      throw ValidationError(
        "'\(self.recipe)' is no recipe; there are \(QuantisationRecipe.all.map(\.name).joined(separator: ", "))")
    }
    let path = ModelName.resolved(source)
    if (try? FileManager.default.contentsOfDirectory(atPath: path)) != nil {
      throw ValidationError("'\(source)' is a folder: make a GGUF file of it first (orrery convert)")
    }
    let count = threads > 0 ? min(threads, 256) : ProcessInfo.processInfo.activeProcessorCount
    let bar = ProgressBar("quantising")
    try GGUFFile(path: path).quantise(to: output, recipe: recipe, threads: count, requantising: requantize) {
      bar.update(Double($0.bytesWritten) / Double(max($0.bytesTotal, 1)))
    }
    bar.finish()
    Terminal.note("wrote \(output)")
  }
}
