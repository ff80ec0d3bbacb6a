import Architectures
import GradientFixtures
import Gradients
import GraphIR
import JSON
import Kernels
import TestSupport
import Testing
import TrainingEngine

/// The five families on the engine against PyTorch.
@Suite struct EngineTorchTests {
  static func run(
    _ step: TorchStep, threads: Int = 2, recomputing: Recomputation = .none, products: ProductPrecision = .float32,
    taps: Set<String> = [], wanting: (String) -> Bool = { _ in true }
  ) throws -> EngineRun {
    let weights = try step.weights()
    let graph = try step.model.graph.differentiated(step.objective, recomputing: recomputing, wanting: wanting)
    var options = TrainingEngineOptions(maximumTokens: step.sequences.joined().count + 3)
    (options.threads, options.products, options.taps, options.context) = (threads, products, taps, 32)
    return try EngineRun(graph, weights: { weights[$0] ?? [] }, options: options, wanting: wanting)
  }

  static func norm(_ values: [Float]) -> Double { values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }

  @Test(arguments: TorchStep.families) func `gradients equal PyTorch's`(family: String) throws {
    let step = try TorchStep(family)
    let weights = try step.weights()
    var run = try Self.run(step)
    let loss = try run.run(TrainingBatch(sequences: step.sequences, inputs: step.inputs))
    #expect(abs(Double(loss) - (try #require(step.record["loss"]?.double))) <= 1e-5)
    for name in weights.keys.sorted() {
      let expected = try #require(try step.slope(of: name, weights: weights), "PyTorch has no \(name)")
      let found = try run.gradient(name)
      let error = Self.norm(zip(found, expected).map { $0 - $1 })
      #expect(Self.norm(expected) > 1e-6, "\(name) has no gradient to speak of")
      #expect(error <= 1e-4 * Self.norm(expected), "\(name): \(error) of \(Self.norm(expected))")
    }
  }

  @Test(arguments: TorchStep.families) func `ten steps of AdamW lose what PyTorch's lose`(family: String) throws {
    let step = try TorchStep(family)
    let settings = try #require(step.record["adamw"])
    let expected = try #require(settings["losses"]?.array).map { try #require($0.double) }
    func setting(_ name: String) throws -> Double { try #require(settings[name]?.double) }
    let (rate, decay, epsilon) = (try setting("rate"), try setting("decay"), try setting("epsilon"))
    let (beta1, beta2) = (try setting("beta1"), try setting("beta2"))

    var run = try Self.run(step) { !$0.hasSuffix("ssm_a") }
    let batch = TrainingBatch(sequences: step.sequences, inputs: step.inputs)
    var moments = [(first: Double, second: Double)](repeating: (0, 0), count: run.layout.count)
    #expect(expected.count == 10)
    for (number, target) in expected.enumerated() {
      #expect(abs(Double(try run.run(batch)) - target) <= 1e-4, "step \(number)")
      for tensor in run.layout.tensors {
        for i in tensor.range {
          let g = Double(run.gradients[i])
          moments[i].first = beta1 * moments[i].first + (1 - beta1) * g
          moments[i].second = beta2 * moments[i].second + (1 - beta2) * g * g
          let first = moments[i].first / (1 - power(beta1, number + 1))
          let second = moments[i].second / (1 - power(beta2, number + 1))
          var value = Double(run.parameters[i])
          // What a checkpoint keeps as a vector does not decay.
          if tensor.shape.count > 1 { value *= 1 - rate * decay }
          run.parameters[i] = Float(value - rate * first / (second.squareRoot() + epsilon))
        }
      }
    }
  }

  @Test(arguments: TorchStep.families) func `bfloat16 products stay close`(family: String) throws {
    let step = try TorchStep(family)
    let batch = TrainingBatch(sequences: step.sequences, inputs: step.inputs)
    var (whole, rounded) = (try Self.run(step), try Self.run(step, products: .bfloat16))
    let (loss, other) = (try whole.run(batch), try rounded.run(batch))
    #expect(abs(loss - other) <= 0.01 * loss)
    let isRounded = FloatProductKernels(.bfloat16).roundsFactors
    #expect((whole.gradients != rounded.gradients) == isRounded)
    let error = Self.norm(zip(whole.gradients, rounded.gradients).map { $0 - $1 })
    // A factor's rounding is up to 2⁻⁹ of it, products add theirs up, and a router may choose another expert.
    #expect(error <= 0.05 * Self.norm(whole.gradients), "\(error) of \(Self.norm(whole.gradients))")
  }

  @Test(arguments: TorchStep.families) func `threads and recomputation change no bit`(family: String) throws {
    let step = try TorchStep(family)
    let batch = TrainingBatch(sequences: step.sequences, inputs: step.inputs)
    var one = try Self.run(step, threads: 1)
    let loss = try one.run(batch)
    for (threads, recomputation) in [(2, Recomputation.none), (3, .none), (2, .layers), (2, .cheap)] {
      var other = try Self.run(step, threads: threads, recomputing: recomputation)
      for _ in 0..<2 {
        #expect(try other.run(batch) == loss)
        #expect(other.gradients == one.gradients)
      }
    }
  }

  @Test func `a smaller batch, several and none leave nothing behind`() throws {
    let step = try TorchStep("llama")
    let batch = TrainingBatch(sequences: step.sequences, inputs: step.inputs)
    let length = step.sequences[0].count
    let small = TrainingBatch(
      sequences: [Array(step.sequences[0])], inputs: step.inputs.mapValues { Array($0.prefix(length)) })
    var run = try Self.run(step)
    let loss = try run.run(batch)
    let gradients = run.gradients
    _ = try run.run(small)
    #expect(run.gradients != gradients)
    #expect(try run.run(batch) == loss)
    #expect(run.gradients == gradients)
    _ = try run.run(batch, accumulating: true)
    for (sum, once) in zip(run.gradients, gradients) { #expect(abs(sum - 2 * once) <= 1e-6 * max(1, abs(once))) }
    #expect(try run.loss(batch) == loss)
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}
