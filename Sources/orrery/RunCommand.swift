import ArgumentParser
import Generation
import Templates
import Tokenizers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Generates text: one prompt, a pipe, or a conversation.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Generate text from a prompt, or talk with a model.",
    discussion: """
      The generated text alone goes to standard output, everything else to standard error. Without a prompt, a terminal \
      starts a conversation and a pipe is read to its end as the prompt.

      Examples:
        orrery run model.gguf "Why is the sky blue?"
        orrery run model.gguf --raw "Once upon a time" --temperature 0 --max-tokens 64
        git diff | orrery run model.gguf --system "Write a commit message for this change."
        orrery run model.gguf
        orrery run model.gguf --lookup --raw "$(cat report.txt) In short:" --prompt-cache report.session
        orrery run large.gguf --draft small.gguf "Why is the sky blue?" --verbose
      """)

  @OptionGroup var arguments: ModelArguments
  @OptionGroup var sampling: SamplingArguments

  @Argument(help: "What to say; an empty text starts from BOS alone.")
  var prompt: String?

  @Option(name: [.customShort("n"), .long], help: "Tokens to generate at most.")
  var maxTokens: Int?

  @Option(help: "A system message, for models with a chat template.")
  var system: String?

  @Option(help: ArgumentHelp("A text that ends generation; may be repeated.", valueName: "text"))
  var stop: [String] = []

  @Flag(help: "Skip the chat template.")
  var raw = false

  @Flag(name: .customLong("no-bos"), help: "Put no BOS in front.")
  var noBOS = false

  @Flag(help: "When the context is full, forget the oldest half and go on.")
  var shift = false

  @Option(
    help: ArgumentHelp(
      "Begin from what this file keeps of an earlier prompt, and keep this one there.", valueName: "file"))
  var promptCache: String?

  @Option(
    help: ArgumentHelp("A small model with the same tokens guesses ahead; the text stays the same.", valueName: "model")
  )
  var draft: String?

  @Flag(help: "Guess ahead what followed the same words before; the text stays the same.")
  var lookup = false

  @Flag(name: .shortAndLong, help: "Say on standard error how long loading, reading and writing took.")
  var verbose = false

  func validate() throws {
    if let maxTokens, maxTokens < 0 { throw ValidationError("--max-tokens must not be negative") }
    if draft != nil, lookup { throw ValidationError("--draft and --lookup exclude one another") }
    if stop.contains("") { throw ValidationError("--stop must not be empty") }
  }

  func run() throws {
    let start = ContinuousClock.now
    let model = try arguments.load()
    if verbose {
      let use = model.memory
      Terminal.note(
        "[loaded in \(seconds(since: start)) s: \(size(use.weights)) of weights, \(size(use.activations)) for steps, "
          + "\(model.threadCount) threads]")
    }
    if let prompt { return try answer(prompt, model) }
    if !Terminal.inputIsTerminal {
      let text = try Terminal.readAll()
      guard let prompt = String(validating: text, as: UTF8.self) else {
        throw ValidationError("standard input is not UTF-8")
      }
      return try answer(prompt, model)
    }
    let session = try savedSession(model)
    try Conversation(session: session, options: options, system: system, isRaw: raw, draft: guesses(for: model)).run()
    if let promptCache, !session.tokens.isEmpty { try session.save(to: promptCache) }
  }

  private var options: GenerationOptions {
    var options = GenerationOptions()
    options.maximumTokens = maxTokens
    options.sampling = sampling.settings
    options.stop = stop
    if shift { options.whenFull = .shift(keep: 4) }
    return options
  }

  private func answer(_ prompt: String, _ model: LanguageModel) throws {
    let session = try savedSession(model)
    let ids = try ids(of: prompt, model)
    let draft = try guesses(for: model)
    let start = ContinuousClock.now
    let known = session.tokens
    var read = 0
    try session.replace(with: ids) { read = $0 }
    let middle = ContinuousClock.now
    if let promptCache, session.tokens != known { try session.save(to: promptCache) }
    let saved = ContinuousClock.now
    var generator = try TextGenerator(session, options: options, draft: draft)
    try stream(&generator)
    if Terminal.outputIsTerminal { Terminal.write("\n") }
    if verbose {
      let written = rate(generator.count, in: ContinuousClock.now - saved)
      let kept = ids.count > read ? " beside \(ids.count - read) that were known" : ""
      Terminal.note("\n[read \(rate(read, in: middle - start))\(kept), wrote \(written)]")
      if let report = generator.speculationReport { Terminal.note("[\(text(report))]") }
    }
  }

  /// A session with what the prompt cache holds, if there is one.
  private func savedSession(_ model: LanguageModel) throws -> Session {
    let session = try model.session()
    if let promptCache, access(promptCache, F_OK) == 0 { try session.load(from: promptCache) }
    return session
  }

  private func guesses(for model: LanguageModel) throws -> (any Draft)? {
    if lookup { return PromptLookup() }
    guard let draft else { return nil }
    var options = ModelOptions()
    (options.threads, options.context) = (model.threadCount, model.context)
    let bar = ProgressBar("loading the draft")
    defer { bar.finish() }
    return try DraftModel(LanguageModel(path: draft, options: options, progress: bar.update), for: model)
  }

  private func text(_ report: SpeculationReport) -> String {
    func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
    let share = Int((Double(report.accepted) / Double(max(1, report.proposed)) * 100).rounded())
    let speed = report.speedup.map { ", about \(tenths($0)) times as fast as its steps without a guess" } ?? ""
    return "guessed \(report.proposed) tokens, \(share) % right: "
      + "\(tenths(Double(report.tokens) / Double(max(1, report.steps)))) tokens a step\(speed)"
  }

  private func seconds(since start: ContinuousClock.Instant) -> Double {
    ((ContinuousClock.now - start) / .milliseconds(10)).rounded() / 100
  }

  private func rate(_ count: Int, in time: Duration) -> String {
    "\(count) tokens at \((Double(count) / (time / .seconds(1)) * 10).rounded() / 10) token/s"
  }

  private func ids(of prompt: String, _ model: LanguageModel) throws -> [Int32] {
    if prompt.isEmpty && system == nil { return try model.encode("") }
    if raw || model.template == nil {
      if system != nil {
        throw ValidationError("--system needs a chat template; this model has none, or --raw skips it")
      }
      return try model.encode(prompt, addSpecial: !noBOS)
    }
    let messages =
      (system.map { [ChatMessage(role: "system", content: $0)] } ?? []) + [
        ChatMessage(role: "user", content: prompt)
      ]
    let ids = try model.encode(messages)
    return noBOS && ids.first == model.tokenizer?.special.bos ? Array(ids.dropFirst()) : ids
  }
}

/// Writes a generator's text as it comes and says on standard error what ended or shortened it.
func stream(_ generator: inout TextGenerator) throws {
  while let piece = try generator.next() {
    if piece.forgotten > 0 {
      Terminal.note("[context full: the oldest \(piece.forgotten) tokens are forgotten]")
    }
    Terminal.write(piece.text)
  }
  Terminal.write(generator.rest())
  if generator.finish == .contextFull {
    Terminal.note("\n[stopped: the context of \(generator.session.model.context) tokens is full]")
  }
}
