public import GraphIR
import Kernels
import Runtime
import TensorCore

/// Runs a differentiated graph in a planned arena on a team of threads.
///
///     let graph = try model.differentiated()
///     let layout = ParameterLayout(graph)
///     let engine = try TrainingEngine(graph, parameters: layout, options: TrainingEngineOptions(maximumTokens: 768))
///     let loss = try engine.run(batch, parameters: weights, gradients: gradients, accumulating: false)
///
/// A run allocates nothing, save for the steps that `listing` calls plain, and gives the same bits whatever the number
/// of threads. One run at a time.
public final class TrainingEngine {
  let planned: PlannedTraining
  let plan: TrainingPlan
  let runner: TrainingRunner
  /// Those of the plan's weights that are not trained.
  private let weights: Buffer
  private(set) var sizes: Sizes

  public var layout: ParameterLayout { planned.layout }
  public var options: TrainingEngineOptions { planned.options }

  /// Plans a graph and takes the memory that it needs; throws what both do.
  public convenience init(
    _ graph: Graph, parameters layout: ParameterLayout, options: TrainingEngineOptions,
    frozen: (String) throws -> [Float] = { throw TrainingEngineError.weight(name: $0, reason: "is not given") }
  ) throws {
    try self.init(PlannedTraining(graph, parameters: layout, options: options), frozen: frozen)
  }

  /// Takes the memory that a plan needs.
  ///
  /// `frozen` gives the weights that the layout does not name, in the graph's order of elements; they are those of
  /// `other` where its plan has them alike. Throws `TrainingEngineError.weight`, `AllocationError`, and what `frozen`
  /// throws.
  public init(
    _ planned: PlannedTraining, sharing other: TrainingEngine? = nil, frozen: (String) throws -> [Float]
  ) throws {
    (self.planned, plan) = (planned, planned.plan)
    let options = planned.options
    if let other, planned.sharesFrozenWeights(with: other.planned) {
      weights = other.weights
    } else {
      weights = try Buffer(count: plan.frozenWords * 4)
      for (name, region, count) in plan.frozen {
        let values = try frozen(name)
        guard values.count == count else {
          throw TrainingEngineError.weight(name: name, reason: "has \(values.count) elements, not \(count)")
        }
        (weights.base + plan.regions[region].offset * 4).copyMemory(from: values, byteCount: count * 4)
      }
    }
    runner = try TrainingRunner(
      plan, capacity: options.maximumTokens, team: options.team ?? ThreadTeam(count: options.threads), frozen: weights)
    sizes = Sizes(largest: 0)
  }

  /// The loss of a batch; with `gradients`, also its gradient by every tensor of the layout.
  ///
  /// Both buffers have the layout's count of elements. `accumulating` adds to what `gradients` holds, otherwise all of
  /// it is written. Throws `TrainingEngineError.batch` for a batch that does not fit, `lossNotFinite` for an infinite
  /// loss or a NaN: gradients are then worth nothing.
  public func run(
    _ batch: TrainingBatch, parameters: UnsafePointer<Float>, gradients: UnsafeMutablePointer<Float>? = nil,
    accumulating: Bool = false
  ) throws -> Float {
    sizes = try plan.check(batch, options)
    try runner.run(batch, sizes, parameters: parameters, gradients: gradients, accumulates: accumulating)
    let loss = runner.frame[plan.loss].base[0]
    guard loss.isFinite else { throw TrainingEngineError.lossNotFinite(loss) }
    return loss
  }

  /// What a tapped value held in the last run; nil for a name that was not asked for in `options.taps`.
  public func value(_ name: String) -> TappedValue? {
    guard let tap = plan.taps[name], sizes.tokens > 0 else { return nil }
    let shape = sizes.shape(tap.shape)
    return TappedValue(name: name, shape: shape, values: runner.frame.words(tap.view, shape))
  }
}

/// A value of one run.
public struct TappedValue: Sendable, Equatable {
  public let name: String
  /// Outermost first, `[T, …]`.
  public let shape: [Int]
  public let values: [Float]
}
