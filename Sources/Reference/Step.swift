import GraphIR

/// What one step gives to every operation.
struct Step {
  let tokens: [Int32]
  let rows: [Int]
  /// Position of each sequence's first token.
  let start: Int
  /// The rows of each sequence, one run after the other.
  let runs: [Range<Int>]
  let context: Int
  /// Further inputs by name, each `[T]` or `[R]`.
  var inputs: [String: [Double]] = [:]

  var end: Int { start + tokens.count }
  var bindings: [String: Int] { ["T": tokens.count, "S": end, "R": rows.count] }

  /// Row `t` is at this position of its sequence.
  var positions: [Int] { runs.flatMap { run in run.map { start + $0 - run.lowerBound } } }

  /// The only sequence's state can be kept; several have none that lasts.
  func requireOneSequence(_ state: String) throws {
    if runs.count != 1 { throw Misuse("\(state) keeps rows of one sequence, not of \(runs.count)") }
  }

  /// Of `held` keys, those that each row sees: all positions so far of one sequence, or the step's own rows.
  func visibleRows(_ mask: AttentionMask, held: Int) throws -> [ClosedRange<Int>] {
    let isOwn = held == tokens.count
    guard isOwn || (held == end && runs.count == 1) else { throw Misuse("\(held) keys at position \(end)") }
    return runs.flatMap { run in
      // The key of the sequence's position 0, were it among them.
      let origin = isOwn ? run.lowerBound - start : 0
      return run.map { row in
        let position = start + row - run.lowerBound
        return max(origin + mask.firstVisible(from: position), isOwn ? run.lowerBound : 0)...(origin + position)
      }
    }
  }
}
