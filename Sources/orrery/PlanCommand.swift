import Architectures
import ArgumentParser
import Benchmarking
import Generation
import GraphIR
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

  @Argument(help: "A GGUF file, a folder with config.json, or a config.json.")
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
    let plan = try ModelPlan(self)
    if json {
      print(plan.json.text(indent: 2))
    } else {
      print(plan.text)
    }
  }
}

/// The numbers of a plan.
struct ModelPlan {
  let path: String
  let context: Int
  let cacheFormat: BlockFormat
  let use: MemoryUse
  let weightBytes: Int
  let activationBytes: Int
  /// What the weights are stored as: one format, or where it comes from.
  let weightNote: String
  let machine = Machine()
  let bytesPerSecond: Double

  init(_ command: PlanCommand) throws {
    let file = try ModelFile(path: command.model)
    path = command.model
    let maximum = file.architecture.config.contextLength
    context = min(command.context ?? maximum, 1 << 30)
    cacheFormat = command.kv.format
    let (format, note) = try Self.weightFormat(file, command.format)
    use = try MemoryUse(
      file.graph, context: context, cacheFormat: cacheFormat, chunk: command.chunk, weightFormat: format)
    weightNote = note
    var options = ModelOptions()
    (options.cacheFormat, options.threads, options.chunk) = (cacheFormat, command.threads, command.chunk)
    let shapes = Dictionary(file.graph.weights.map { ($0.name, $0.shape) }) { first, _ in first }
    let footprint = try ModelFootprint(of: file.graph, context: context, options: options) {
      try format($0, shapes[$0] ?? [])
    }
    (weightBytes, activationBytes) = (footprint.weightBytes, footprint.activationBytes)
    let threads = command.threads > 0 ? command.threads : machine.processorCount
    let peaks = try MachinePeaks(team: ThreadTeam(count: threads))
    for _ in 0..<9 { peaks.sampleReads() }
    bytesPerSecond = peaks.bytesPerSecond
  }

  /// Formats as stored, or one for all where there are only settings.
  private static func weightFormat(
    _ file: ModelFile, _ wanted: String?
  ) throws -> (format: (String, [Int]) throws -> BlockFormat, note: String) {
    if wanted == nil, !file.path.hasSuffix(".json"), let weights = try? file.weights() {
      return (
        { name, _ in
          guard let format = weights.format(name) else {
            throw ValidationError("\(file.path): the format of \(name) is not known")
          }
          return format
        }, "as stored"
      )
    }
    if file.gguf != nil, wanted == nil { _ = try file.weights() }
    let format = BlockFormat(name: wanted ?? file.config.storedType ?? "bf16") ?? .bf16
    return (MemoryUse.uniform(format), "in \(format)")
  }

  var totalBytes: Int { weightBytes + use.stateBytes + activationBytes }

  /// Tokens a second if reading were all, with `held` positions kept.
  func rate(held: Int) -> Double { use.decodeRate(bytesPerSecond: bytesPerSecond, held: held) }

  /// The longest context whose states fit beside weights and activations; nil where none does.
  var longestContext: Int? {
    let room = machine.availableBytes - weightBytes - activationBytes
    guard use.stateBytes(context: 1) <= room else { return nil }
    var (fits, tooLong) = (1, context + 1)
    while tooLong - fits > 1 {
      let middle = (fits + tooLong) / 2
      if use.stateBytes(context: middle) <= room { fits = middle } else { tooLong = middle }
    }
    return fits
  }

  var json: JSON {
    [
      "weightBytes": .integer(weightBytes), "stateBytes": .integer(use.stateBytes),
      "stateBytesPerLayer": .array(use.stateBytesPerLayer.map { .integer($0) }),
      "activationBytes": .integer(activationBytes), "totalBytes": .integer(totalBytes),
      "context": .integer(context), "cacheFormat": .string("\(cacheFormat)"),
      "activeWeightBytes": .integer(use.activeWeightBytes),
      "machine": [
        "memoryBytes": .integer(machine.memoryBytes), "availableBytes": .integer(machine.availableBytes),
        "readBytesPerSecond": .integer(Int(bytesPerSecond)),
      ],
      "tokensPerSecond": ["empty": .number(rate(held: 0)), "full": .number(rate(held: context))],
    ]
  }
}
