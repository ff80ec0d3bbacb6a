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
  public let layout: ParameterLayout
  public let options: TrainingEngineOptions
  let plan: TrainingPlan
  let runner: TrainingRunner
  private let weights: Buffer
  private(set) var sizes: Sizes

  /// Plans a graph from `Graph.differentiated`, or from `Graph.trainingLoss` alone, for its loss.
  ///
  /// `frozen` gives the weights that `layout` does not name, in the graph's order of elements. Throws
  /// `TrainingEngineError` for what cannot be planned, `AllocationError`, and what `frozen` throws.
  public init(
    _ graph: Graph, parameters layout: ParameterLayout, options: TrainingEngineOptions,
    frozen: (String) throws -> [Float] = { throw TrainingEngineError.weight(name: $0, reason: "is not given") }
  ) throws {
    guard options.maximumTokens > 0, options.maximumTokens < 1 << 24 else {
      throw TrainingEngineError.batch(reason: "may have \(options.maximumTokens) tokens at most, which is no size")
    }
    (self.layout, self.options) = (layout, options)
    var planner = TrainingPlanner(graph, layout, options, .current)
    plan = try planner.run()
    weights = try Buffer(count: plan.frozenWords * 4)
    for (name, region, count) in plan.frozen {
      let values = try frozen(name)
      guard values.count == count else {
        throw TrainingEngineError.weight(name: name, reason: "has \(values.count) elements, not \(count)")
      }
      (weights.base + plan.regions[region].offset * 4).copyMemory(from: values, byteCount: count * 4)
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
