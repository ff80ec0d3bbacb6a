import ArgumentParser
import Benchmarking
import Generation
import JSON
import Memory
import Runtime
import TensorCore

/// What a model takes and how fast it may be, from its header alone.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Say what a model takes in memory and how fast it may run, without loading it.",
    discussion: """
      MODEL is a GGUF file, a folder, or a bare config.json; only headers are read. Weights count in the form they are \
      run in, states for one conversation of the whole context, activations for the longest step of a prompt.

      Examples:
        orrery plan model.gguf
        orrery plan Llama-3.1-70B/config.json --context 131072 --kv q8_0 --format q4_k
        orrery plan model.gguf --json
      """)

  @Argument(help: ModelName.help)
  var model: String

  @Option(name: [.customShort("c"), .long], help: "Positions the context holds (default: the model's own).")
  var context: Int?

  @Option(help: "Format of keys and values: f32, f16, q8_0, q4_0.")
  var kv = CacheFormat.f16

  @Option(help: "Format of the weights where only a config.json is given (default: the config's dtype, else bf16).")
  var format: String?

  @Option(name: [.customShort("t"), .long], help: "Threads; 0 for one a processor.")
  var threads = 0

  @Option(help: "Tokens of the longest step while a prompt is read.")
  var chunk = 512

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard (0...256).contains(threads) else { throw ValidationError("--threads must be 0 to 256, not \(threads)") }
    if let context, !(1...1 << 30).contains(context) {
      throw ValidationError("--context must be 1 to \(1 << 30), not \(context)")
    }
    guard (1...65_536).contains(chunk) else { throw ValidationError("--chunk must be 1 to 65536, not \(chunk)") }
    if let format, BlockFormat(name: format)?.isInteger ?? true {
      let known = BlockFormat.allCases.filter { !$0.isInteger }.map(\.description).joined(separator: ", ")
      throw ValidationError("--format: '\(format)' is no weight format; there are \(known)")
    }
  }

  func run() throws {
    var options = ModelOptions()
    (options.cacheFormat, options.threads, options.chunk) = (kv.format, threads, chunk)
    let format = format.flatMap { BlockFormat(name: $0) }
    let plan = try ModelPlan(path: ModelName.resolved(model), context: context, format: format, options: options)
    let team = ThreadTeam(count: threads > 0 ? threads : plan.machine.processorCount)
    let peaks = try MachinePeaks(team: team)
    for _ in 0..<9 { peaks.sampleReads() }
    print(json ? plan.json(reading: peaks.bytesPerSecond).text(indent: 2) : plan.text(reading: peaks.bytesPerSecond))
  }
}
