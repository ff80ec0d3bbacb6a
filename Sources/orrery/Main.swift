import ArgumentParser

/// The command: every feature of the package by name.
@main struct Orrery: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "orrery",
    abstract: "Run language models on your own machine, and look inside them.",
    discussion: """
      MODEL is a GGUF file, a folder with config.json and safetensors, a run of `orrery train`, or the name of a model of \
      the package. Without a command, the web app is served.

      Examples:
        orrery serve model.gguf
        orrery run model.gguf "Once upon a time"
        orrery train sort
        orrery inspect model.gguf --graph
        orrery plan model.gguf --context 131072 --kv q8_0
      """,
    version: "0.1.0",
    subcommands: [
      ServeCommand.self, RunCommand.self, TrainCommand.self, MergeCommand.self, ListCommand.self, ShowCommand.self,
      InspectCommand.self, PlanCommand.self, TokenizeCommand.self, TrainTokenizerCommand.self, StoriesCommand.self,
      TemplateCommand.self, ConvertCommand.self,
      QuantizeCommand.self, EvalCommand.self, BenchCommand.self, LogitsCommand.self, TraceCommand.self,
      PackCommand.self,
      VerifyCommand.self, CompletionsCommand.self,
    ])

  /// Serves the web app.
  func run() throws { try ServeCommand.parse([]).run() }

  /// Runs the command; a refusal while it runs is one line on standard error and exit code 64, like a wrong argument.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
      Terminal.flush()
    } catch let error as ValidationError {
      Terminal.note("Error: \(error.message)")
      exit(withError: ExitCode.validationFailure)
    } catch {
      exit(withError: error)
    }
  }
}
