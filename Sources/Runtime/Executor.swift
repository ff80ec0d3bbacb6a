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
  private let threadBytes: Int
  let spans: AttentionSpans
  let kernelScratchOffset: Int
  /// One counter a task, a cache line apart, for work that is handed out as threads ask.
  private let counters: UnsafeMutablePointer<Counter>
  private let firstTask: [Int]
  private let taskCount: Int

  /// The current run's states and rows: which sequence and position each is.
  private(set) var states: StateStore
  private(set) var runs: [Run] = []
  private(set) var rowRun: [Int] = []
  private(set) var rowPosition: [Int] = []
  private(set) var tokenCount = 0
  private(set) var rowCount = 0

  struct Counter: ~Copyable {
    let next = Atomic<Int>(0)
    private let padding: (Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0)
  }

  /// `arena` is shared by the programs of one session, since only one runs at a time. Throws where memory is refused.
  public init(
    program: Program, weights: WeightMemory, states: StateStore, team: ThreadTeam, catalogue: KernelCatalogue,
    arena shared: Buffer? = nil
  ) throws(AllocationError) {
    (self.program, self.weights, self.states) = (program, weights, states)
    (self.team, self.catalogue) = (team, catalogue)
    let isa = Self.vectorISA(catalogue.features)
    rowKernels = row_kernels_for(isa).pointee
    attentionKernels = attention_kernels_for(isa).pointee
    recurrenceKernels = recurrence_kernels_for(isa).pointee
    if let shared { memory = shared } else { memory = try Buffer(count: program.arenaWords * 4) }
    precondition(memory.count >= program.arenaWords * 4, "the shared arena is too small")
    arena = memory.base
    (kernelScratchOffset, threadBytes) = Self.threadLayout(program)
    threadMemory = try Buffer(count: threadBytes * team.count)
    spans = AttentionSpans(program, threads: team.count)
    var tasks = 0
    firstTask = program.steps.map { step in
      defer { if case .tasks(let list) = step { tasks += list.count } }
      return tasks
    }
    taskCount = tasks
    counters = .allocate(capacity: max(tasks, 1))
    for index in 0..<tasks { (counters + index).initialize(to: Counter()) }
    runs.reserveCapacity(64)
    rowRun = [Int](repeating: 0, count: program.capacity)
    rowPosition = rowRun
  }

  deinit {
    counters.deinitialize(count: taskCount)
    counters.deallocate()
  }

  /// Bytes of memory that this executor took for itself.
  public var scratchBytes: Int { threadMemory.count + spans.capacity * 4 }

  /// Runs one step: `tokens` are the rows of `runs` in order, `rows` those whose logits are wanted.
  ///
  /// Counts, positions and token ids must be within the plan: callers check what users send. Allocates nothing. `states` are those of the
  /// sequences in `runs`, laid out as the ones given before.
  public func run(
    tokens: UnsafeBufferPointer<Int32>, runs: UnsafeBufferPointer<Run>, rows: UnsafeBufferPointer<Int32>,
    states: StateStore? = nil
  ) {
    if let states { self.states = states }
    precondition(tokens.count <= program.capacity && rows.count <= program.rowCapacity, "more rows than planned")
    precondition(runs.reduce(0) { $0 + $1.count } == tokens.count, "runs do not cover the tokens")
    (tokenCount, rowCount) = (tokens.count, rows.count)
    self.runs.removeAll(keepingCapacity: true)
    self.runs.append(contentsOf: runs)
    fill("tokens", tokens)
    fill("rows", rows)
    var row = 0
    let positions = program.inputs["positions"].map { words($0) }
    for (index, run) in runs.enumerated() {
      precondition(
        run.start + run.count <= self.states.context && run.slot < self.states.slots, "a row is past the context")
      self.states.prepare(slot: run.slot, through: run.start + run.count)
      for offset in 0..<run.count {
        positions?[row] = Int32(run.start + offset)
        rowRun[row] = index
        rowPosition[row] = run.start + offset
        row += 1
      }
    }
    for index in 0..<taskCount { counters[index].next.store(0, ordering: .relaxed) }
    team.run(self)
  }

  /// The same for runs in an array.
  public func run(
    tokens: UnsafeBufferPointer<Int32>, runs: [Run], rows: UnsafeBufferPointer<Int32>, states: StateStore? = nil
  ) {
    runs.withUnsafeBufferPointer { run(tokens: tokens, runs: $0, rows: rows, states: states) }
  }

  private func fill(_ name: String, _ values: UnsafeBufferPointer<Int32>) {
    guard let operand = program.inputs[name], let source = values.baseAddress else { return }
    words(operand).update(from: source, count: values.count)
  }

  private func words(_ operand: Operand) -> UnsafeMutablePointer<Int32> {
    (arena + operand.offset * 4).assumingMemoryBound(to: Int32.self)
  }

  /// One thread's part of a run.
  func work(thread: Int) {
    let context = ThreadContext(
      index: thread, count: team.count, rows: threadMemory.base + thread * threadBytes,
      scratch: threadMemory.base + thread * threadBytes + kernelScratchOffset)
    for (index, step) in program.steps.enumerated() {
      switch step {
      case .rows(let domain, let instructions):
        let total = domain == .tokens ? tokenCount : rowCount
        let range = total * thread / team.count..<total * (thread + 1) / team.count
        for row in range {
          for instruction in instructions { execute(instruction, row: row, context) }
        }
      case .tasks(let tasks):
        for (offset, task) in tasks.enumerated() {
          execute(task, counter: counters + firstTask[index] + offset, context)
        }
      }
      if index + 1 < program.steps.count { team.barrier() }
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
  /// Values that live within one row.
  let rows: UnsafeMutableRawPointer
  let scratch: UnsafeMutableRawPointer
}

extension Executor {
  /// The widest vector set that these features allow.
  private static func vectorISA(_ features: ProcessorFeatures) -> vector_isa {
    let hasDot = features.isSuperset(of: [.avx512f, .avx512bw, .avx512vl, .avx512vnni]) || features.contains(.dotprod)
    if hasDot, vector_isa_available(VECTOR_ISA_DOT) != 0 { return VECTOR_ISA_DOT }
    if features.isSuperset(of: [.avx512f, .avx512bw, .avx512vl]), vector_isa_available(VECTOR_ISA_AVX512) != 0 {
      return VECTOR_ISA_AVX512
    }
    if features.isSuperset(of: [.avx2, .fma, .f16c]), vector_isa_available(VECTOR_ISA_AVX2) != 0 {
      return VECTOR_ISA_AVX2
    }
    return VECTOR_ISA_BASELINE
  }

  /// Bytes that kernels of this program need beside them.
  static func kernelScratch(_ program: Program) -> Int {
    var bytes = 0
    for step in program.steps {
      guard case .tasks(let tasks) = step else { continue }
      for task in tasks {
        switch task {
        case .product(let product):
          let matrix = program.matrices[product.matrix]
          bytes = max(bytes, matrix.packing.scratchBytes(columns: matrix.columns))
        case .experts(let experts):
          let matrix = program.matrices[experts.matrix]
          bytes = max(bytes, matrix.packing.scratchBytes(columns: matrix.columns))
        case .attention(let step), .scores(let step), .mix(let step):
          var row = attentionShape(step, program)
          bytes = max(bytes, attention_scratch_bytes(&row, attentionTile))
        case .route, .pattern, .convolution, .recurrence: break
        }
      }
    }
    return bytes + 64
  }
}
