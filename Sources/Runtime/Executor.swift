import CKernels
import GraphIR
public import Kernels
public import Planning
import Synchronization
public import TensorCore

/// Rows of one sequence in a step: they follow one another in the step and in the sequence.
public struct Run: Sendable {
  public var slot: Int
  /// Position of the first row.
  public var start: Int
  public var count: Int
  public init(slot: Int, start: Int, count: Int) { (self.slot, self.start, self.count) = (slot, start, count) }
}

/// Runs a program on a team of threads; one run at a time.
public final class Executor: TeamWork, @unchecked Sendable {
  public let program: Program
  let weights: WeightMemory
  let team: ThreadTeam
  let catalogue: KernelCatalogue
  let rowKernels: row_kernels
  let attentionKernels: attention_kernels
  let recurrenceKernels: recurrence_kernels

  let arena: UnsafeMutableRawPointer
  private let memory: Buffer
  private let threadMemory: Buffer
  let spans: AttentionSpans
  private let threadLayout: (tiles: Int, scratch: Int, bytes: Int)
  let code: ProgramCode
  /// Counts work that is handed out as threads ask.
  let counters: WorkCounters

  /// The current run: its states, sequences and rows.
  let current: UnsafeMutablePointer<CurrentRun>
  /// Which run each row belongs to, and its position there.
  let rowRun: UnsafeMutablePointer<Int>
  let rowPosition: UnsafeMutablePointer<Int>
  private let runMemory: UnsafeMutablePointer<Run>
  private let inputs: (tokens: Operand?, positions: Operand?, rows: Operand?)
  private let given: [(name: String, operand: Operand)]
  /// Notes when the steps of a run end.
  public var clock: StepClock?

  var states: StateStore { current.pointee.states }
  var runs: UnsafeBufferPointer<Run> { UnsafeBufferPointer(start: runMemory, count: current.pointee.runCount) }
  var tokenCount: Int { current.pointee.tokenCount }
  var rowCount: Int { current.pointee.rowCount }

  func rows(_ domain: Domain) -> Int { domain == .tokens ? tokenCount : rowCount }

  struct CurrentRun {
    var states: StateStore
    var runCount = 0
    var tokenCount = 0
    var rowCount = 0
  }

  typealias Counter = WorkCounters.Counter

  /// `arena` is shared by the programs of one session, since only one runs at a time. Throws where memory is refused.
  public init(
    program: Program, weights: WeightMemory, states: StateStore, team: ThreadTeam, catalogue: KernelCatalogue,
    arena shared: Buffer? = nil
  ) throws(AllocationError) {
    (self.program, self.weights) = (program, weights)
    (self.team, self.catalogue) = (team, catalogue)
    let isa = catalogue.features.vectorISA
    rowKernels = row_kernels_for(isa).pointee
    attentionKernels = attention_kernels_for(isa).pointee
    recurrenceKernels = recurrence_kernels_for(isa).pointee
    if let shared { memory = shared } else { memory = try Buffer(count: program.arenaWords * 4) }
    precondition(memory.count >= program.arenaWords * 4, "the shared arena is too small")
    arena = memory.base
    threadLayout = Self.threadLayout(program)
    threadMemory = try Buffer(count: threadLayout.bytes * team.count)
    spans = AttentionSpans(program, threads: team.count)
    code = ProgramCode(program, weights: weights, threads: team.count)
    counters = WorkCounters(tasks: code.mostTasks, threads: team.count)
    current = .allocate(capacity: 1)
    current.initialize(to: CurrentRun(states: states))
    rowRun = .allocate(capacity: program.capacity)
    rowPosition = .allocate(capacity: program.capacity)
    runMemory = .allocate(capacity: program.capacity)
    inputs = (program.inputs["tokens"], program.inputs["positions"], program.inputs["rows"])
    given = Self.givenInputs(program)
  }

  deinit {
    current.deinitialize(count: 1)
    current.deallocate()
    rowRun.deallocate()
    rowPosition.deallocate()
    runMemory.deallocate()
  }

  /// Bytes of memory that this executor took for itself.
  public var scratchBytes: Int { threadMemory.count + spans.capacity * 4 }

