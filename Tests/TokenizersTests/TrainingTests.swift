import Foundation
import JSON
import TestSupport
import Testing
import Tokenizers

/// Training against Hugging Face's trainer (Scripts/fixtures/bpe_training.py), and its refusals.
@Suite struct TrainingTests {
  private static func settings(_ fixture: JSON) throws -> BytePairTrainer.Settings {
    BytePairTrainer.Settings(
      vocabularySize: try #require(fixture["size"]?.int), minimumCount: fixture["minimum"]?.int ?? 2,
      specialTokens: fixture["special"]?.array?.compactMap(\.string) ?? ["<|endoftext|>"],
      pattern: try #require(fixture["pattern"]?.string.flatMap(TrainingPattern.init)))
  }

  private func tokens(_ file: JSON) -> [String] { file["model"]?["vocab"]?.object?.map(\.key) ?? [] }

  private func merges(_ file: JSON) -> [String] {
    file["model"]?["merges"]?.array?.map { ($0.array ?? []).compactMap(\.string).joined(separator: " ") } ?? []
  }

  @Test func `tokens and merges of small texts equal the package's`() throws {
    let cases = try #require(try TestData.json(fixture: "tokenizers/trained.json")["cases"]?.array)
    #expect(cases.count == 16)
    for fixture in cases {
      var trainer = try BytePairTrainer(Self.settings(fixture))
      try trainer.add(try #require(fixture["text"]?.string))
      let trained = try trainer.train()
      let name = "\(fixture["pattern"]?.string ?? "") \(fixture["text"]?.string?.prefix(12) ?? "")"
      #expect(tokens(trained.json) == fixture["tokens"]?.array?.compactMap(\.string), "\(name)")
      #expect(merges(trained.json) == fixture["merges"]?.array?.compactMap(\.string), "\(name)")
    }
  }

  @Test(.enabled(if: TestData.isExpected), arguments: 0..<4)
  func `tokens, merges and ids of whole files equal the package's`(index: Int) throws {
    let fixture = try #require(try TestData.json(fixture: "tokenizers/trained.json")["files"]?.array?[index])
    let path = TestData.url("text/\(try #require(fixture["file"]?.string))").path
    var trainer = try BytePairTrainer(Self.settings(fixture))
    try trainer.add(file: path)
    let trained = try trainer.train()
    func digest(_ key: String) -> String? { fixture[key]?.string }
    #expect(TestSupport.digest(bytes: Array(tokens(trained.json).joined(separator: "\n").utf8)) == digest("tokens"))
    #expect(TestSupport.digest(bytes: Array(merges(trained.json).joined(separator: "\n").utf8)) == digest("merges"))
    let ids = try trained.tokenizer.encode([UInt8](Data(contentsOf: URL(filePath: path))))
    #expect(ids.count == fixture["count"]?.int)
    #expect(TestSupport.digest(bytes: Array(ids.map(String.init).joined(separator: ",").utf8)) == digest("ids"))
  }

  @Test(arguments: TrainingPattern.allCases) func `a text in parts gives the words of the whole`(
    pattern: TrainingPattern
  )
    throws
  {
    var generator = Generator(seed: 3)
    let bits = [
      "word", " word", "'ll", "'", " ", "  ", "\n", "\r\n", "123", "4", "É", "日本", "🙂", "...", "Case", "\t", "<|a|>",
      "<|a|>b",
      "<|", "a|",
    ]
    let settings = BytePairTrainer.Settings(
      vocabularySize: 400, specialTokens: ["<|a|>", "<|a|>bc"], pattern: pattern)
    for length in 1..<60 {
      let text = (0..<length).map { _ in bits[Int(generator.next() % UInt64(bits.count))] }.joined().utf8
      let bytes = Array(text)
      var (whole, parts) = (WordCounts(), WordCounts())
      var stream = try TrainingStream(settings)
      try stream.append(bytes, isLast: true, to: &whole)
      var position = 0
      while position < bytes.count {
        let end = min(bytes.count, position + 1 + Int(generator.next() % 7))
        try stream.append(Array(bytes[position..<end]), isLast: false, to: &parts)
        position = end
      }
      try stream.append([], isLast: true, to: &parts)
      #expect(whole.storage == parts.storage && whole.starts == parts.starts && whole.counts == parts.counts)
    }
  }

  @Test func `special tokens are whole and none is learnt into`() throws {
    var trainer = try BytePairTrainer(.init(vocabularySize: 300, specialTokens: ["<|end|>", "<pad>"]))
    try trainer.add(String(repeating: "one two three<|end|>", count: 20))
    let trained = try trainer.train()
    let tokenizer = trained.tokenizer
    #expect(tokenizer.id(of: "<|end|>") == 0 && tokenizer.id(of: "<pad>") == 1)
    let ids = try tokenizer.encode("one<|end|> two", parseSpecial: true)
    #expect(ids.count(where: { $0 == 0 }) == 1)
    #expect(try tokenizer.decode(ids) == Array("one<|end|> two".utf8))
    #expect(!tokens(trained.json).contains { $0 != "<|end|>" && $0.contains("|>") })
    let again = try Tokenizer(huggingFace: Array(trained.json.text(indent: 1).utf8))
    #expect(try again.encode("one two three") == tokenizer.encode("one two three"))
  }

  @Test func `every text comes back from a tokenizer that has only bytes`() throws {
    var trainer = try BytePairTrainer(.init(vocabularySize: 256, specialTokens: []))
    try trainer.add("x")
    let tokenizer = try trainer.train().tokenizer
    #expect(tokenizer.vocabulary.count == 256)
    for text in ["", "abc", "日本語 🙂\n", "\u{0}\u{7F}"] {
      let ids = try tokenizer.encode(text)
      #expect(ids.count == text.utf8.count)
      #expect(try tokenizer.decode(ids) == Array(text.utf8))
    }
  }

  @Test func `impossible settings and texts are refused`() throws {
    func refusal(_ settings: BytePairTrainer.Settings, _ text: [UInt8]? = nil) -> String {
      do throws(TokenizerError) {
        var trainer = try BytePairTrainer(settings)
        if let text { try trainer.add(text) }
        _ = try trainer.train()
        return "none"
      } catch { return error.description }
    }
    #expect(refusal(.init(vocabularySize: 256)).contains("the least is 257"))
    #expect(refusal(.init(vocabularySize: -5)).contains("the least is 257"))
    #expect(refusal(.init(vocabularySize: .max)).contains("the most is"))
    #expect(refusal(.init(vocabularySize: 300, specialTokens: ["<s>", "<s>"])).contains("twice"))
    #expect(refusal(.init(vocabularySize: 300, specialTokens: [""])).contains("two bytes"))
    #expect(refusal(.init(vocabularySize: 300)).contains("no text"))
    #expect(refusal(.init(vocabularySize: 300), []).contains("no text"))
    #expect(refusal(.init(vocabularySize: 300), [0x61, 0xFF, 0x62]).contains("byte 1"))
    #expect(refusal(.init(vocabularySize: 300), [0x61, 0xE2, 0x82]).contains("byte 1"))
  }

  @Test func `a file that cannot be used is named`() throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let wrong = folder.appending(path: "wrong.txt")
    // The wrong byte lies behind the first part that is read.
    try Data(
      [UInt8](repeating: 0x61, count: 10) + Array(repeating: [0x20, 0x62], count: 600_000).flatMap { $0 } + [0xC3]
    )
    .write(to: wrong)
    var trainer = try BytePairTrainer(.init(vocabularySize: 300))
    #expect(throws: TokenizerError.unreadable(path: wrong.path, "not UTF-8 at byte 1200010")) {
      try trainer.add(file: wrong.path)
    }
    #expect(throws: TokenizerError.self) { try trainer.add(file: folder.appending(path: "none").path) }
    #expect(throws: TokenizerError.self) { try trainer.add(file: folder.path) }
  }

  @Test func `a stretch that nothing cuts is refused before it fills memory`() throws {
    var stream = try TrainingStream(.init(vocabularySize: 300))
    var words = WordCounts()
    let part = [UInt8](repeating: 0x61, count: 1 << 22)
    #expect(throws: TokenizerError.self) {
      for _ in 0..<5 { try stream.append(part, isLast: false, to: &words) }
    }
  }
}
