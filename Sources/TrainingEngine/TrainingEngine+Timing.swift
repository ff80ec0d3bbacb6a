import Runtime

extension TrainingEngine {
  /// What steps of one kind cost in a run.
  public struct Cost: Sendable, Hashable {
    /// As in `product`, `attention`, `rows`.
    public let kind: String
    public let steps: Int
    /// From barrier to barrier; a phase of several kinds counts for the first.
    public let seconds: Double
    /// Floating-point operations of products and attention.
    public let operations: Int

    public init(kind: String, steps: Int, seconds: Double, operations: Int) {
      (self.kind, self.steps, self.seconds, self.operations) = (kind, steps, seconds, operations)
    }
  }

  /// Whether runs are timed phase by phase, which costs a look at the clock each.
  public var isTiming: Bool {
    get { runner.clock != nil }
    set { runner.clock = newValue ? StepClock(steps: plan.phases.count) : nil }
  }

  /// The costs of the last timed run, the largest first.
  public var costs: [Cost] {
    guard let seconds = runner.clock?.seconds else { return [] }
    var sums: [String: Cost] = [:]
    for (phase, time) in zip(plan.phases, seconds) {
      let steps = phase.map { plan.entries[$0].step }
      let kinds = steps.map(\.kind)
      let kind =
        [
          "product", "attention gradient", "attention", "recurrence gradient", "recurrence", "plain",
        ].first { kinds.contains($0) } ?? kinds[0]
      let known = sums[kind]
      sums[kind] = Cost(
        kind: kind, steps: (known?.steps ?? 0) + steps.count, seconds: (known?.seconds ?? 0) + time,
        operations: (known?.operations ?? 0) + steps.reduce(0) { $0 + $1.operations(sizes) })
    }
    return sums.values.sorted { $0.seconds > $1.seconds }
  }

  /// Seconds and operations of each phase of the last timed run, with what it does.
  public var phases: [(title: String, seconds: Double, operations: Int)] {
    guard let seconds = runner.clock?.seconds else { return [] }
    return zip(plan.phases, seconds).map { phase, time in
      let steps = phase.map { plan.entries[$0].step }
      return (
        steps.map { "\($0.kind): \($0.title)" }.joined(separator: " | "), time,
        steps.reduce(0) { $0 + $1.operations(sizes) }
      )
    }
  }
}
