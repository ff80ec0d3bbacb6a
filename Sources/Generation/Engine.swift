import Checkpoints
import GraphIR
import Kernels
import Memory
import Planning
import Runtime
import Synchronization
import TensorCore

/// One model's programs over one set of weights, one arena and one team of threads.
final class Engine: @unchecked Sendable {
  let team: ThreadTeam
  let weights: WeightMemory
  let options: PlanOptions
  let states: [State]
  private let keyStates: Set<Int>
  let vocabulary: Int
  /// By rising capacity.
  private let executors: [Executor]
  private let arena: Buffer
  private let footprint: ModelFootprint
  private let turn = Mutex(())

  init(
    graph: Graph, vocabulary: Int, weights source: any TensorSource, buckets: [Int], options: PlanOptions,
    team: ThreadTeam, packed: (Program) -> PackedWeights?, progress: (Double) -> Void
  ) throws {
    (self.team, self.options, self.vocabulary) = (team, options, vocabulary)
    let catalogue = KernelCatalogue.current
    func format(_ name: String) throws -> BlockFormat {
      guard let format = source.format(name) else { throw PlanError(name: name, reason: "has no known format") }
      return format
    }
    let programs = try buckets.map { capacity in
      try Program(planning: graph, capacity: capacity, options: options, catalogue: catalogue, format: format)
    }
    footprint = try ModelFootprint(of: programs, graph: graph, options: options, threads: team.count, format: format)
    try footprint.check(memory: Machine().claimableBytes, context: options.context)
    let largest = programs[programs.count - 1]
    (states, keyStates) = (largest.states, largest.keyStates)
    do {
      weights = try WeightMemory(
        for: largest,
        from: WeightMemory.Source(tensor: source.tensor) { tensor in tensor.releasePages() }, team: team,
        stored: packed(largest), progress: progress)
      let arena = try Buffer(count: (programs.map(\.arenaWords).max() ?? 0) * 4)
      let none = try StateStore(
        states: [], keys: [], context: options.context, slots: 1, format: options.cacheFormat)
      executors = try programs.map { [weights] program in
        try Executor(
          program: program, weights: weights, states: none, team: team, catalogue: catalogue, arena: arena)
      }
      self.arena = arena
    } catch let error as AllocationError {
      throw MemoryError.refused(footprint, context: options.context, error)
    }
  }

  /// What this engine's packed weights depend on beside the stored ones.
  var layoutDigest: Digest { WeightMemory.layoutDigest(of: executors[executors.count - 1].program) }

  /// Rows of the longest step.
  var chunk: Int { executors[executors.count - 1].program.capacity }

  /// Rows of one step that can have logits.
  var outputRows: Int { options.outputRows }

  var activationBytes: Int { arena.count + executors.reduce(0) { $0 + $1.scratchBytes } }

  /// Empty states for `slots` sequences; throws where the system refuses their addresses.
  func newStates(slots: Int = 1) throws(MemoryError) -> StateStore {
    do {
      return try StateStore(
        states: states, keys: keyStates, context: options.context, slots: slots, format: options.cacheFormat)
    } catch { throw .refused(footprint, context: options.context, error) }
  }

  /// Runs one step of one sequence and lets `read` see its results while they last.
  func step<Result>(
    _ tokens: UnsafeBufferPointer<Int32>, at position: Int, rows: UnsafeBufferPointer<Int32>, states: StateStore,
    read: (Executor) throws -> Result
  ) rethrows -> Result {
    try withUnsafePointer(to: Run(slot: 0, start: position, count: tokens.count)) { run in
      try step(
        tokens, runs: UnsafeBufferPointer(start: run, count: 1), rows: rows, states: states, read: read)
    }
  }

  /// Runs one step of several sequences, the rows of one after those of another.
  func step<Result>(
    _ tokens: UnsafeBufferPointer<Int32>, runs: UnsafeBufferPointer<Run>, rows: UnsafeBufferPointer<Int32>,
    states: StateStore,
    read: (Executor) throws -> Result
  ) rethrows -> Result {
    try turn.withLock { _ in
      let executor = executors.first { $0.program.capacity >= tokens.count } ?? executors[executors.count - 1]
      executor.run(tokens: tokens, runs: runs, rows: rows, states: states)
      return try read(executor)
    }
  }
}
