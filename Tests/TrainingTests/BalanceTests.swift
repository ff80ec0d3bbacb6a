import Foundation
import JSON
import TestSupport
import Testing
import Training

/// The load-balancing loss of a run beside transformers' (`Scripts/fixtures/balance.py`).
@Suite struct BalanceTests {
  /// The loss of the first step on the fixture's texts.
  private func loss(_ texts: [String], balance: Double, batch: Int, accumulation: Int) throws -> Double {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let corpus = folder.appending(path: "texts")
    try FileManager.default.createDirectory(at: corpus, withIntermediateDirectories: true)
    for (number, text) in texts.enumerated() {
      try Data(text.utf8).write(to: corpus.appending(path: "\(number).txt"))
    }
    let model = TestData.url("oracles/mixtral").path
    let recipe = try Recipe.fineTuning(model: model, data: corpus.path, rank: nil)
      .replacing("data", "vocabulary", by: "characters").replacing("model", "context", by: 64)
      .replacing("steps", by: 1).replacing("batch", by: .integer(batch))
      .replacing("accumulation", by: .integer(accumulation)).replacing("balance", by: .number(balance))
      .replacing("every", by: ["validation": 0, "samples": 0])
    var options = TrainingOptions()
    (options.threads, options.savesModel) = (1, false)
    let events = RunTests.Events()
    _ = try TrainingRun(recipe: recipe, folder: folder.path + "/run", options: options).run(observer: events)
    return Double(try #require(events.losses.first))
  }

  @Test(.enabled(if: TestData.isExpected)) func `the loss grows by what transformers computes`() throws {
    let fixture = try TestData.json(fixture: "training/balance.json")
    let texts = try #require(fixture["texts"]?.array).compactMap(\.string)
    let rows = try #require(fixture["rows"]?.array).compactMap(\.double)
    let alone = try #require(fixture["alone"]?.array).compactMap(\.double)
    let together = try #require(fixture["together"]?.double)
    let plain = try loss(texts, balance: 0, batch: 2, accumulation: 1)
    #expect(abs(plain - (try #require(fixture["loss"]?.double))) < 1e-5, "\(plain)")
    let once = try loss(texts, balance: 0.5, batch: 2, accumulation: 1)
    #expect(abs(once - plain - 0.5 * together) < 1e-5, "\(once)")
    // Passes of one step each balance their own rows, and count by them.
    let apart = try loss(texts, balance: 0.5, batch: 1, accumulation: 2)
    let mean = (alone[0] * rows[0] + alone[1] * rows[1]) / (rows[0] + rows[1])
    #expect(abs(apart - plain - 0.5 * mean) < 1e-5 && abs(mean - together) > 1e-3, "\(apart)")
  }

  @Test func `a model without experts has nothing to balance`() throws {
    try RunTests.inFolder { folder in
      let recipe = try RunTests.recipe(["balance": 0.01])
      #expect(
        performing: { try TrainingRun(recipe: recipe, folder: folder + "/a") },
        throws: { ($0 as? RecipeError)?.key == "balance" && "\($0)".contains("no experts") })
      #expect(throws: RecipeError.self) { try RunTests.recipe(["balance": -1]) }
    }
  }
}
