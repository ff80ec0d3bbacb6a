import Foundation
public import Generation
import GraphIR
import Runtime
import TensorCore

/// The logit lens (nostalgebraist, 2020): what the model's own final norm and head make of the stream at any layer.
public final class LogitLens: Sendable {
  /// Rows of one batch: small, so that a token waits at most for one.
  public static let batch = 8
  private let probe: GraphProbe
  private let headName: String
  let hiddenSize: Int
  public let vocabularySize: Int

  /// Plans the head over `model`'s packed weights. Throws `LensError` for a graph without one.
  public init(_ model: LanguageModel) throws {
    let graph = model.graph
    let tail = try ModelTail(graph)
    hiddenSize = graph.nodes[tail.stream].shape.last?.fixed ?? 0
    vocabularySize = graph.nodes[tail.head].shape.last?.fixed ?? 0
    headName = graph.nodes[tail.head].name
    let part = try graph.part(from: tail.stream, as: "stream", to: graph.output)
    probe = try GraphProbe(part, of: model, rows: Self.batch, keeping: [headName])
  }

  /// What one row of the stream says of the next token.
  public struct Reading: Sendable {
    /// The likeliest tokens with their probabilities.
    public let top: [(token: Int32, probability: Double)]
    /// How many tokens are likelier than the chosen one; ties go to the lower id.
    public let rank: Int
    /// Of the chosen token.
    public let probability: Double
    /// In nats.
    public let entropy: Double
  }

  /// Reads rows `[count, hiddenSize]`, each with the token that was chosen there; nil where idle work must wait.
  public func read(
    _ rows: [Float], chosen: [Int32], top: Int = 5, urgency: Urgency = .idle
  ) -> [Reading]? {
    var readings: [Reading] = []
    let done = forEach(rows, urgency: urgency) { row, logits in
      readings.append(Self.reading(logits, chosen: chosen[row], top: top))
    }
    return done ? readings : nil
  }

  /// Natural logarithms of the probabilities that each row gives, `[count, vocabulary]`; nil where idle work must wait.
  public func logProbabilities(_ rows: [Float], urgency: Urgency) -> [[Float]]? {
    var result: [[Float]] = []
    let done = forEach(rows, urgency: urgency) { _, logits in
      let normalizer = Self.logSum(logits)
      result.append(logits.map { Float(Double($0) - normalizer) })
    }
    return done ? result : nil
  }

  /// The head's result before any capping, of one row and token; nil where idle work must wait.
  func uncappedLogit(_ row: [Float], token: Int, urgency: Urgency) -> Double? {
    probe.run(1, inputs: StreamRows(values: row, width: hiddenSize), urgency: urgency) { executor in
      executor.tap(headName).map { Double($0.values[token]) } ?? .nan
    }
  }

  private func forEach(
    _ rows: [Float], urgency: Urgency, _ body: (Int, UnsafeBufferPointer<Float>) -> Void
  ) -> Bool {
    let count = rows.count / max(1, hiddenSize)
    var start = 0
    while start < count {
      let part = min(Self.batch, count - start)
      let inputs = StreamRows(
        values: Array(rows[start * hiddenSize..<(start + part) * hiddenSize]), width: hiddenSize)
      let done: Void? = probe.run(part, inputs: inputs, urgency: urgency) { executor in
        for row in 0..<part { body(start + row, executor.output(row: row)) }
      }
      if done == nil { return false }
      start += part
    }
    return true
  }

  private static func logSum(_ logits: UnsafeBufferPointer<Float>) -> Double {
    let largest = logits.max() ?? 0
    var sum: Float = 0
    var total = 0.0
    for (index, logit) in logits.enumerated() {
      sum += expf(logit - largest)
      if index & 1023 == 1023 { (total, sum) = (total + Double(sum), 0) }
    }
    return Double(largest) + log(total + Double(sum))
  }

  private static func reading(_ logits: UnsafeBufferPointer<Float>, chosen: Int32, top: Int) -> Reading {
    let normalizer = logSum(logits)
    let wanted = logits[Int(chosen)]
    var (rank, mean) = (0, 0.0)
    var best: [(token: Int32, logit: Float)] = []
    for (token, logit) in logits.enumerated() {
      if logit > wanted || (logit == wanted && token < Int(chosen)) { rank += 1 }
      let distance = Double(logit) - normalizer
      if distance > -40 { mean -= distance * exp(distance) }
      if best.count < top || logit > best[best.count - 1].logit {
        let place = best.firstIndex { $0.logit < logit } ?? best.count
        best.insert((Int32(token), logit), at: place)
        if best.count > top { best.removeLast() }
      }
    }
    return Reading(
      top: best.map { ($0.token, exp(Double($0.logit) - normalizer)) }, rank: rank,
      probability: exp(Double(wanted) - normalizer), entropy: mean)
  }
}

/// Rows of the stream as the head's input.
private struct StreamRows: RowInputs {
  let values: [Float]
  let width: Int

  func fill(_ input: String, position: Int, row: UnsafeMutableBufferPointer<Float>) {
    for index in 0..<min(width, row.count) { row[index] = values[position * width + index] }
  }
}

extension Recording {
  /// The token that was chosen after a position: the next one of the run; nil after the last.
  public func chosen(after position: Int) -> Int32? {
    let tokens = tokens
    return position + 1 < tokens.count ? tokens[position + 1] : nil
  }

  /// Names of the stream before each layer and after the last: the lens's depths.
  public var streamNames: [String] { map.layers.map(\.before) + [map.finalStream] }

  /// The lens of some depths (0 before the first layer) at some positions, `[depths][positions]`.
  ///
  /// Where nothing follows a position, the final reading's likeliest token counts as chosen. Nil where idle work must wait.
  public func lens(
    _ lens: LogitLens, depths: [Int], positions: Range<Int>, top: Int = 5, urgency: Urgency = .idle
  ) throws -> [[LogitLens.Reading]]? {
    let names = streamNames
    guard depths.allSatisfy(names.indices.contains) else {
      throw LensError.range("depths \(depths) are asked for; the model has 0…\(names.count - 1)")
    }
    let wanted = Array(Set(depths.map { names[$0] } + [map.finalStream]))
    guard let rows = try values(wanted, positions, urgency: urgency) else { return nil }
    var chosen: [Int32] = []
    for position in positions {
      if let token = self.chosen(after: position) {
        chosen.append(token)
        continue
      }
      let start = (position - positions.lowerBound) * lens.hiddenSize
      let row = Array((rows[map.finalStream] ?? [])[start..<start + lens.hiddenSize])
      guard let last = lens.read(row, chosen: [0], top: 1, urgency: urgency) else { return nil }
      chosen.append(last[0].top[0].token)
    }
    var result: [[LogitLens.Reading]] = []
    for depth in depths {
      guard let readings = lens.read(rows[names[depth]] ?? [], chosen: chosen, top: top, urgency: urgency) else {
        return nil
      }
      result.append(readings)
    }
    return result
  }
}
