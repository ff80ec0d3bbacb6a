/// What guessing brought.
public struct SpeculationReport: Sendable, Hashable {
  /// Tokens guessed, and those of them that were right.
  public internal(set) var proposed = 0
  public internal(set) var accepted = 0
  /// Runs of the model, and tokens that came of them.
  public internal(set) var steps = 0
  public internal(set) var tokens = 0
  /// Time of all steps, guessing included, and of those that had no guess to check.
  public internal(set) var time = Duration.zero
  var plainTime = Duration.zero
  var plainSteps = 0

  /// How many times faster tokens came than in this sequence's steps without a guess; an estimate, nil without such.
  public var speedup: Double? {
    guard plainSteps > 0, time > .zero else { return nil }
    return plainTime / time * Double(tokens) / Double(plainSteps)
  }
}

/// Guesses of one draft, and how many at a time are worth it.
struct Speculation {
  let draft: any Draft
  private(set) var report = SpeculationReport()
  /// The running share of guesses that were right.
  private var rate = 0.7
  /// Steps at the beginning without a guess, which say what one costs.
  private static let plainSteps = 2

  init(_ draft: any Draft) { self.draft = draft }

  /// How many tokens to guess: as many as will each be right with a probability of 0.3.
  private func length(most: Int) -> Int {
    if report.steps < Self.plainSteps { return 0 }
    let wanted = 0.3
    var (length, likelihood) = (0, rate)
    while length < most, likelihood >= wanted {
      length += 1
      likelihood *= rate
    }
    if length > 0 { return length }
    // Now and then one, to see whether it has become easier.
    return report.steps % 8 == 0 ? min(1, most) : 0
  }

  mutating func propose(after tokens: [Int32], most: Int, sampler: Sampler) throws -> [Int32] {
    let length = length(most: most)
    return length > 0 ? Array(try draft.propose(after: tokens, most: length, sampler: sampler).prefix(length)) : []
  }

  mutating func note(proposed: Int, accepted: Int, tokens: Int, time: Duration) {
    report.proposed += proposed
    report.accepted += accepted
    report.steps += 1
    report.tokens += tokens
    report.time += time
    if proposed == 0 {
      report.plainTime += time
      report.plainSteps += 1
    }
    for _ in 0..<accepted { rate += (1 - rate) / 8 }
    if accepted < proposed { rate -= rate / 8 }
  }
}
