import ArgumentParser
import Foundation
import JSON
import Stories
import TensorCore

/// Writes stories of the package's grammar, or checks texts by it.
struct StoriesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stories",
    abstract: "Write short stories by a grammar, or check that texts are such stories and keep their facts.",
    discussion: """
      Stories go to standard output, one paragraph each with a blank line between; the same seed gives the same stories \
      everywhere. A checked file holds texts apart by blank lines or by <|endoftext|>; the exit code is 1 where a text \
      fails.

      Examples:
        orrery stories --count 3 --seed 1
        orrery stories --count 150000 --separator "<|endoftext|>" > corpus.txt
        orrery stories --check samples.txt --json
        orrery stories --count 100000 --variety
      """)

  @Option(help: "Stories to write.")
  var count = 1

  @Option(help: "The seed, from 0.")
  var seed: UInt64 = 1

  @Option(help: "Number of the first story: the stories of one seed go on without end.")
  var first = 0

  @Option(help: "What stands between stories (default: a blank line).")
  var separator: String?

  @Option(help: "Check the texts of this file (- is standard input) instead of writing.", completion: .file())
  var check: String?

  @Flag(help: "Measure how much the stories vary instead of writing them.")
  var variety = false

  @Flag(help: "Print one JSON object: about what was checked or measured.")
  var json = false

  func validate() throws {
    if count < 0 { throw ValidationError("--count must not be negative") }
    if first < 0 || first > Int.max - count { throw ValidationError("--first must be a story's number, from 0") }
    if json, check == nil, !variety { throw ValidationError("--json goes with --check or --variety") }
  }

  func run() throws {
    if let check { return try report(check) }
    let writer = StoryWriter(seed: seed)
    if variety { return measure(writer) }
    let between = Array((separator ?? "\n\n").utf8)
    var buffer: [UInt8] = []
    for number in 0..<count {
      buffer += writer.story(first + number).text.utf8
      buffer += number + 1 < count ? between : Array((separator ?? "\n").utf8)
      if buffer.count > 1 << 16 || number + 1 == count {
        Terminal.write(buffer)
        buffer.removeAll(keepingCapacity: true)
      }
    }
  }

  private func report(_ path: String) throws {
    let bytes = path == "-" ? try Terminal.readAll() : try MappedFile(path: path).withBytes { [UInt8]($0) }
    let texts = StoryTexts.split(bytes)
    guard !texts.isEmpty else { throw ValidationError("\(path): there is no text to check") }
    let checker = StoryChecker()
    var failures: [(number: Int, failure: StoryChecker.Failure)] = []
    for (number, text) in texts.enumerated() {
      if case .fails(let failure) = checker.check(text) { failures.append((number, failure)) }
    }
    let kept = texts.count - failures.count
    if json {
      print(
        [
          "texts": .integer(texts.count), "kept": .integer(kept),
          "rate": .number(Double(kept) / Double(texts.count)),
          "failures": .array(
            failures.map {
              [
                "text": .integer($0.number), "sentence": .integer($0.failure.sentence),
                "kind": .string($0.failure.kind.rawValue), "says": .string($0.failure.text),
                "reason": .string($0.failure.reason),
              ]
            }),
        ] as JSON)
    } else {
      for (number, failure) in failures { print("text \(number + 1), \(failure)") }
      print("\(kept) of \(texts.count) texts are stories of the grammar and keep their facts")
    }
    if !failures.isEmpty {
      Terminal.flush()
      throw ExitCode(1)
    }
  }

  private func measure(_ writer: StoryWriter) {
    let bar = ProgressBar("measuring")
    var found = StoryVariety()
    for number in 0..<count {
      found.add(writer.story(first + number))
      if number % 1000 == 0 { bar.update(Double(number) / Double(count)) }
    }
    bar.finish()
    let rows: [(String, Int)] = [
      ("stories", found.stories), ("distinctStories", found.distinctStories), ("bytes", found.bytes),
      ("words", found.wordCount), ("distinctWords", found.distinctWords),
      ("shortest", found.stories > 0 ? found.shortest : 0),
      ("longest", found.longest), ("sentences", found.sentenceCount), ("distinctSentences", found.distinctSentences),
      ("distinctPlots", found.distinctPlots), ("formsOfTheGrammar", writer.grammar.formCount),
      ("formsUsed", found.distinctForms),
    ]
    if json {
      let members = rows.map { JSON.Member($0.0, .integer($0.1)) } + [.init("meanWords", .number(found.meanWords))]
      return print(JSON.object(members))
    }
    for (name, value) in rows { print("\(name): \(value)") }
    print("meanWords: \((found.meanWords * 10).rounded() / 10)")
  }
}
