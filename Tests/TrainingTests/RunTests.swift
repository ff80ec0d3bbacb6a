import Architectures
import Checkpoints
import Foundation
import GraphIR
import JSON
import Quantization
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training
import TrainingEngine

/// Whole runs of tiny models in one process.
@Suite(.serialized) struct RunTests {
  /// Keeps what a run says.
  final class Events: TrainingObserver {
    let all = Mutex<[TrainingEvent]>([])
    let each: @Sendable (TrainingEvent) -> Void
    init(_ each: @escaping @Sendable (TrainingEvent) -> Void = { _ in }) { self.each = each }
    func observe(_ event: TrainingEvent) {
      all.withLock { $0.append(event) }
      each(event)
    }

    var losses: [Float] {
      all.withLock { $0.compactMap { if case .step(let report) = $0 { report.loss } else { nil } } }
    }
    var validations: [ValidationReport] {
      all.withLock { $0.compactMap { if case .validation(let report) = $0 { report } else { nil } } }
    }
    var samples: [SampleReport] {
      all.withLock { $0.compactMap { if case .sample(let report) = $0 { report } else { nil } } }
    }
  }

  struct Unexpected: Error {}

  static func recipe(_ changes: KeyValuePairs<String, JSON> = [:]) throws -> Recipe {
    let json: JSON = [
      "name": "small",
      "model": ["family": "gpt2", "layers": 2, "heads": 2, "width": 32, "context": 9, "tiedHead": false],
      "data": ["kind": "sort", "letters": "AB", "longest": 4, "usual": 3], "batch": 16, "steps": 60,
      "rate": ["form": "cosine", "peak": 0.003, "warmup": 10], "every": ["validation": 20, "samples": 30, "layers": 5],
      "samples": ["prompts": ["BA"], "tokens": 4, "temperature": 0],
    ]
    return try Recipe(json: changes.reduce(json) { $0.replacing([$1.key], by: $1.value) }, file: "test")
  }

  static func inFolder(_ body: (String) throws -> Void) throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  @Test func `a run learns, looks at itself and keeps what it learnt`() throws {
    try Self.inFolder { folder in
      let events = Events()
      let run = try TrainingRun(recipe: Self.recipe(["steps": 400]), folder: folder + "/a", options: threads(1))
      let outcome = try run.run(observer: events)
      #expect(outcome.reason == .finished && events.losses.count == 400)
      #expect(events.losses[0] > 0.9 && events.losses[399] < 0.1, "\(events.losses[399])")
      let last = try #require(outcome.validation)
      #expect(last.loss.isFinite && events.validations.count == 21)
      #expect(try #require(last.right) > 0 && last.sequences > 4)
      #expect(events.samples.last?.text == "AB" && events.samples.last?.prompt == "BA")
      // The folder's weights are the run's own, under the names of transformers.
      let file = try ModelFile(path: folder + "/a")
      let weights = try file.weights()
      for tensor in run.model.layout.tensors {
        #expect(try weights.tensor(tensor.name).floats() == Array(run.parameters[tensor.range]), "\(tensor.name)")
      }
      let stored = try SafetensorsFile(path: folder + "/a/model.safetensors")
      #expect(stored.shape("transformer.h.0.attn.c_attn.weight") == [32, 96])
    }
  }

  @Test(arguments: ["adamw", "muon"]) func `going on gives the bits of a run without a break`(kind: String) throws {
    try Self.inFolder { folder in
      let llama: JSON = ["family": "llama", "layers": 2, "heads": 2, "width": 32, "context": 9]
      let recipe = try Self.recipe(
        ["model": llama, "optimizer": ["kind": .string(kind)], "accumulation": 2, "steps": 30])
      let whole = Events()
      try _ = TrainingRun(recipe: recipe, folder: folder + "/whole", options: threads(1)).run(observer: whole)
      let broken = Events()
      for stop in [7, 8, 21] {
        let run =
          stop == 7
          ? try TrainingRun(recipe: recipe, folder: folder + "/broken", options: threads(1))
          : try TrainingRun(resuming: folder + "/broken", options: threads(stop % 2 + 1))
        let events = Events { [control = run.control] event in
          if case .step(let report) = event, report.step == stop { control.stop() }
        }
        #expect(try run.run(observer: events).reason == .stopped)
        broken.all.withLock { all in all += events.all.withLock { $0 } }
      }
      _ = try TrainingRun(resuming: folder + "/broken", options: threads(1)).run(observer: broken)
      #expect(whole.losses.count == 30 && broken.losses.map(\.bitPattern) == whole.losses.map(\.bitPattern))
      let files = try ["whole", "broken"].map {
        try Data(contentsOf: URL(filePath: "\(folder)/\($0)/model.safetensors"))
      }
      #expect(files[0] == files[1])
    }
  }

  private func threads(_ count: Int) -> TrainingOptions {
    var options = TrainingOptions()
    options.threads = count
    return options
  }

  @Test func `gradients of several passes are those of one`() throws {
    try Self.inFolder { folder in
      let (one, several) = (Events(), Events())
      _ = try TrainingRun(recipe: Self.recipe(["batch": 32, "steps": 3]), folder: folder + "/1", options: threads(1))
        .run(observer: one)
      _ = try TrainingRun(
        recipe: Self.recipe(["batch": 8, "accumulation": 4, "steps": 3]), folder: folder + "/2", options: threads(1)
      )
      .run(observer: several)
      for (a, b) in zip(one.losses, several.losses) { #expect(abs(a - b) < 1e-5, "\(a) \(b)") }
    }
  }

  @Test func `pausing, another rate and stopping are heard`() throws {
    try Self.inFolder { folder in
      let run = try TrainingRun(
        recipe: Self.recipe(["rate": ["peak": 0.001], "steps": 50]), folder: folder + "/a", options: threads(1))
      let control = run.control
      let events = Events { event in
        switch event {
        case .step(let report) where report.step == 5: control.pause()
        case .paused:
          Thread.detachNewThread {
            control.rateFactor = 0.5
            control.resume()
          }
        case .step(let report) where report.step == 9: control.stop()
        default: break
        }
      }
      let outcome = try run.run(observer: events)
      #expect(outcome.reason == .stopped && outcome.step == 9)
      let rates = events.all.withLock {
        $0.compactMap { if case .step(let report) = $0 { report.rate } else { Double?.none } }
      }
      #expect(rates == [Double](repeating: 0.001, count: 5) + [Double](repeating: 0.0005, count: 4))
      #expect(try TrainingRun(resuming: folder + "/a").control.rateFactor == 0.5)
    }
  }

  @Test func `a folder of another run or of other data is refused`() throws {
    try Self.inFolder { folder in
      let text = folder + "/text.txt"
      try Data(String(repeating: "abc def ", count: 60).utf8).write(to: URL(filePath: text))
      let recipe = try Self.recipe([
        "data": ["kind": "text", "path": .string(text)], "steps": 2, "samples": ["prompts": ["a"]],
      ])
      _ = try TrainingRun(recipe: recipe, folder: folder + "/a", options: threads(1)).run(observer: Events())
      #expect(throws: TrainingError.self) {
        try TrainingRun(recipe: recipe, folder: folder + "/a", options: threads(1))
      }
      try Data(String(repeating: "cba fed ", count: 60).utf8).write(to: URL(filePath: text))
      #expect(performing: { try TrainingRun(resuming: folder + "/a") }, throws: { "\($0)".contains("changed") })
      #expect(throws: TrainingError.self) { try TrainingRun(resuming: folder) }
    }
  }
}
