import Architectures
import Gradients
import GraphIR
import Kernels
import Quantization
import Runtime
import TensorCore
import TrainingEngine

/// The planned forward and backward pass of a model over some sequences, or the forward one alone.
final class GradientEngine {
  /// What one pass gave.
  struct Pass {
    /// Mean over counted rows.
    var loss: Float
    var rows: Int
    var counted: Int
    /// Sequences whose counted rows all have the right token as the likeliest.
    var right = 0
    var operations: Int
  }

  private let engine: TrainingEngine
  private let rows: Int
  private let choosesRows: Bool
  private let countsAnswers: Bool
  private let learns: Bool
  private let vocabulary: Int
  /// Of dropout's masks; nil without dropout.
  private let dropoutSeed: UInt64?

  /// Plans for batches of at most `rows`. With `learns` there are gradients, without them answers are counted where the
  /// data have some. `dropout` is the share of numbers that are dropped while learning.
  init(
    _ model: TrainableModel, _ data: any TrainingData, rows: Int, products: Recipe.ProductFormat, team: ThreadTeam,
    learns: Bool, dropout: Float = 0, seed: UInt64 = 0
  ) throws {
    self.rows = rows
    vocabulary = model.architecture.config.vocabularySize
    choosesRows = data.heldOut.contains { !$0.counts.isEmpty }
    countsAnswers = data.hasAnswers && !learns
    var options = TrainingEngineOptions(maximumTokens: rows)
    options.team = team
    options.products = products == .bfloat16 ? .bfloat16 : .float32
    options.choosesRows = choosesRows
    options.context = data.longestRows
    if countsAnswers { options.taps = ["logits"] }
    let graph =
      learns
      ? try (dropout > 0 ? model.edited.withDropout(dropout) : model.edited)
        .differentiated(wanting: { model.layout[$0] != nil }) : try model.edited.trainingLoss()
    self.learns = learns
    dropoutSeed = learns && dropout > 0 ? seed : nil
    engine = try TrainingEngine(graph, parameters: model.layout, options: options) { name in
      guard let tensor = model.frozen[name] else {
        throw TrainingEngineError.weight(name: name, reason: "is neither trained nor known")
      }
      return tensor.floats()
    }
  }

  /// Bytes of planned values.
  var bytes: Int { engine.memory.arenaBytes + engine.memory.frozenBytes + engine.memory.scratchBytes }

  /// As many of these sequences as one batch holds; at least one.
  func fitting(_ sequences: ArraySlice<TrainingSequence>) -> ArraySlice<TrainingSequence> {
    var (total, count) = (0, 0)
    for sequence in sequences {
      total += sequence.rowCount
      if total > rows { break }
      count += 1
    }
    return sequences.prefix(max(count, 1))
  }

  /// Runs all sequences in as many batches as they need; gradients are those of the mean loss over counted rows, with
  /// dropout's masks of `step`.
  func pass(
    _ sequences: [TrainingSequence], step: Int = 0, parameters: FloatBuffer, gradients: FloatBuffer
  ) throws -> Pass {
    let counted = sequences.reduce(0) { $0 + $1.countedRows }
    var result = Pass(loss: 0, rows: 0, counted: counted, operations: 0)
    var rest = sequences[...]
    while !rest.isEmpty {
      let part = fitting(rest)
      var batch = batch(part, share: 1 / Float(max(counted, 1)))
      if let dropoutSeed { batch.dropoutKeys = Self.dropoutKeys(part, seed: dropoutSeed, step: step) }
      result.loss += try engine.run(
        batch, parameters: UnsafePointer(parameters.base), gradients: learns ? gradients.base : nil,
        accumulating: result.rows > 0)
      result.rows += batch.tokens.count
      result.operations += engine.work(tokens: batch.tokens.count, length: batch.tokens.count / max(part.count, 1))
      if countsAnswers { result.right += rightAnswers(part, batch) }
      rest = rest.dropFirst(part.count)
    }
    return result
  }

  /// Keys that follow from the seed, the step, a sequence's place in it and a row's in the sequence.
  private static func dropoutKeys(_ sequences: ArraySlice<TrainingSequence>, seed: UInt64, step: Int) -> [Int32] {
    sequences.indices.flatMap { index in
      var random = TrainingRandom(seed, UInt64(step), UInt64(index), 0x6472_6F70)
      return (0..<sequences[index].rowCount).map { _ in Int32(random.next() >> 40) }
    }
  }

  private func batch(_ sequences: ArraySlice<TrainingSequence>, share: Float) -> TrainingBatch {
    var batch = TrainingBatch(tokens: [], sequences: [], targets: [], targetWeights: [], rows: choosesRows ? [] : nil)
    for sequence in sequences {
      let start = batch.tokens.count
      batch.sequences.append(.init(start: start, count: sequence.rowCount))
      batch.tokens += sequence.tokens.dropLast()
      for (row, target) in sequence.tokens.dropFirst().enumerated() {
        let counts = sequence.counts.isEmpty || sequence.counts[row]
        if choosesRows, !counts { continue }
        batch.targets.append(target)
        batch.targetWeights.append(counts ? share : 0)
        batch.rows?.append(Int32(start + row))
      }
    }
    return batch
  }

  /// Greedy decoding of an answer is right just where each of its tokens is the likeliest after the right ones before.
  private func rightAnswers(_ sequences: ArraySlice<TrainingSequence>, _ batch: TrainingBatch) -> Int {
    guard let logits = engine.value("logits")?.values else { return 0 }
    var (row, right) = (0, 0)
    for sequence in sequences {
      var isRight = true
      for _ in 0..<(choosesRows ? sequence.countedRows : sequence.rowCount) {
        let values = logits[row * vocabulary..<(row + 1) * vocabulary]
        if values.max() != values[row * vocabulary + Int(batch.targets[row])] { isRight = false }
        row += 1
      }
      if isRight { right += 1 }
    }
    return right
  }
}
