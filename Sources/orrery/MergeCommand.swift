import Architectures
import ArgumentParser
import Checkpoints
import Training

/// Makes one model of a model and an adapter.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Add an adapter's low-rank changes to a model's weights and write the result.",
    discussion: """
      The adapter is a folder as PEFT writes it: adapter_config.json and adapter_model.safetensors. A model folder gives a \
      folder, a GGUF file a GGUF file; weights are float32.

      Examples:
        orrery merge smollm/ smollm-adapter --output smollm-merged
        orrery merge model.gguf model-adapter --output merged.gguf
      """)

  @Argument(help: "The model that the adapter was trained on.")
  var model: String

  @Argument(help: "The adapter's folder.", completion: .directory)
  var adapter: String

  @Option(name: .shortAndLong, help: "The folder or GGUF file to write.")
  var output: String

  func run() throws {
    let file = try ModelFile(path: ModelName.resolved(model))
    try Adapter(folder: adapter, for: file).writeMerged(with: file, to: output)
    Terminal.note("wrote \(output)")
  }
}
