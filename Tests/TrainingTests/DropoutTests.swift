import Gradients
import GraphIR
import JSON
import Reference
import TensorCore
import TestSupport
import Testing
import Training
import TrainingEngine

/// Dropout: its draws, its gradients, and what it does to runs.
@Suite(.serialized) struct DropoutTests {
  @Test(arguments: [Float(0.1), 0.5, 0.85]) func `draws keep the right share, each by itself`(rate: Float) {
    let mask = DropoutMask(rate: rate, salt: 3 << 13)
    var random = TrainingRandom(7)
    let keys = (0..<400).map { _ in UInt32(random.next() >> 40) }
    let (width, keep) = (512, Double(1 - rate))
    // A share of n draws has a standard deviation of √(p · (1 − p) / n), at most 0.5 / √n.
    let bound = 5 * 0.5 / Double(keys.count * width).squareRoot()
    func share(_ isKept: (UInt32, Int) -> Bool) -> Double {
      Double(keys.reduce(0) { sum, key in sum + (0..<width).count { isKept(key, $0) } }) / Double(keys.count * width)
    }
    #expect(abs(share { mask.keeps(key: $0, place: $1) } - keep) < bound)
    #expect(abs(share { mask.keeps(key: $0, place: $1, head: 3) } - keep) < bound)
    // Neighbours in a row, other heads, other operations and other rows know nothing of one another.
    let pairs: [(String, (UInt32, Int) -> Bool)] = [
      ("place", { mask.keeps(key: $0, place: $1 + 1) }), ("head", { mask.keeps(key: $0, place: $1, head: 1) }),
      ("row", { mask.keeps(key: $0 ^ 1, place: $1) }),
      ("operation", { DropoutMask(rate: rate, salt: 4 << 13).keeps(key: $0, place: $1) }),
    ]
    for (name, other) in pairs {
      let both = share { mask.keeps(key: $0, place: $1) && other($0, $1) }
      #expect(abs(both - keep * keep) < bound, "\(name): \(both), not \(keep * keep)")
    }
    #expect(abs(mask.scale * (1 - rate) - 1) < 1e-6)
    #expect(DropoutMask(rate: 0, salt: 1).threshold == 0)
  }

  private func model(_ family: String) throws -> TrainableModel {
    let sizes: JSON = ["family": .string(family), "layers": 2, "heads": 2, "width": 20, "context": 12]
    guard case .new(let model) = try RunTests.recipe(["model": sizes]).model else { throw RunTests.Unexpected() }
    return try TrainableModel(new: model, config: model.config(vocabularySize: 11, begin: nil, end: nil), name: "test")
  }

  static let sequences: [[Int32]] = [[1, 5, 2, 9, 3, 3, 7], [4, 0, 8, 2]]
  static let targets: [Int32] = [5, 2, 9, 3, 3, 7, 0, 0, 8, 2, 4]
  static let keys: [Int32] = [77, 9_000_001, 5, 16_777_215, 1 << 20, 123_456, 6, 0, 42, 3, 8_765_432]

