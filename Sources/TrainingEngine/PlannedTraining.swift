public import GraphIR
import Kernels
import Runtime

/// A training graph that is planned: what its steps need is known, and no memory is taken yet.
public struct PlannedTraining: Sendable {
  let plan: TrainingPlan
  public let layout: ParameterLayout
  public let options: TrainingEngineOptions

  /// Plans a graph from `Graph.differentiated`, or from `Graph.trainingLoss` alone, for its loss.
  ///
  /// Throws `TrainingEngineError` for what cannot be planned.
  public init(_ graph: Graph, parameters layout: ParameterLayout, options: TrainingEngineOptions) throws {
    guard options.maximumTokens > 0, options.maximumTokens < 1 << 24 else {
      throw TrainingEngineError.batch(reason: "may have \(options.maximumTokens) tokens at most, which is no size")
    }
    (self.layout, self.options) = (layout, options)
    var planner = TrainingPlanner(graph, layout, options, .current)
    plan = try planner.run()
  }

  /// What an engine of this plan will hold.
  public var memory: TrainingEngine.Memory { memory(threads: options.team?.count ?? ThreadTeam.size(options.threads)) }

  func memory(threads: Int) -> TrainingEngine.Memory {
    TrainingEngine.Memory(
      arenaBytes: plan.arenaWords * 4, valueBytes: plan.valueWords * 4, frozenBytes: plan.frozenWords * 4,
      scratchBytes: plan.scratchStride * threads * 4, parameterBytes: layout.count * 4)
  }

  /// Whether the frozen weights of both lie alike, so that engines may share them.
  public func sharesFrozenWeights(with other: PlannedTraining) -> Bool {
    plan.frozen.map(\.name) == other.plan.frozen.map(\.name) && plan.frozenWords == other.plan.frozenWords
  }

  /// Whether batches give the shares of rows in the load-balancing loss.
  public var balances: Bool { plan.inputs["token_weights"] != nil }
}
