import Architectures
import ArgumentParser
import GraphIR
import Kernels
import Planning
import TensorCore

/// Prints a model's graph or program, from its header alone.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Print a model's graph, its planned program, or its weights.",
    discussion: """
      Nothing is loaded but the header. MODEL may also be a bare config.json.

      Examples:
        orrery inspect model.gguf --graph
        orrery inspect model.gguf --program --tokens 1 --depth 1000
        orrery inspect model.gguf --weights
      """)

  @Argument(help: ModelName.help)
  var model: String

  @Flag(help: "Every operation with its operands, shape and name (the default).")
  var graph = false

  @Flag(help: "The steps that run between barriers, with their bytes, operations, kernels and what is fused.")
  var program = false

  @Flag(help: "With --program: every instruction and where its operands lie.")
  var operands = false

  @Flag(help: "Every weight with its shape and stored format.")
  var weights = false

  @Option(help: "Rows that --program plans for.")
  var tokens = 1

  @Option(help: "Positions that --program plans for.")
  var context = 4096

  @Option(help: "Positions before the rows, for the bytes and operations that --program counts.")
  var depth = 0

  @Option(help: "Format of keys and values for --program.")
  var kv = CacheFormat.f16

  func validate() throws {
    guard (1...65_536).contains(tokens) else { throw ValidationError("--tokens must be 1 to 65536") }
    guard (1...1 << 24).contains(context) else { throw ValidationError("--context must be 1 to \(1 << 24)") }
    guard depth == 0 || (depth > 0 && depth <= context - tokens) else {
      throw ValidationError("--depth must be 0 to \(context - tokens), the context without the rows")
    }
  }

  func run() throws {
    let file = try ModelFile(path: ModelName.resolved(model))
    if graph || !(program || weights) { print(file.graph) }
    if weights { try printWeights(file) }
    if program {
      let program = try plan(file)
      print(operands ? program.description : program.listing(RunSize(tokens: tokens, depth: depth)))
    }
  }

  private func printWeights(_ file: ModelFile) throws {
    let stored = try? file.weights()
    for (name, shape) in file.graph.weights {
      print("\(name)  \(shape)  \(stored?.format(name).map(\.description) ?? "")")
    }
  }

  private func plan(_ file: ModelFile) throws -> Program {
    var options = PlanOptions()
    (options.context, options.cacheFormat) = (context, kv.format)
    let stored = try? file.weights()
    return try Program(planning: file.graph, capacity: tokens, options: options, catalogue: .current) { name in
      stored?.format(name) ?? .bf16
    }
  }
}
