import Checkpoints
import GraphIR
import Kernels
import Memory
import Planning
import Runtime
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
  private let format: (String) throws -> BlockFormat
  /// Shared by all engines of the same weights and threads.
  private let turn: Turn

  init(
    graph: Graph, vocabulary: Int, weights source: any TensorSource, buckets: [Int], options: PlanOptions,
    team: ThreadTeam, packed: (Program) -> PackedWeights?, progress: (Double) -> Void
  ) throws {
    (self.team, self.options, self.vocabulary, turn) = (team, options, vocabulary, Turn())
    let catalogue = KernelCatalogue.current
    let format = { (name: String) throws -> BlockFormat in
      guard let format = source.format(name) else { throw PlanError(name: name, reason: "has no known format") }
      return format
    }
    self.format = format
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

  /// Programs of another graph over another engine's weights and threads, in turns with it.
  ///
  /// Throws `PlanError` where the graph reads a weight that the other does not hold.
  init(sharing base: Engine, graph: Graph, buckets: [Int], options: PlanOptions) throws {
    (team, weights, vocabulary, turn, format) = (base.team, base.weights, base.vocabulary, base.turn, base.format)
    self.options = options
    let (catalogue, format) = (KernelCatalogue.current, base.format)
    let programs = try buckets.map { capacity in
      try Program(planning: graph, capacity: capacity, options: options, catalogue: catalogue, format: format)
    }
    for program in programs { try base.weights.check(program) }
    footprint = try ModelFootprint(of: programs, graph: graph, options: options, threads: team.count, format: format)
    let largest = programs[programs.count - 1]
    (states, keyStates) = (largest.states, largest.keyStates)
    do {
      let arena = try Buffer(count: (programs.map(\.arenaWords).max() ?? 0) * 4)
      let none = try StateStore(states: [], keys: [], context: options.context, slots: 1, format: options.cacheFormat)
      executors = try programs.map { [team, weights] program in
        try Executor(
          program: program, weights: weights, states: none, team: team, catalogue: catalogue, arena: arena)
      }
      self.arena = arena
    } catch let error as AllocationError {
      throw MemoryError.refused(footprint, context: options.context, error)
    }
  }

  /// The executor of one row.
  var smallest: Executor { executors[0] }

  var programDescriptions: [String] { executors.map { "\($0.program)" } }

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
    inputs: (any RowInputs)? = nil, read: (Executor) throws -> Result
  ) rethrows -> Result {
    try withUnsafePointer(to: Run(slot: 0, start: position, count: tokens.count)) { run in
      try step(
        tokens, runs: UnsafeBufferPointer(start: run, count: 1), rows: rows, states: states, inputs: inputs, read: read)
    }
  }

  /// Runs one step of several sequences, the rows of one after those of another.
  func step<Result>(
    _ tokens: UnsafeBufferPointer<Int32>, runs: UnsafeBufferPointer<Run>, rows: UnsafeBufferPointer<Int32>,
    states: StateStore, inputs: (any RowInputs)? = nil, read: (Executor) throws -> Result
  ) rethrows -> Result {
    try turn.take { try run(tokens, runs: runs, rows: rows, states: states, inputs: inputs, read: read) }
  }

  /// Runs one step that nobody waits for; nil where other work comes first. `states` nil is for programs without any.
  func idleStep<Result>(
    _ tokens: UnsafeBufferPointer<Int32>, at position: Int, rows: UnsafeBufferPointer<Int32>, states: StateStore?,
    inputs: (any RowInputs)? = nil, urgency: Urgency, read: (Executor) throws -> Result
  ) rethrows -> Result? {
    try withUnsafePointer(to: Run(slot: 0, start: position, count: tokens.count)) { run in
      let runs = UnsafeBufferPointer(start: run, count: 1)
      func body() throws -> Result {
        try self.run(tokens, runs: runs, rows: rows, states: states, inputs: inputs, read: read)
      }
      switch urgency {
      case .foreground: return try turn.take(body)
      case .view: return try turn.takeQuietly(body)
      case .idle: return try turn.takeIdle(body)
      }
    }
  }

  private func run<Result>(
    _ tokens: UnsafeBufferPointer<Int32>, runs: UnsafeBufferPointer<Run>, rows: UnsafeBufferPointer<Int32>,
    states: StateStore?, inputs: (any RowInputs)?, read: (Executor) throws -> Result
  ) rethrows -> Result {
    let executor = executors.first { $0.program.capacity >= tokens.count } ?? executors[executors.count - 1]
    executor.run(tokens: tokens, runs: runs, rows: rows, states: states, inputs: inputs)
    return try read(executor)
  }
}
