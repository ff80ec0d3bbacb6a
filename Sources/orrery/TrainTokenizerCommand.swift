import ArgumentParser
import Foundation
import JSON
import TensorCore
import Tokenizers

/// Learns a tokenizer from text files.
struct TrainTokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-tokenizer",
    abstract: "Learn a byte-level BPE tokenizer from text.",
    discussion: """
      Each file is one text of UTF-8; where a special token is written out in it, the text is cut there. The merges are \
      those that Hugging Face's trainer finds. The result loads in tokenizers and transformers; with config.json and \
      weights beside it, `orrery convert` writes it into a GGUF file.

      Examples:
        orrery train-tokenizer corpus.txt --vocabulary 4096 --output tokenizer.json
        orrery train-tokenizer a.txt b.txt --vocabulary 8192 --pattern gpt-2 --special "<s>" --special "</s>" \
      --output tokenizer.json
      """)

  @Argument(help: "UTF-8 text files.", completion: .file())
  var files: [String]

  @Option(help: "Tokens in the vocabulary: special ones, 256 bytes and merged ones.")
  var vocabulary: Int

  @Option(name: [.customShort("o"), .long], help: "The tokenizer.json to write.")
  var output: String

  @Option(help: "How text is cut into words: \(TrainingPattern.allCases.map(\.rawValue).joined(separator: ", ")).")
  var pattern = TrainingPattern.llama3.rawValue

  @Option(help: "Pairs that occur less often are not merged.")
  var minimumCount = 2

  @Option(help: "A special token; the first gets id 0 (default: <|endoftext|>).")
  var special: [String] = []

  @Flag(help: "Print one JSON object about the result.")
  var json = false

  func validate() throws {
    if TrainingPattern(rawValue: pattern) == nil {
      let known = TrainingPattern.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--pattern: '\(pattern)' is none of \(known)")
    }
    if minimumCount < 0 { throw ValidationError("--minimum-count must not be negative") }
  }

  func run() throws {
    var trainer = try BytePairTrainer(
      BytePairTrainer.Settings(
        vocabularySize: vocabulary, minimumCount: minimumCount,
        specialTokens: special.isEmpty ? ["<|endoftext|>"] : special,
        pattern: TrainingPattern(rawValue: pattern) ?? .llama3))
    let start = ContinuousClock.now
    let sizes = files.map { (try? FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int) ?? 0 }
    let total = max(sizes.reduce(0, +), 1)
    let reading = ProgressBar("reading")
    for (index, file) in files.enumerated() {
      let before = sizes[..<index].reduce(0, +)
      try trainer.add(file: file) { reading.update(Double(min(before + $0, total)) / Double(total)) }
    }
    reading.finish()
    let merging = ProgressBar("merging")
    let trained = try trainer.train { merging.update(Double($0) / Double(vocabulary)) }
    merging.finish()
    try write(trained.json)
    report(trained, trainer.wordCount, total, start.duration(to: .now))
  }

  private func write(_ file: JSON) throws {
    do {
      try Data(file.text(indent: 1).utf8).write(to: URL(filePath: output), options: .atomic)
    } catch {
      throw FileError(path: output, reason: error.localizedDescription)
    }
  }

  private func report(_ trained: TrainedTokenizer, _ words: Int, _ bytes: Int, _ time: Duration) {
    let count = trained.tokenizer.vocabulary.count
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    if json {
      return print(
        [
          "tokens": .integer(count), "words": .integer(words), "bytes": .integer(bytes), "seconds": .number(seconds),
          "output": .string(output),
        ] as JSON)
    }
    let rate = Double(bytes) / max(seconds, 1e-9) / 1e6
    Terminal.note(
      "wrote \(output): \(count) tokens from \(bytes) bytes with \(words) different words, "
        + "\((rate * 10).rounded() / 10) MB/s")
    if count < vocabulary { Terminal.note("no further pair occurs \(max(minimumCount, 1)) times") }
  }
}
