public import GraphIR
import Kernels
import Planning
import Runtime
public import TensorCore

/// What loading a model takes, from its plans alone; the weights are not read.
public struct ModelFootprint: Hashable, Sendable {
  /// Packed and decoded weights, and tables that are read from their file.
  public let weightBytes: Int
  /// One session's states, or those of every sequence where `ModelOptions.sequences` plans for more.
  public let stateBytes: Int
  /// What steps share: the arena of the longest one and every thread's scratch.
  public let activationBytes: Int

  public var totalBytes: Int { weightBytes + stateBytes + activationBytes }

  /// Plans `graph` as `LanguageModel` would; `format` gives each weight's stored format.
  ///
  /// Throws `PlanError` for what cannot be planned, and what `format` throws.
  public init(
    of graph: Graph, context: Int, options: ModelOptions = ModelOptions(),
    format: @escaping (String) throws -> BlockFormat
  ) throws {
    let plan = options.plan(context: context)
    let programs = try LanguageModel.buckets(options, context: context).map { capacity in
      try Program(
        planning: graph, capacity: capacity, options: plan, catalogue: KernelCatalogue.current, format: format)
    }
    try self.init(of: programs, graph: graph, options: plan, threads: ThreadTeam.size(options.threads), format: format)
  }

  /// What these programs of one graph take together, by rising capacity.
  init(
    of programs: [Program], graph: Graph, options: PlanOptions, threads: Int,
    format: (String) throws -> BlockFormat
  ) rethrows {
    let sizes = Dictionary(graph.weights.map { ($0.name, $0.shape.reduce(1, *)) }) { first, _ in first }
    weightBytes = try WeightMemory.bytes(
      of: programs[programs.count - 1], constant: { sizes[$0] ?? 0 }, table: format)
    let sequence = graph.states.reduce(0) { $0 + $1.bytes(context: options.context, format: options.cacheFormat) }
    let (all, overflow) = sequence.multipliedReportingOverflow(by: options.slots)
    stateBytes = overflow ? Int.max / 4 : min(all, Int.max / 4)
    let arena = (programs.map(\.arenaWords).max() ?? 0) * 4
    activationBytes = programs.reduce(arena) {
      $0 + Executor.scratchBytes(of: $1, threads: threads)
    }
  }

  /// Throws where `memory` bytes, those that can be had now, do not hold it all; 0 is a machine that does not say.
  func check(memory: Int, context: Int) throws(MemoryError) {
    if memory > 0, totalBytes > memory { throw .exceeds(self, context: context, memory: memory) }
  }
}

/// A model that the machine's memory cannot hold: what it needs, and what there is.
public enum MemoryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// `context` positions were asked for, and `memory` bytes can be had now.
  case exceeds(ModelFootprint, context: Int, memory: Int)
  /// The system refused a part, for instance where a limit on addresses is set (`ulimit -v`).
  case refused(ModelFootprint, context: Int, AllocationError)

  public var description: String {
    switch self {
    case .exceeds(let footprint, let context, let memory):
      "\(Self.size(footprint.totalBytes)) of memory are needed and \(Self.size(memory)) can be had: "
        + Self.parts(footprint, context)
    case .refused(let footprint, let context, let error): "\(error) (\(Self.parts(footprint, context)))"
    }
  }

  private static func parts(_ footprint: ModelFootprint, _ context: Int) -> String {
    "\(size(footprint.weightBytes)) for weights, \(size(footprint.stateBytes)) for the states of a context of "
      + "\(context), \(size(footprint.activationBytes)) for activations (less: a shorter context, as with --context, "
      + "or smaller caches, as with --kv q8_0)"
  }

  private static func size(_ bytes: Int) -> String {
    bytes < 1 << 30 ? "\(max(1, bytes >> 20)) MiB" : "\((Double(bytes) / Double(1 << 30) * 10).rounded() / 10) GiB"
  }
}
