import Generation
public import Planning
import Runtime

/// How long each kind of step takes in a test: a roofline of the program, equal steps of all layers together.
public struct StepTable: Sendable {
  public let test: ModelBenchmark.Test
  public private(set) var rows: [Row] = []

  /// Steps that do the same.
  public struct Row: Sendable {
    /// As in `attn_q + attn_k + attn_v, q4_0`.
    public let title: String
    /// How many there are in one run of the program.
    public var count: Int
    /// In all runs of the test together; a decoded token is a run.
    public var seconds: Double
    /// What they do in that time.
    public var work: StepWork
  }

  public var seconds: Double { rows.reduce(0) { $0 + $1.seconds } }

  init(_ test: ModelBenchmark.Test) { self.test = test }

  /// Adds a run of `size`, whose steps took `seconds`.
  mutating func add(_ program: Program, _ size: RunSize, _ seconds: [Double]) {
    let isFirst = rows.isEmpty
    var places = Dictionary(uniqueKeysWithValues: rows.indices.map { (rows[$0].title, $0) })
    for (index, summary) in program.summaries.enumerated() {
      let place = places[summary.title] ?? rows.count
      if place == rows.count {
        rows.append(Row(title: summary.title, count: 0, seconds: 0, work: StepWork()))
        places[summary.title] = place
      }
      if isFirst { rows[place].count += 1 }
      rows[place].seconds += seconds[index]
      rows[place].work += program.work(of: program.steps[index], size)
    }
  }

  /// The medians of tables of the same test.
  init(mediansOf tables: [StepTable]) {
    self = tables[0]
    for index in rows.indices { rows[index].seconds = tables.map { $0.rows[index].seconds }.median }
  }
}

extension ModelBenchmark {
  /// Runs a test once with a clock at every barrier.
  func steps(of test: Test, in session: Session, tokens: [Int32]) throws -> StepTable {
    var table = StepTable(test)
    for part in test.kind == .prefill ? [tokens] : tokens.map({ [$0] }) {
      let first = session.tokens.count
      var done = 0
      try session.step(part, rows: .last) { executor, rows in
        let count = min(part.count - done, model.options.chunk)
        if let clock = executor.clock {
          let size = RunSize(tokens: count, depth: first + done, rows: rows)
          table.add(executor.program, size, clock.seconds)
        }
        done += count
      }
    }
    return table
  }
}
