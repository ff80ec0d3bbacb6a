import Foundation
import JSON
import TestSupport
import Testing
import Tokenizers

@Suite(.enabled(if: TestData.isExpected)) struct TraceTests {
  static let texts = [
    "", "Hello world", "The quick brown fox can't jump over 13 lazy dogs.", "Naïve café — 東京 🦊\n\t x  y",
    "<s>[INST] <|im_start|>user", String(repeating: "antidisestablishmentarianism", count: 12),
  ]

  private static func files() throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: TestData.url("tokenizers"), includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "tiktoken" || $0.pathExtension == "json" }
      + [TestData.url("stories260K/tokenizer.json")]
  }

  @Test func `a trace ends in the tokens of encode`() throws {
    for file in try Self.files() {
      let tokenizer = try Tokenizer.load(path: file.path)
      for text in Self.texts {
        for isSpecial in [false, true] {
          let trace = try tokenizer.trace(text, addSpecial: isSpecial, parseSpecial: isSpecial)
          let ids = try tokenizer.encode(text, addSpecial: isSpecial, parseSpecial: isSpecial)
          #expect(trace.tokens == ids, "\(file.lastPathComponent): \(text)")
        }
      }
    }
  }

  @Test func `merges in order make the words' tokens`() throws {
    var merged = 0
    for file in try Self.files() {
      let tokenizer = try Tokenizer.load(path: file.path)
      for case .text(let text) in try Self.texts.flatMap({ try tokenizer.trace($0).parts }) {
        for word in text.words where !word.merges.isEmpty {
          var pieces = word.symbols
          var offsets = pieces.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }.dropLast()
          for merge in word.merges {
            let place = try #require(offsets.firstIndex(of: merge.offset))
            #expect(pieces[place] == merge.left && pieces[place + 1] == merge.right)
            pieces[place] += pieces.remove(at: place + 1)
            offsets.remove(at: place + 1)
            merged += 1
          }
          #expect(pieces.flatMap { $0 } == word.bytes)
          #expect(pieces.count <= word.tokens.count)
        }
      }
    }
    #expect(merged > 100)
  }

  /// The file's own list of merges, applied the plain way: the pair with the lowest rank, leftmost, until there is none.
  @Test func `merges are those of the file's list, lowest rank first`() throws {
    let file = TestData.url("stories260K/tokenizer.json")
    let json = try JSON(parsing: [UInt8](Data(contentsOf: file)))
    let list = try #require(json["model"]?["merges"]?.array).map { item in
      item.string.map { $0.split(separator: " ").map(String.init) } ?? item.array?.compactMap(\.string) ?? []
    }
    let ranks = Dictionary(list.enumerated().map { ($1, $0) }) { first, _ in first }
    let tokenizer = try Tokenizer.load(path: file.path)
    var words = 0
    for case .text(let text) in try Self.texts.prefix(3).flatMap({ try tokenizer.trace($0).parts }) {
      for word in text.words {
        var pieces = word.symbols.map { String(decoding: $0, as: UTF8.self) }
        var expected: [[String]] = []
        while let rank = zip(pieces, pieces.dropFirst()).compactMap({ ranks[[$0, $1]] }).min() {
          let place = try #require(
            zip(pieces, pieces.dropFirst()).enumerated().first { ranks[[$1.0, $1.1]] == rank }?.offset)
          expected.append([pieces[place], pieces[place + 1]])
          pieces[place] += pieces.remove(at: place + 1)
        }
        let found = word.merges.map {
          [String(decoding: $0.left, as: UTF8.self), String(decoding: $0.right, as: UTF8.self)]
        }
        #expect(found == expected)
        words += found.count
      }
    }
    #expect(words > 20)
  }
}
