import Memory
import TrainingEngine

/// Whether a run fits into memory, asked before any is taken.
struct MemoryBudget {
  /// Bytes; 0 where the system does not say.
  private let available: Int
  private let recipe: Recipe
  private let rows: Int

  init(_ recipe: Recipe, _ data: any TrainingData, limit: Int?) {
    (self.recipe, rows) = (recipe, data.longestRows)
    available = limit ?? Machine().claimableBytes
  }

  /// Refuses what even weights, gradients and two moments are too much for: sizes that nothing could be planned for.
  func check(_ layout: ParameterLayout) throws(TrainingError) {
    let (bytes, isTooMuch) = layout.count.multipliedReportingOverflow(by: 16)
    try refuse(isTooMuch ? Int.max : bytes)
  }

  /// The bytes that a run will take; throws `TrainingError.memory` where there are not as many.
  func check(
    _ layout: ParameterLayout, _ learning: GradientEngine.Plan, _ validating: GradientEngine.Plan
  ) throws(TrainingError) -> Int {
    let isShared = validating.planned.sharesFrozenWeights(with: learning.planned)
    let values = learning.bytes + validating.bytes - (isShared ? validating.planned.memory.frozenBytes : 0)
    try refuse(layout.count * 16 + values)
    return layout.count * 16 + values
  }

  private func refuse(_ needed: Int) throws(TrainingError) {
    guard available > 0, needed > available else { return }
    throw .memory(needed: needed, available: available, ways: ways)
  }

  /// What would make the run smaller.
  private var ways: [String] {
    var ways: [String] = []
    if recipe.batch > 1 { ways.append("a batch below \(recipe.batch)") }
    ways.append("a context below \(rows)")
    if !recipe.recomputes { ways.append("\"recompute\": true (--recompute)") }
    switch recipe.model {
    case .new: ways.append("a smaller model")
    case .existing(_, _, nil): ways.append("low-rank changes (--lora)")
    case .existing: ways.append("a model with fewer weights")
    }
    return ways
  }
}
