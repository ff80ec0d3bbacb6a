import Architectures
import ArgumentParser
import Checkpoints
import Generation
import GraphIR
import JSON
import TensorCore
import Tokenizers

/// Tells what a model file holds.
struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Tell what a model is: family, sizes, formats, tokenizer, template.",
    discussion: """
      Reads the header alone.

      Examples:
        orrery show model.gguf
        orrery show model.gguf --metadata
        orrery show model.gguf --template
      """)

  @Argument(help: ModelName.help)
  var model: String

  @Flag(help: "Print every key of a GGUF header.")
  var metadata = false

  @Flag(help: "Print the chat template.")
  var template = false

  func run() throws {
    let file = try ModelFile(path: ModelName.resolved(model))
    let texts = try ModelTexts(of: file)
    if template { return Terminal.write((texts.templateSource ?? "") + "\n") }
    if metadata {
      guard let gguf = file.gguf else {
        throw ValidationError("--metadata is for GGUF files; a folder has config.json")
      }
      for entry in gguf.metadata { print("\(entry.key) = \(entry.value)") }
      return
    }
    let config = file.architecture.config
    let weights = try file.weights()
    var formats: [BlockFormat: Int] = [:]
    var (parameters, bytes) = (0, 0)
    for name in weights.names {
      let shape = weights.shape(name) ?? []
      let count = shape.reduce(1, *)
      parameters += count
      guard let format = weights.format(name) else { continue }
      formats[format, default: 0] += 1
      bytes += shape.dropLast().reduce(1, *) * format.rowBytes(shape.last ?? 1)
    }
    let stored = formats.sorted { $0.value > $1.value }.map { "\($0.key) × \($0.value)" }.joined(separator: ", ")
    print("family       \(file.config.architecture)")
    print("parameters   \(grouped(parameters))")
    print("layers       \(config.layerCount), width \(config.hiddenSize), vocabulary \(config.vocabularySize)")
    print("context      \(config.contextLength)")
    print("weights      \(size(bytes)) (\(stored))")
    print("operations   \(file.graph.nodes.count)")
    print("tokenizer    \(texts.tokenizer.map { "\($0.vocabulary.count) tokens" } ?? "none")")
    print("template     \(texts.template == nil ? "none" : "yes")")
  }
}

/// As in `1,235,814,400`.
func grouped(_ number: Int) -> String {
  var text = ""
  for (index, digit) in String(number).reversed().enumerated() {
    if index > 0 && index % 3 == 0 && digit != "-" { text.append(",") }
    text.append(digit)
  }
  return String(text.reversed())
}

/// Bytes in the largest unit that leaves a number of at least one.
func size(_ bytes: Int) -> String {
  let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
  var (value, unit) = (Double(bytes), 0)
  while value >= 1024, unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
  return unit == 0 ? "\(bytes) B" : "\((value * 100).rounded() / 100) \(units[unit])"
}