  /// Runs one step: `tokens` are the rows of `runs` in order, `rows` those whose logits are wanted.
  ///
  /// Counts, positions and token ids must be within the plan: callers check what users send. `states` are those of the
  /// sequences in `runs`, laid out as the ones given before. `values` fill the program's further inputs.
  /// Allocates nothing.
  public func run(
    tokens: UnsafeBufferPointer<Int32>, runs: UnsafeBufferPointer<Run>, rows: UnsafeBufferPointer<Int32>,
    states: StateStore? = nil, inputs values: (any RowInputs)? = nil
  ) {
    if let states { current.pointee.states = states }
    precondition(tokens.count <= program.capacity && rows.count <= program.rowCapacity, "more rows than planned")
    precondition(runs.reduce(0) { $0 + $1.count } == tokens.count, "runs do not cover the tokens")
    current.pointee.tokenCount = tokens.count
    current.pointee.rowCount = rows.count
    current.pointee.runCount = 0
    fill(inputs.tokens, tokens)
    fill(inputs.rows, rows)
    let positions = inputs.positions.map { words($0) }
    let states = self.states
    var row = 0
    for run in runs where run.count > 0 {
      precondition(run.start + run.count <= states.context && run.slot < states.slots, "a row is past the context")
      states.prepare(slot: run.slot, through: run.start + run.count)
      let index = current.pointee.runCount
      (runMemory + index).initialize(to: run)
      current.pointee.runCount += 1
      for offset in 0..<run.count {
        positions?[row] = Int32(run.start + offset)
        rowRun[row] = index
        rowPosition[row] = run.start + offset
        row += 1
      }
    }
    if !given.isEmpty { fillGiven(given, values) }
    for thread in 0..<team.count { counters.clear(step: 0, thread: thread) }
    clock?.begin()
    team.run(self)
    clock?.end(program.steps.count - 1)
  }

  /// The same for runs in an array.
  public func run(
    tokens: UnsafeBufferPointer<Int32>, runs: [Run], rows: UnsafeBufferPointer<Int32>, states: StateStore? = nil
  ) {
    runs.withUnsafeBufferPointer { run(tokens: tokens, runs: $0, rows: rows, states: states) }
  }

  private func fill(_ operand: Operand?, _ values: UnsafeBufferPointer<Int32>) {
    guard let operand, let source = values.baseAddress else { return }
    words(operand).update(from: source, count: values.count)
  }

  private func words(_ operand: Operand) -> UnsafeMutablePointer<Int32> {
    (arena + operand.offset * 4).assumingMemoryBound(to: Int32.self)
  }

  /// One thread's part of a run.
  package func work(thread: Int) {
    let clock = thread == 0 ? clock : nil
    let base = threadMemory.base + thread * threadLayout.bytes
    let context = ThreadContext(
      index: thread, count: team.count, rows: base.assumingMemoryBound(to: Float.self),
      tiles: (base + threadLayout.tiles).assumingMemoryBound(to: Float.self), scratch: base + threadLayout.scratch)
    let steps = code.steps
    for index in 0..<steps.count {
      counters.clear(step: index + 1, thread: thread)
      switch steps[index] {
      case .rows(let domain, let codes):
        let total = rows(domain)
        execute(codes, rows: total * thread / team.count..<total * (thread + 1) / team.count, context)
      case .tasks(let tasks):
        for task in 0..<tasks.count {
          execute(tasks[task], counter: counters.counter(step: index, task: task), context)
        }
      }
      if index + 1 < steps.count { team.barrier() }
      clock?.end(index)
    }
  }

  /// The logits of asked row `index`, `[vocabulary]`.
  public func output(row index: Int) -> UnsafeBufferPointer<Float> {
    let operand = program.output
    let start = (arena + (operand.offset + index * operand.rowStride) * 4).assumingMemoryBound(to: Float.self)
    return UnsafeBufferPointer(start: start, count: operand.count)
  }
}

/// What one thread has of its own during a run.
struct ThreadContext {
  let index: Int
  let count: Int
  /// Values that live within one step.
  let rows: UnsafeMutablePointer<Float>
  /// Pieces of products.
  let tiles: UnsafeMutablePointer<Float>
  let scratch: UnsafeMutableRawPointer
}

extension Executor {
  /// Bytes that kernels of this program need beside them.
  static func kernelScratch(_ program: Program) -> Int {
    var bytes = 0
    func multiply(_ index: Int) {
      let matrix = program.matrices[index]
      bytes = max(bytes, matrix.packing.scratchBytes(columns: matrix.columns))
    }
    for step in program.steps {
      guard case .tasks(let tasks) = step else { continue }
      for task in tasks {
        switch task {
        case .products(let step):
          for member in step.members { multiply(member.matrix) }
        case .headProduct(let step): multiply(step.matrix)
        case .experts(let experts):
          for member in experts.members { multiply(member.matrix) }
        case .attention(let step), .scores(let step), .mix(let step):
          var row = attentionShape(step, program)
          bytes = max(bytes, attention_scratch_bytes(&row, attentionTile))
        case .ownRows, .route, .pattern, .convolution, .recurrence: break
        }
      }
    }
    return bytes + 64
  }
}
