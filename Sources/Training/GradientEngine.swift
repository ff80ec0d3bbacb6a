import Quantization
import TensorCore
import TrainingEngine

/// The planned forward and backward pass of a model over some sequences, or the forward one alone.
final class GradientEngine {
  /// What one pass gave.
  struct Pass {
    /// Mean over counted rows, and the load-balancing loss where there is one.
    var loss: Float
    var rows: Int
    var counted: Int
    /// Sequences whose counted rows all have the right token as the likeliest.
    var right = 0
    var operations: Int
  }

  private let engine: TrainingEngine
  private let plan: Plan

  /// Takes the memory of a plan; weights that are not trained are those of `other` where it has them alike.
  init(_ plan: Plan, _ model: TrainableModel, sharing other: GradientEngine? = nil) throws {
    self.plan = plan
    engine = try TrainingEngine(plan.planned, sharing: other?.engine) { name in
      guard let tensor = model.frozen[name] else {
        throw TrainingEngineError.weight(name: name, reason: "is neither trained nor known")
      }
      return tensor.floats()
    }
  }

  /// As many of these sequences as one batch holds; at least one.
  func fitting(_ sequences: ArraySlice<TrainingSequence>) -> ArraySlice<TrainingSequence> {
    var (total, count) = (0, 0)
    for sequence in sequences {
      total += sequence.rowCount
      if total > plan.rows { break }
      count += 1
    }
    return sequences.prefix(max(count, 1))
  }

  /// Runs all sequences in as many batches as they need; gradients are those of the mean loss over counted rows, with
  /// dropout's masks of `step`. A load-balancing loss is each batch's own, weighed by its share of rows.
  func pass(
    _ sequences: [TrainingSequence], step: Int = 0, parameters: FloatBuffer, gradients: FloatBuffer
  ) throws -> Pass {
    let counted = sequences.reduce(0) { $0 + $1.countedRows }
    let all = sequences.reduce(0) { $0 + $1.rowCount }
    var result = Pass(loss: 0, rows: 0, counted: counted, operations: 0)
    var rest = sequences[...]
    while !rest.isEmpty {
      let part = fitting(rest)
      var batch = batch(part, share: 1 / Float(max(counted, 1)))
      if let seed = plan.dropoutSeed { batch.dropoutKeys = Self.dropoutKeys(part, seed: seed, step: step) }
      if plan.planned.balances { batch.tokenWeights = Self.tokenWeights(batch.tokens.count, of: all) }
      result.loss += try engine.run(
        batch, parameters: UnsafePointer(parameters.base), gradients: plan.learns ? gradients.base : nil,
        accumulating: result.rows > 0)
      result.rows += batch.tokens.count
      result.operations += engine.work(
        tokens: batch.tokens.count, rows: batch.rows?.count, length: batch.tokens.count / max(part.count, 1))
      if plan.countsAnswers { result.right += rightAnswers(part, batch) }
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

  /// Equal for all rows of a batch. The loss is a product of two sums over them, so weights that sum to the root of the
  /// batch's share give it that share.
  private static func tokenWeights(_ rows: Int, of all: Int) -> [Float] {
    [Float](repeating: Float((Double(rows) / Double(all)).squareRoot() / Double(rows)), count: rows)
  }

  private func batch(_ sequences: ArraySlice<TrainingSequence>, share: Float) -> TrainingBatch {
    var batch = TrainingBatch(
      tokens: [], sequences: [], targets: [], targetWeights: [], rows: plan.choosesRows ? [] : nil)
    for sequence in sequences {
      let start = batch.tokens.count
      batch.sequences.append(.init(start: start, count: sequence.rowCount))
      batch.tokens += sequence.tokens.dropLast()
      for (row, target) in sequence.tokens.dropFirst().enumerated() {
        let counts = sequence.counts.isEmpty || sequence.counts[row]
        if plan.choosesRows, !counts { continue }
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
    let vocabulary = plan.vocabulary
    var (row, right) = (0, 0)
    for sequence in sequences {
      var isRight = true
      for _ in 0..<(plan.choosesRows ? sequence.countedRows : sequence.rowCount) {
        let values = logits[row * vocabulary..<(row + 1) * vocabulary]
        if values.max() != values[row * vocabulary + Int(batch.targets[row])] { isRight = false }
        row += 1
      }
      if isRight { right += 1 }
    }
    return right
  }
}
