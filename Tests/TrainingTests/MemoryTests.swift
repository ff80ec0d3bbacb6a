import Foundation
import JSON
import TestSupport
import Testing
import Training
import TrainingEngine

/// What a run takes, and what is too much.
@Suite(.serialized) struct MemoryTests {
  private func options(limit: Int? = nil) -> TrainingOptions {
    var options = TrainingOptions()
    (options.threads, options.memoryLimit) = (1, limit)
    return options
  }

  /// Sequences of one text, so that every step is full.
  private func recipe(_ family: String, layers: Int, folder: String, recomputes: Bool) throws -> Recipe {
    let text = folder + "/text.txt"
    try Data(String(repeating: "the owl sold the lantern to a bear. ", count: 40).utf8).write(to: URL(filePath: text))
    let model: JSON = [
      "family": .string(family), "layers": .integer(layers), "heads": 2, "width": 32, "context": 64,
    ]
    return try RunTests.recipe([
      "model": model, "data": ["kind": "text", "path": .string(text)], "batch": 4, "steps": 8,
      "every": ["validation": 4, "samples": 0], "recompute": .bool(recomputes),
    ])
  }

  @Test(arguments: ["gpt2", "llama"], [0, 0.2])
  func `layers computed again take less memory and give the same bits`(family: String, dropout: Double) throws {
    try RunTests.inFolder { folder in
      var (losses, bytes): ([[UInt32]], [Int]) = ([], [])
      for recomputes in [false, true] {
        let recipe = try recipe(family, layers: 6, folder: folder, recomputes: recomputes)
          .replacing("dropout", by: .number(dropout))
        let run = try TrainingRun(recipe: recipe, folder: "\(folder)/\(recomputes)", options: options())
        let events = RunTests.Events()
        _ = try run.run(observer: events)
        losses.append(events.losses.map(\.bitPattern))
        bytes.append(run.memoryBytes)
      }
      #expect(losses[0].count == 8 && losses[0] == losses[1])
      #expect(Double(bytes[1]) < 0.75 * Double(bytes[0]), "\(bytes)")
    }
  }

  @Test func `a run that needs more than there is is refused with what would help`() throws {
    try RunTests.inFolder { folder in
      let recipe = try recipe("gpt2", layers: 3, folder: folder, recomputes: false)
      let needed = try TrainingRun(recipe: recipe, folder: folder + "/a", options: options()).memoryBytes
      let few = try recipe.replacing("recompute", by: true)
      let less = try TrainingRun(recipe: few, folder: folder + "/b", options: options()).memoryBytes
      #expect(less < needed)
      let limit = needed - 1
      #expect(
        performing: { try TrainingRun(recipe: recipe, folder: folder + "/c", options: options(limit: limit)) },
        throws: { error in
          guard case TrainingError.memory(needed, limit, _) = error else { return false }
          let words = ["(\(needed) bytes)", "(\(limit) bytes)", "--recompute", "batch below 4", "context below 64"]
          return words.allSatisfy { "\(error)".contains($0) }
        })
      // What was proposed is enough, and not proposed again.
      _ = try TrainingRun(recipe: few, folder: folder + "/d", options: options(limit: limit))
      #expect(
        performing: { try TrainingRun(recipe: few, folder: folder + "/e", options: options(limit: less - 1)) },
        throws: { !"\($0)".contains("--recompute") && "\($0)".contains("a smaller model") })
      // The weights alone are too much.
      #expect(
        performing: { try TrainingRun(recipe: recipe, folder: folder + "/f", options: options(limit: 1000)) },
        throws: { if case TrainingError.memory(_, 1000, _) = $0 { true } else { false } })
      #expect(!FileManager.default.fileExists(atPath: folder + "/c/checkpoint.safetensors"))
    }
  }

  @Test(.enabled(if: TestData.isExpected)) func `the model below low-rank changes counts once`() throws {
    try RunTests.inFolder { folder in
      let text = folder + "/text.txt"
      try Data(String(repeating: "The owl sold the lantern. ", count: 60).utf8).write(to: URL(filePath: text))
      func run(rank: Int?, _ name: String, limit: Int? = nil) throws -> TrainingRun {
        let recipe = try Recipe.fineTuning(model: TestData.url("stories260K").path, data: text, rank: rank)
          .replacing("steps", by: 2).replacing("model", "context", by: 32)
        return try TrainingRun(recipe: recipe, folder: "\(folder)/\(name)", options: options(limit: limit))
      }
      let (whole, few) = (try run(rank: nil, "whole"), try run(rank: 2, "few"))
      let weights = whole.model.weightCount * 4
      // Weights, gradients and two moments of all; the frozen weights and little beside them.
      #expect(whole.memoryBytes > 4 * weights && few.memoryBytes > weights)
      #expect(few.memoryBytes < whole.memoryBytes - 2 * weights)
      #expect(
        performing: { try run(rank: 2, "a", limit: few.memoryBytes - 1) },
        throws: { if case TrainingError.memory = $0 { "\($0)".contains("fewer weights") } else { false } })
      #expect(
        performing: { try run(rank: nil, "b", limit: few.memoryBytes) },
        throws: { if case TrainingError.memory = $0 { "\($0)".contains("--lora") } else { false } })
      #expect(try run(rank: 2, "c", limit: few.memoryBytes).run(observer: RunTests.Events()).reason == .finished)
    }
  }

  @Test func `a pass of more rows than can be counted is refused by name`() throws {
    try RunTests.inFolder { folder in
      let recipe = try recipe("gpt2", layers: 1, folder: folder, recomputes: false)
        .replacing("batch", by: 65536).replacing("model", "context", by: 1024)
      #expect(
        performing: { try TrainingRun(recipe: recipe, folder: folder + "/a", options: options()) },
        throws: { "\($0)".contains("batch: 65536 sequences of 1024 rows") })
    }
  }
}
