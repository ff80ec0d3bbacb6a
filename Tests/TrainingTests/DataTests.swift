import Foundation
import JSON
import TestSupport
import Testing
import Tokenizers
import Training

/// What models learn from: its order, what is held out, what counts.
@Suite struct DataTests {
  static func prepared(_ recipe: Recipe) throws -> PreparedData { try PreparedData(recipe) }

  private func text(_ content: String, _ body: (String) throws -> Void) throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "text.txt")
    try Data(content.utf8).write(to: path)
    try body(path.path)
  }

  @Test func `sorting holds out a third of the words of six letters and never learns them`() throws {
    let prepared = try Self.prepared(.bundled("sort"))
    let (data, tokenizer) = (prepared.data, prepared.tokenizer)
    let words = try data.heldOut.map { try tokenizer.decode($0.tokens.prefix { $0 != 3 }) }
    let six = Set(words.filter { $0.count == 6 })
    #expect(six.count >= 243 && six.count < 729 && data.hasAnswers)
    for step in 0..<200 {
      for sequence in try data.sequences(step: step, seed: 7, count: 64) {
        let parts = sequence.tokens.split(separator: 3, omittingEmptySubsequences: false)
        #expect(parts.count == 3 && parts[1] == parts[0].sorted()[...] && parts[2].isEmpty)
        #expect(!six.contains(try tokenizer.decode(parts[0])))
        let counted = zip(sequence.tokens.dropFirst(), sequence.counts).filter(\.1).map(\.0)
        #expect(counted == parts[1] + [3])
      }
    }
    #expect(try tokenizer.encode("CAB") == [2, 0, 1, 3])
  }

  @Test func `the order follows from seed and step alone`() throws {
    for name in ["sort", "stories"] {
      let data = try Self.prepared(
        .bundled(name).replacing(
          "data", by: name == "sort" ? ["kind": "sort"] : ["kind": "stories", "learntFrom": 200])
      ).data
      let once = try data.sequences(step: 5, seed: 1, count: 8)
      _ = try data.sequences(step: 3, seed: 9, count: 8)
      #expect(try data.sequences(step: 5, seed: 1, count: 8) == once)
      #expect(try data.sequences(step: 6, seed: 1, count: 8) != once)
      #expect(try data.sequences(step: 5, seed: 2, count: 8) != once)
    }
  }

  @Test func `characters are nanoGPT's and the last tenth is held out whole`() throws {
    let content = String(repeating: "To be, or not to be: that is the question.\nÄ\n", count: 40)
    try text(content) { path in
      let recipe = try Recipe.bundled("shakespeare-char").replacing("data", "path", by: .string(path))
      let prepared = try Self.prepared(recipe)
      let characters = Set(content.unicodeScalars).sorted()
      let ids = try prepared.tokenizer.encode(content, addSpecial: false)
      let order = Dictionary(uniqueKeysWithValues: characters.enumerated().map { ($1, Int32($0)) })
      #expect(ids == content.unicodeScalars.compactMap { order[$0] })
      let heldOut = prepared.data.heldOut
      let count = ids.count - ids.count * 9 / 10
      #expect(heldOut.reduce(0) { $0 + $1.rowCount } == count - 1)
      #expect(Array(heldOut[0].tokens) == Array(ids[(ids.count * 9 / 10)...].prefix(65)))
      #expect(zip(heldOut, heldOut.dropFirst()).allSatisfy { $0.tokens.last == $1.tokens.first })
      for sequence in try prepared.data.sequences(step: 0, seed: 1, count: 12) { #expect(sequence.rowCount == 64) }
    }
  }

  @Test func `documents come once each before any comes again`() throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    for number in 0..<7 {
      try Data(String(repeating: "word\(number) ", count: 30).utf8).write(
        to: folder.appending(path: "\(number).txt"))
    }
    try Data([0xFF, 0xFE, 0x00]).write(to: folder.appending(path: "picture.png"))
    let recipe = try Recipe.bundled("shakespeare-char").replacing(
      "data", by: ["kind": "text", "path": .string(folder.path), "order": "documents", "vocabulary": 300])
    let prepared = try Self.prepared(recipe)
    #expect(prepared.notices.count == 1 && prepared.notices[0].contains("picture.png"))
    let all = try (0..<50).flatMap { try prepared.data.sequences(step: $0, seed: 3, count: 1) }
    let round = Set(all).count
    #expect(round >= 7 && Set(all[..<round]).count == round && Set(all[round..<min(50, 2 * round)]).count > round / 2)
  }

  @Test(arguments: ["", "\u{FFFD}", "short"]) func `a text that cannot be learnt from is refused`(content: String)
    throws
  {
    try text(content) { path in
      if content == "\u{FFFD}" { try Data([0x61, 0xFF, 0x62]).write(to: URL(filePath: path)) }
      let recipe = try Recipe.bundled("shakespeare-char").replacing("data", "path", by: .string(path))
      #expect(performing: { try Self.prepared(recipe) }, throws: { "\($0)".contains("text.txt") })
    }
    #expect(throws: (any Error).self) { try Self.prepared(.bundled("shakespeare-char")) }
  }
}
