import Architectures
import Foundation
import Generation
import Scenes
import Serving
import TestSupport
import Testing

/// Texts whose values do not all fit: pictures of all from one reading, rows worked out again where somebody looks.
@Suite(.enabled(if: TestData.isExpected)) struct LongTextTests {
  @Test(arguments: ["llama", "gpt2", "mixtral", "gpt-oss", "gemma3", "deepseek-v2", "qwen3-next", "mamba2"])
  func `one reading makes the pictures that rows make`(family: String) throws {
    let folder = TestData.url("oracles/\(family)").path
    let app = AppModel(folder: ModelFolder(path: folder))
    try app.load(app.add(path: folder))
    let vocabulary = try app.current().model.config.vocabularySize
    let tokens = (0..<70).map { Int32(($0 * 37 + 11) % vocabulary) }
    let whole = try app.sceneCells(tokens)
    let short = try app.sceneCells(Array(tokens.prefix(45)), budget: 1 << 12)
    try compare(short, with: app.sceneCells(Array(tokens.prefix(45))), family)
    // More tokens of the same text are read on.
    try compare(app.sceneCells(tokens, beginning: short), with: whole, family)
  }

  private func compare(_ cells: SceneCells, with other: SceneCells, _ family: String) throws {
    var (compared, numbers) = (0, 0)
    for size in [4, 16] {
      for block in cells.scene.blocks where block.kind != .weight {
        guard let seen = try cells.averages(ofWhole: block, copy: 0, side: size, inOneReading: true) else { continue }
        let expected = try #require(try other.averages(ofWhole: block, copy: 0, side: size, inOneReading: false))
        #expect(seen.count == expected.count, "\(family) \(block.name)")
        // Rows in other company may round a kept key or value the other way.
        let size = expected.lazy.filter(\.isFinite).map(abs).max() ?? 0
        for (a, b) in zip(seen, expected) where a.isFinite || b.isFinite {
          #expect(abs(a - b) <= 2e-4 * size, "\(family) \(block.name)")
          numbers += 1
        }
        compared += 1
      }
    }
    #expect(compared > 20 && numbers > 1000, "\(family): \(compared) pictures, \(numbers) numbers")
  }
}
