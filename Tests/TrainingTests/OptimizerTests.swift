import Foundation
import GraphIR
import JSON
import Runtime
import TensorCore
import TestSupport
import Testing
import Training
import TrainingEngine

/// Optimizers and schedules beside what PyTorch computes (`Scripts/fixtures/optimizers.py`).
@Suite struct OptimizerTests {
  static func fixture() throws -> JSON { try TestData.json(fixture: "training/optimizers.json") }

  /// One linear map in a block, so that Muon takes its weight.
  private func layout(_ rows: Int, _ columns: Int) throws -> ParameterLayout {
    let g = GraphBuilder()
    let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("table", [3, columns]))
    let y = g.scope("blocks.0", weights: "blk.0") { x.linear("ffn_up", rows) }
    return ParameterLayout(try g.finish(y)) { $0.hasPrefix("blk") }
  }

  @Test(arguments: 0..<6) func `steps equal PyTorch's`(number: Int) throws {
    let fixture = try Self.fixture()
    let all = try #require(fixture["cases"]?.array)
    #expect(all.count == 6)
    let example = all[number]
    let shape = try #require(example["shape"]?.array).compactMap(\.int)
    let expected = try #require(example["values"]?.array).compactMap(\.double)
    let rate = try #require(fixture["rate"]?.double)
    let isMuon = example["kind"]?.string == "muon"
    let settings = OptimizerSettings(
      kind: isMuon ? .muon : .adamw, weightDecay: try #require(example["decay"]?.double))
    let layout = try layout(shape[0], shape[1])
    let (weights, gradients) = (try FloatBuffer(count: layout.count), try FloatBuffer(count: layout.count))
    let count = shape[0] * shape[1]
    for index in 0..<count { weights.values[index] = Float(cos(Double(index) * 0.3) * 0.1) }
    let optimizer = try Optimizer(settings, layout: layout, team: ThreadTeam(count: 2))
    for step in 0..<(try #require(fixture["steps"]?.int)) {
      for index in 0..<count {
        let angle = Double(index * index) * 0.37 + Double(step) * 1.3
        gradients.values[index] = Float(2 * sin(angle) * (0.5 + 0.1 * Double(step)))
      }
      // Gradients are read halved.
      optimizer.step(step + 1, rate: rate, parameters: weights, gradients: gradients, scale: 0.5)
    }
    #expect(expected.count == count)
    let error = zip(weights.values, expected).map { abs(Double($0) - $1) }.max() ?? 1
    // Five iterations of the quintic raise rounding by up to 3.4445⁵.
    #expect(error <= (isMuon ? 1e-4 : 1e-6), "\(error)")
  }

  @Test func `learning rates equal PyTorch's`() throws {
    let schedules = try #require(try Self.fixture()["schedules"])
    for (name, form) in [("cosine", LearningRate.Form.cosine), ("linear", .linear)] {
      let expected = try #require(schedules[name]?.array).compactMap(\.double)
      let rate = LearningRate(peak: 1, final: 0.1, form: form, steps: 20)
      #expect(expected.count == 20)
      for (step, value) in expected.enumerated() {
        #expect(abs(rate.rate(at: step) - value) < 1e-12, "\(name) \(step)")
      }
    }
  }

  @Test func `a rate rises and falls where it should`() {
    let stable = LearningRate(peak: 2, warmup: 3, final: 1, form: .stableThenDecay(4), steps: 12)
    #expect((0..<13).map { stable.rate(at: $0) } == [0.5, 1, 1.5, 2, 2, 2, 2, 2, 2, 1.75, 1.5, 1.25, 1])
    // nanoGPT's get_lr, at steps of its own configuration.
    let nano = LearningRate(peak: 1e-3, warmup: 100, final: 1e-4, form: .cosine, steps: 2000)
    #expect(abs(nano.rate(at: 0) - 1e-3 / 101) < 1e-12 && nano.rate(at: 100) == 1e-3)
    #expect(abs(nano.rate(at: 1050) - 5.5e-4) < 1e-12 && abs(nano.rate(at: 2000) - 1e-4) < 1e-12)
    #expect(LearningRate(peak: 1, warmup: 0, steps: 5).rate(at: 4) == 1)
  }
}
