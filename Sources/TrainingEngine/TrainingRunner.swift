import Runtime
import Synchronization
import TensorCore

/// Runs a plan's steps on a team of threads, which meet at a barrier after each.
final class TrainingRunner: TeamWork, @unchecked Sendable {
  private let plan: TrainingPlan
  private let team: ThreadTeam
  private let arena: Buffer
  private let scratch: Buffer
  private let frozen: Buffer
  /// The address of every region.
  private let regions: UnsafeMutablePointer<Floats>
  /// The next tile of each step.
  private let counters: UnsafeMutablePointer<TileCounter>
  private let sequences: UnsafeMutablePointer<TrainingBatch.Sequence>
  /// What steps of the current run read.
  private(set) var frame: Frame
  private var hasGradients = false
  private let failure = Mutex<(any Error)?>(nil)
  /// Cleared when a step has failed: later ones are skipped.
  private let isGood = Atomic<Bool>(true)
  /// Times every step, where there is one.
  var clock: StepClock?

  /// A counter with a cache line of its own.
  struct TileCounter: ~Copyable {
    let next = Atomic<Int>(0)
    private let padding = (0, 0, 0, 0, 0, 0, 0)
  }

  init(_ plan: TrainingPlan, capacity: Int, team: ThreadTeam, frozen: Buffer) throws(AllocationError) {
    (self.plan, self.team, self.frozen) = (plan, team, frozen)
    arena = try Buffer(count: plan.arenaWords * 4)
    scratch = try Buffer(count: Self.scratchStride(plan) * team.count * 4)
    regions = .allocate(capacity: plan.regions.count + 1)
    sequences = .allocate(capacity: capacity)
    counters = .allocate(capacity: plan.entries.count + 1)
    for index in 0...plan.entries.count { (counters + index).initialize(to: TileCounter()) }
    let start = arena.base.assumingMemoryBound(to: Float.self)
    regions.initialize(repeating: start, count: plan.regions.count + 1)
    frame = Frame(
      regions: regions, sizes: Sizes(tokens: 0, rows: 0),
      sequences: UnsafeBufferPointer(start: sequences, count: 0), accumulates: false, scratch: start)
    let frozenStart = frozen.base.assumingMemoryBound(to: Float.self)
    for (index, region) in plan.regions.enumerated() {
      switch region.space {
      case .arena: regions[index] = start + region.offset
      case .frozen: regions[index] = frozenStart + region.offset
      case .parameters, .gradients: break
      }
    }
  }

  deinit {
    counters.deinitialize(count: plan.entries.count + 1)
    counters.deallocate()
    regions.deallocate()
    sequences.deallocate()
  }

  private static func scratchStride(_ plan: TrainingPlan) -> Int { (plan.scratchWords + 31) / 16 * 16 }

  /// Bytes of values, and of the threads' own memory.
  var bytes: (arena: Int, scratch: Int) { (arena.count, scratch.count) }

  /// Computes the loss of a checked batch and, where `gradients` is given, all gradients; throws what a step throws.
  func run(
    _ batch: TrainingBatch, _ sizes: Sizes, parameters: UnsafePointer<Float>, gradients: Floats?, accumulates: Bool
  ) throws {
    for (index, region) in plan.regions.enumerated() {
      switch region.space {
      case .parameters: regions[index] = UnsafeMutablePointer(mutating: parameters) + region.offset
      case .gradients: if let gradients { regions[index] = gradients + region.offset }
      case .arena, .frozen: break
      }
    }
    for (index, sequence) in batch.sequences.enumerated() { sequences[index] = sequence }
    frame = Frame(
      regions: regions, sizes: sizes,
      sequences: UnsafeBufferPointer(start: sequences, count: batch.sequences.count), accumulates: accumulates,
      scratch: frame.scratch)
    hasGradients = gradients != nil
    fill(batch)
    for index in plan.entries.indices { (counters + index).pointee.next.store(0, ordering: .relaxed) }
    isGood.store(true, ordering: .relaxed)
    clock?.begin()
    team.run(self)
    let error = failure.withLock { failure in
      defer { failure = nil }
      return failure
    }
    if let error { throw error }
  }

  private func fill(_ batch: TrainingBatch) {
    for (name, view) in plan.inputs {
      let words = frame[view].base
      switch name {
      case "tokens": for (row, token) in batch.tokens.enumerated() { words[row] = Float(token) }
      case "positions":
        for sequence in batch.sequences { for row in sequence.range { words[row] = Float(row - sequence.start) } }
      case "rows":
        for row in 0..<frame.sizes.rows { words[row] = Float(batch.rows.map { Int($0[row]) } ?? row) }
      case "targets": for (row, target) in batch.targets.enumerated() { words[row] = Float(target) }
      case "target_weights": for (row, weight) in batch.targetWeights.enumerated() { words[row] = weight }
      default: for (row, weight) in batch.tokenWeights.enumerated() { words[row] = weight }
      }
    }
  }

  /// One thread's part of a run.
  package func work(thread: Int) {
    var frame = frame
    frame.scratch = scratch.base.assumingMemoryBound(to: Float.self) + thread * Self.scratchStride(plan)
    for index in plan.entries.indices where hasGradients || plan.entries[index].isForLoss {
      if isGood.load(ordering: .relaxed) { work(index, frame) }
      if team.count > 1 { team.barrier() }
      if thread == 0 { clock?.end(index) }
    }
  }

  private func work(_ index: Int, _ frame: Frame) {
    let step = plan.entries[index].step
    let tiles = step.tiles(frame.sizes)
    do {
      while true {
        let tile = (counters + index).pointee.next.wrappingAdd(1, ordering: .relaxed).oldValue
        if tile >= tiles { return }
        try step.run(tile: tile, frame)
      }
    } catch {
      failure.withLock { if $0 == nil { $0 = error } }
      isGood.store(false, ordering: .relaxed)
    }
  }
}
