import Runtime

extension Session {
  /// Accepted tokens behind the states from which on a trial first catches up.
  private static let mostBehind = 8

  /// Rows that one trial can have: as many as can have logits and be taken back, and fit.
  var trialRows: Int {
    let behind = tokens.count - held
    if behind >= Self.mostBehind { return 1 }
    let engine = model.engine
    return min(engine.outputRows, engine.chunk - behind, (states.leastRing ?? .max) - behind, room)
  }

  /// Takes in the first of `new` and, as long as `choose` returns the next of them, the others; those after are forgotten.
  ///
  /// `choose` gets the logits after each token that is kept, and gives the token that follows or nil at an end. One run of
  /// the program reads them all. Returns how many were kept.
  func verify(_ new: [Int32], choose: (UnsafeBufferPointer<Float>) throws -> Int32?) throws -> Int {
    try model.check(new, room: room)
    let rows = Array(tokens[held...]) + new
    let end = held + rows.count
    let needsJournal = new.count > 1 && !states.canForget(from: end, to: held)
    if needsJournal { journal.record(states, slot: 0, position: held, count: rows.count) }
    var kept = 0
    defer {
      tokens += new[..<kept]
      logitsCount = tokens.count
      if kept == new.count {
        held = end
      } else if !needsJournal {
        held = tokens.count
      } else {
        journal.restore(states, from: tokens.count)
        if !states.isRecurrent { held = tokens.count }
      }
    }
    let wanted = (0..<new.count).map { Int32(rows.count - new.count + $0) }
    try rows.withUnsafeBufferPointer { rows in
      try wanted.withUnsafeBufferPointer { wanted in
        try model.engine.step(rows, at: held, rows: wanted, states: states, inputs: inputs) { executor in
          observer?.took(rows, at: held, from: executor)
          while kept < new.count {
            let logits = executor.output(row: kept)
            kept += 1
            defer { keep(logits) }
            let next = try choose(logits)
            if kept < new.count, next != new[kept] { break }
          }
        }
      }
    }
    return kept
  }

  /// Runs `body`, which may take in up to `count` tokens, and then is as before.
  ///
  /// What is taken in is forgotten at once where the states cannot forget it later.
  func trial<Result>(of count: Int, _ body: () throws -> Result) throws -> Result {
    try catchUp()
    let start = held
    if states.canForget(from: start + count, to: start) { return try body() }
    journal.record(states, slot: 0, position: start, count: count)
    defer {
      journal.restore(states, from: start)
      tokens.removeLast(tokens.count - start)
      (held, logitsCount) = (start, 0)
    }
    return try body()
  }
}
