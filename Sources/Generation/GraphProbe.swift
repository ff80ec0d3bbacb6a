public import GraphIR
import Planning
public import Runtime

/// A graph of row values over a model's packed weights, run beside the model: rows in, rows out.
public final class GraphProbe: Sendable {
  /// Rows of one run.
  public let rows: Int
  private let engine: Engine

  /// Plans `graph`, which has no states; its inputs are given row by row. Throws as `LanguageModel.variant`.
  public init(_ graph: Graph, of model: LanguageModel, rows: Int, keeping taps: Set<String> = []) throws {
    self.rows = rows
    var options = model.engine.options
    (options.outputRows, options.slots, options.taps) = (rows, 1, taps)
    options.context = max(options.context, rows)
    engine = try Engine(sharing: model.engine, graph: graph, buckets: rows > 1 ? [1, rows] : [1], options: options)
  }

  /// Runs `count` rows, all of them asked for; `inputs` sees row numbers as positions. Nil where idle work must wait.
  public func run<Result>(
    _ count: Int, inputs: any RowInputs, urgency: Urgency, read: (Executor) throws -> Result
  ) rethrows -> Result? {
    precondition(count <= rows, "more rows than planned")
    let tokens = [Int32](repeating: 0, count: count)
    let asked = (0..<count).map { Int32($0) }
    return try tokens.withUnsafeBufferPointer { tokens in
      try asked.withUnsafeBufferPointer { asked in
        try engine.idleStep(
          tokens, at: 0, rows: asked, states: nil, inputs: inputs, urgency: urgency, read: read)
      }
    }
  }
}
