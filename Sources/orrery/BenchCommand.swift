import ArgumentParser
import Benchmarking
import Checkpoints
import Generation
import JSON
import Kernels
import RandomModels

/// Measures a model's speed, or makes one to measure.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure how fast a model runs beside what the machine can do, or make a model to measure.",
    discussion: """
      Prefill reads a prompt, decode makes tokens one at a time; both after DEPTH tokens. Numbers may be lists, as in \
      -p 128,512. Tests and the machine's own peaks are measured in turns; a figure is the median, its spread the \
      distance of the 10th from the 90th percentile. "of peak" is the larger one of two shares: of the bytes a second \
      that the threads can read, and of the operations a second that they can do.

      --make writes a file of random weights in the shape of a known model, which llama.cpp loads too. Shapes: \
      \(ModelShape.all.map(\.name).joined(separator: ", ")). Formats: \(RandomModel.formats.joined(separator: ", ")).

      Examples:
        orrery bench model.gguf
        orrery bench model.gguf --steps
        orrery bench model.gguf -p 512 -n 128 -d 4096 -t 2 --kv q8_0 --json
        orrery bench model.gguf --users 16 -p 128 -n 64
        orrery bench model.gguf --recorded -n 32 -d 2048
        orrery bench config.json --train 12 -p 64 --products bf16
        orrery bench --make llama-1b:q4_0 --output llama-1b-q4_0.gguf
      """)

  @Argument(help: ModelName.help)
  var model: String?

  @Option(name: [.customShort("p"), .long], help: "Tokens of a prompt; 0 for no prefill.")
  var prompt = NumberList([512])

  @Option(name: [.customShort("n"), .long], help: "Tokens to make; 0 for no decoding.")
  var generate = NumberList([128])

  @Option(name: [.short, .long], help: "Tokens that are there before.")
  var depth = NumberList([0])

  @Option(name: .shortAndLong, help: "Times that each test is run.")
  var repetitions = 5

  @Option(name: [.customShort("t"), .long], help: "Threads; 0 for one a processor.")
  var threads = 0

  @Option(help: "Format of keys and values: f32, f16, q8_0, q4_0.")
  var kv = CacheFormat.f16

  @Option(help: "Tokens of the longest step while a prompt is read.")
  var chunk = 512

  @Option(help: "Generate for so many users at once: a prompt of -p and -n new tokens each.")
  var users: Int?

  @Flag(help: "Also time every kind of step, in runs that the figures leave out.")
  var steps = false

  @Flag(
    help: "Compare decoding (-n) after a text (-d) with the same while attention and residual stream are recorded.")
  var recorded = false

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(
    help: "Wait for a line of standard input before each timed test, and print its seconds, to take turns with others.")
  var paced = false

  @Option(
    help: ArgumentHelp(
      "Time training steps of the model's shape instead: so many sequences of -p tokens each.", valueName: "sequences"))
  var train: Int?

  @Option(help: "What products of --train are computed in: f32 or bf16.")
  var products = TrainCommand.Products.f32

  @Option(help: ArgumentHelp("Write a model of random weights.", valueName: "shape:format"))
  var make: String?

  @Option(name: .shortAndLong, help: "The file that --make writes.")
  var output: String?

  func validate() throws {
    guard (1...1000).contains(repetitions) else {
      throw ValidationError("--repetitions must be 1 to 1000, not \(repetitions)")
    }
    guard (0...256).contains(threads) else { throw ValidationError("--threads must be 0 to 256, not \(threads)") }
    guard (1...65_536).contains(chunk) else { throw ValidationError("--chunk must be 1 to 65536, not \(chunk)") }
    if let users {
      guard (1...256).contains(users) else { throw ValidationError("--users must be 1 to 256, not \(users)") }
      guard prompt.values.count == 1, generate.values.count == 1, depth.values == [0], !steps,
        prompt.values[0] > 0, generate.values[0] > 0
      else {
        throw ValidationError("--users takes one number each for --prompt and --generate, no --depth, no --steps")
      }
    }
    if recorded {
      guard generate.values.count == 1, depth.values.count == 1, generate.values[0] > 0, depth.values[0] > 0,
        users == nil, make == nil, train == nil, !steps, !paced
      else { throw ValidationError("--recorded takes one number each for --generate and --depth, and no other kind") }
    }
    if let train {
      guard (1...65_536).contains(train), prompt.values.count == 1, (1...65_536).contains(prompt.values[0]) else {
        throw ValidationError("--train takes 1 to 65536 sequences of one --prompt's tokens")
      }
      guard users == nil, make == nil, !steps, depth.values == [0] else {
        throw ValidationError("--train goes with -p, -t, --products and --repetitions alone")
      }
    }
    if let make {
      do { _ = try RandomModel(make) } catch { throw ValidationError("--make: \(error)") }
      if model != nil { throw ValidationError("--make takes no MODEL: it writes one") }
      if output == nil { throw ValidationError("--make needs --output: the file to write") }
    } else {
      if model == nil { throw ValidationError("name a MODEL to measure, or --make one") }
      if output != nil { throw ValidationError("--output goes with --make") }
      if tests.isEmpty { throw ValidationError("there is nothing to measure: --prompt and --generate are 0") }
    }
  }

  private var tests: [ModelBenchmark.Test] {
    depth.values.flatMap { depth in
      prompt.values.filter { $0 > 0 }.map { ModelBenchmark.Test(.prefill, tokens: $0, depth: depth) }
        + generate.values.filter { $0 > 0 }.map { ModelBenchmark.Test(.decode, tokens: $0, depth: depth) }
    }
  }

  func run() throws {
    if let make, let output { return try write(make, to: output) }
    guard let model else { return }
    if let train { return try time(model, sequences: train) }
    let start = ContinuousClock.now
    let tests = self.tests
    var options = ModelOptions()
    (options.threads, options.cacheFormat, options.chunk) = (threads, kv.format, chunk)
    options.packed = .standard
    options.context = tests.map { $0.depth + $0.tokens }.max()
    if let users {
      options.context = prompt.values[0] + generate.values[0]
      options.sequences = users
      options.outputRows = max(options.outputRows, users)
    }
    let loading = ProgressBar("loading")
    let loaded = try LanguageModel(path: ModelName.resolved(model), options: options, progress: loading.update)
    loading.finish()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let bar = ProgressBar("measuring")
    defer { bar.finish() }
    let (text, object): (String, JSON)
    if recorded {
      let report = try RecordingBenchmark(loaded, depth: depth.values[0], tokens: generate.values[0])
        .run(repetitions: repetitions, progress: bar.update)
      (text, object) = (report.text, report.json)
    } else if let users {
      let report = try UsersBenchmark(
        loaded, users: users, promptTokens: prompt.values[0], newTokens: generate.values[0]
      ).run(repetitions: repetitions, progress: bar.update)
      (text, object) = (report.text(loadSeconds: seconds), report.json(loadSeconds: seconds))
    } else {
      let report = try ModelBenchmark(loaded, tests: tests).run(
        repetitions: repetitions, timingSteps: steps, progress: bar.update,
        before: { if paced { _ = readLine() } },
        after: { if paced { Terminal.write("\($0.kind.rawValue) \($0.tokens) \($0.depth) \($1)\n") } })
      (text, object) = (report.text(loadSeconds: seconds), report.json(loadSeconds: seconds))
    }
    bar.finish()
    print(json ? object.text(indent: 2) : text)
  }

  private func time(_ model: String, sequences: Int) throws {
    let bar = ProgressBar("measuring")
    defer { bar.finish() }
    let benchmark = try TrainingBenchmark(
      path: ModelName.resolved(model), length: prompt.values[0], sequences: sequences, threads: threads,
      products == .bf16 ? .bfloat16 : .float32)
    let report = try benchmark.run(steps: repetitions, progress: bar.update)
    bar.finish()
    print(json ? report.json.text(indent: 2) : report.text)
  }

  private func write(_ name: String, to output: String) throws {
    let model = try RandomModel(name)
    let bar = ProgressBar("writing")
    defer { bar.finish() }
    try model.write(to: output) { bar.update(Double($0.bytesWritten) / Double(max($0.bytesTotal, 1))) }
    bar.finish()
    Terminal.note("wrote \(output)")
  }
}

/// Whole numbers separated by commas.
struct NumberList: ExpressibleByArgument, CustomStringConvertible {
  let values: [Int]
  init(_ values: [Int]) { self.values = values }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    values = parts.compactMap(\.self)
    guard values.count == parts.count, values.count <= 64, values.allSatisfy({ (0...1 << 24).contains($0) }) else {
      return nil
    }
  }

  var description: String { values.map { "\($0)" }.joined(separator: ",") }
  var defaultValueDescription: String { description }
}
