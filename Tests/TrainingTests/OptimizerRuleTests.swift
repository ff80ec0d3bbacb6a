import Foundation
import GraphIR
import JSON
import Runtime
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training
import TrainingEngine

/// Which weights decay, how gradients are clipped, and what several passes add up to, by PyTorch's formulas.
@Suite(.serialized) struct OptimizerRuleTests {
  private func model(_ changes: [JSON.Member] = []) throws -> TrainableModel {
    let usual: [JSON.Member] = [
      .init("family", "gpt2"), .init("layers", 1), .init("heads", 2), .init("width", 8), .init("context", 6),
      .init("tiedHead", false),
    ]
    let sizes = JSON.object(usual.filter { member in !changes.contains { $0.key == member.key } } + changes)
    guard case .new(let model) = try RunTests.recipe(["model": sizes]).model else { throw RunTests.Unexpected() }
    return try TrainableModel(new: model, config: model.config(vocabularySize: 5, begin: nil, end: nil), name: "test")
  }

  /// The weights that a step without any gradient makes smaller: by `1 − rate · weightDecay`, as torch.optim.AdamW.
  private func decaying(_ settings: OptimizerSettings, _ model: TrainableModel) throws -> Set<String> {
    let layout = model.layout
    let (weights, gradients) = (try FloatBuffer(count: layout.count), try FloatBuffer(count: layout.count))
    weights.values.update(repeating: 1)
    try Optimizer(settings, layout: layout, team: ThreadTeam(count: 1))
      .step(1, rate: 0.5, parameters: weights, gradients: gradients)
    var names: Set<String> = []
    for tensor in layout.tensors {
      let values = Set(weights[tensor.range])
      #expect(values == [1] || values == [Float(1 - 0.5 * settings.weightDecay)], "\(tensor.name): \(values)")
      if values != [1] { names.insert(tensor.name) }
    }
    return names
  }

  static let maps: Set<String> = [
    "blk.0.attn_qkv.weight", "blk.0.attn_output.weight", "blk.0.ffn_up.weight", "blk.0.ffn_down.weight",
  ]

  @Test(arguments: [OptimizerSettings.Kind.adamw, .muon])
  func `norms and biases never decay, embeddings only among all matrices`(kind: OptimizerSettings.Kind) throws {
    func settings(_ decays: OptimizerSettings.Decaying, _ decay: Double = 0.5) -> OptimizerSettings {
      OptimizerSettings(kind: kind, weightDecay: decay, decays: decays)
    }
    let model = try model()
    let names = Set(model.layout.tensors.map(\.name))
    #expect(names.contains("blk.0.attn_norm.bias") && names.contains("blk.0.ffn_up.bias"))
    let head = Self.maps.union(["output.weight"])
    #expect(try decaying(settings(.maps), model) == head)
    #expect(
      try decaying(settings(.matrices), model) == head.union(["token_embd.weight", "position_embd.weight"]))
    #expect(try decaying(settings(.none), model) == [])
    #expect(try decaying(settings(.matrices, 0), model) == [])
    // A head that is the embedding is no map of its own.
    #expect(try decaying(settings(.maps), self.model([.init("tiedHead", true)])) == Self.maps)
    let llama = try self.model([.init("family", "llama")])
    let decayed = try decaying(settings(.maps), llama)
    #expect(decayed.count == 8 && decayed.contains("output.weight"), "\(decayed)")
    #expect(!decayed.contains { $0.contains("norm") || $0.contains("embd") })
  }

  private func run(_ changes: KeyValuePairs<String, JSON>, _ folder: String) throws -> TrainingRun {
    var options = TrainingOptions()
    (options.threads, options.savesModel) = (1, false)
    return try TrainingRun(recipe: RunTests.recipe(changes), folder: folder, options: options)
  }

  @Test(arguments: [0, 1e-3, 1e9]) func `gradients are clipped as by clip_grad_norm_`(clip: Double) throws {
    try RunTests.inFolder { folder in
      // With a large epsilon AdamW's first change is nearly the gradient, not its sign.
      let settings: JSON = ["kind": "adamw", "epsilon": 1, "weightDecay": 0, "clip": .number(clip)]
      let run = try run(
        ["optimizer": settings, "steps": 1, "rate": ["peak": 0.5], "every": ["validation": 0, "samples": 0]],
        folder + "/a")
      let before = Array(run.parameters.values)
      let events = RunTests.Events()
      _ = try run.run(observer: events)
      let norms = events.all.withLock {
        $0.compactMap { if case .step(let report) = $0 { report.gradientNorm } else { Double?.none } }
      }
      let gradients = run.gradients.values.map { Double($0) }
      let total = gradients.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(norms.count == 1 && abs(norms[0] - total) < 1e-6 * total && total > 0.1)
      let factor = clip > 0 ? min(1, clip / (total + 1e-6)) : 1
      #expect(clip != 1e-3 || factor < 0.01)
      var (error, largest) = (0.0, 0.0)
      for (index, gradient) in gradients.enumerated() {
        let change = 0.5 * gradient * factor / (abs(gradient * factor) + 1)
        error = max(error, abs(Double(before[index]) - Double(run.parameters.values[index]) - change))
        largest = max(largest, abs(change))
      }
      #expect(error < 1e-7 + 1e-4 * largest, "\(error) of \(largest)")
    }
  }

  @Test func `gradients of several passes add up to those of one`() throws {
    try RunTests.inFolder { folder in
      let quiet: JSON = ["validation": 0, "samples": 0]
      let all = try [(32, 1), (8, 4), (1, 32)].map { batch, passes in
        let run = try run(
          ["batch": .integer(batch), "accumulation": .integer(passes), "steps": 1, "every": quiet],
          "\(folder)/\(batch)")
        let events = RunTests.Events()
        _ = try run.run(observer: events)
        return (layout: run.model.layout, slopes: Array(run.gradients.values), loss: try #require(events.losses.first))
      }
      for other in all[1...] {
        #expect(abs(other.loss - all[0].loss) < 1e-6)
        for tensor in all[0].layout.tensors {
          let (a, b) = (all[0].slopes[tensor.range], other.slopes[tensor.range])
          let difference = zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
          let size = a.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
          #expect(size > 0 && difference < 1e-5 * size, "\(tensor.name): \(difference) of \(size)")
        }
      }
    }
  }
}