  @Test(arguments: ["gpt2", "llama"]) func `gradients equal differences under the same mask`(family: String) throws {
    let model = try model(family)
    let graph = try model.edited.withDropout(0.3).trainingLoss()
    let training = try graph.withGradients()
    let sizes = Dictionary(uniqueKeysWithValues: graph.weights.map { ($0.name, $0.shape.reduce(1, *)) })
    let weights = { (name: String) in OpExample.weight(name, count: sizes[name] ?? 0) }
    let inputs: [String: [Double]] = [
      "targets": Self.targets.map { Double($0) }, "target_weights": [Double](repeating: 1 / 11.0, count: 11),
      "dropout_keys": Self.keys.map { Double($0) },
    ]
    let precise = { (name: String) in weights(name).map { Double($0) } }
    let exact = try PreciseEvaluator(graph: training, weights: precise, context: 12)
      .evaluate(sequences: Self.sequences, inputs: inputs)
    let loss = try #require(exact["loss"]).values[0]
    let plain = try PreciseEvaluator(graph: model.edited.trainingLoss(), weights: precise, context: 12)
      .evaluate(sequences: Self.sequences, inputs: inputs)
    #expect(abs(try #require(plain["loss"]).values[0] - loss) > 1e-3)

    // The engine's fused steps against the same graph in float64, with one thread and with two.
    var results: [[Float]] = []
    for threads in [1, 2] {
      let (found, gradients) = try engine(training, model.layout, threads, weights)
      #expect(abs(Double(found) - loss) < 1e-5 * max(1, abs(loss)), "\(found), not \(loss)")
      results.append(gradients + [found])
      for tensor in model.layout.tensors {
        let slopes = exact["grad.\(tensor.name)"]?.values ?? [Double](repeating: 0, count: tensor.count)
        let error = zip(gradients[tensor.range], slopes).reduce(0) {
          $0 + ($1.1 - Double($1.0)) * ($1.1 - Double($1.0))
        }
        let size = slopes.reduce(0) { $0 + $1 * $1 }
        #expect(error.squareRoot() <= 1e-4 * size.squareRoot() + 1e-7, "\(tensor.name)")
      }
    }
    #expect(results[0].map(\.bitPattern) == results[1].map(\.bitPattern))

    var evaluator = try PreciseEvaluator(graph: graph, weights: precise, context: 12)
    for (name, count) in sizes {
      let (values, slopes) = (precise(name), try #require(exact["grad.\(name)"]).values)
      for index in [0, count / 2, count - 1] {
        let ends = try [1e-5, -1e-5].map { change in
          var changed = values
          changed[index] += change
          try evaluator.setWeight(name, to: changed)
          return try #require(try evaluator.evaluate(sequences: Self.sequences, inputs: inputs)["loss"]).values[0]
        }
        let difference = (ends[0] - ends[1]) / 2e-5
        #expect(abs(slopes[index] - difference) <= 1e-6 * max(1, abs(difference)), "\(name)[\(index)]")
      }
      try evaluator.setWeight(name, to: values)
    }
  }

  /// The loss and all gradients on the training engine.
  private func engine(
    _ graph: Graph, _ layout: ParameterLayout, _ threads: Int, _ weights: (String) -> [Float]
  ) throws -> (Float, [Float]) {
    var options = TrainingEngineOptions(maximumTokens: 16)
    (options.threads, options.context) = (threads, 12)
    let engine = try TrainingEngine(graph, parameters: layout, options: options)
    // Attention's pairs are never stored, with dropout or without.
    #expect(!engine.listing.contains("~"), "\(engine.listing)")
    var parameters = [Float](repeating: 0, count: layout.count)
    for tensor in layout.tensors { parameters.replaceSubrange(tensor.range, with: weights(tensor.name)) }
    var gradients = [Float](repeating: 0, count: layout.count)
    let batch = TrainingBatch(
      tokens: Self.sequences.flatMap { $0 }, sequences: [.init(start: 0, count: 7), .init(start: 7, count: 4)],
      targets: Self.targets, targetWeights: [Float](repeating: 1 / 11, count: 11), dropoutKeys: Self.keys)
    let loss = try engine.run(batch, parameters: parameters, gradients: &gradients)
    var wrong = batch
    wrong.dropoutKeys = []
    #expect(throws: TrainingEngineError.self) { try engine.run(wrong, parameters: parameters) }
    return (loss, gradients)
  }

  @Test func `runs with dropout are the same with any threads, broken off or not, and validate without`() throws {
    try RunTests.inFolder { folder in
      func options(_ threads: Int) -> TrainingOptions {
        var options = TrainingOptions()
        options.threads = threads
        return options
      }
      let recipe = try RunTests.recipe(["dropout": 0.2, "accumulation": 2, "steps": 40])
      let (one, two, broken, none) = (RunTests.Events(), RunTests.Events(), RunTests.Events(), RunTests.Events())
      let whole = try TrainingRun(recipe: recipe, folder: folder + "/1", options: options(1))
      _ = try whole.run(observer: one)
      _ = try TrainingRun(recipe: recipe, folder: folder + "/2", options: options(2)).run(observer: two)
      let first = try TrainingRun(recipe: recipe, folder: folder + "/3", options: options(2))
      let control = first.control
      _ = try first.run(
        observer: RunTests.Events { event in
          broken.observe(event)
          if case .step(let report) = event, report.step == 13 { control.stop() }
        })
      _ = try TrainingRun(resuming: folder + "/3", options: options(1)).run(observer: broken)
      let bits = one.losses.map(\.bitPattern)
      #expect(bits.count == 40 && two.losses.map(\.bitPattern) == bits && broken.losses.map(\.bitPattern) == bits)

      let plain = try TrainingRun(
        recipe: recipe.replacing("dropout", by: 0), folder: folder + "/4", options: options(1))
      _ = try plain.run(observer: none)
      #expect(none.losses[0] != one.losses[0])
      // The same first weights validate alike: nothing is dropped there, and nothing is random.
      #expect(none.validations[0].loss == one.validations[0].loss)
      #expect(try whole.validate()?.loss == one.validations.last?.loss)
      #expect(try whole.sample().map(\.text) == one.samples.suffix(1).map(\.text))
    }
  }

  @Test func `a share that cannot be is refused by name`() throws {
    for share in [1, 1.5, -0.1] {
      #expect(performing: { try RunTests.recipe(["dropout": .number(share)]) }, throws: { "\($0)".contains("dropout") })
    }
    #expect(try RunTests.recipe().dropout == 0)
  }
}
