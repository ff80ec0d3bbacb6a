import Kernels
import Runtime
import Synchronization
import TensorCore

/// Runs a plan's steps on a team of threads, which meet at a barrier after each phase.
final class TrainingRunner: TeamWork, @unchecked Sendable {
  private let plan: TrainingPlan
  let team: ThreadTeam
  private let arena: Buffer
  private let scratch: Buffer
  private let frozen: Buffer
  /// The address of every region.
  private let regions: UnsafeMutablePointer<Floats>
  /// The next tile of each phase.
  private let counters: UnsafeMutablePointer<TileCounter>
  private let runs: UnsafeMutablePointer<SequenceAttention.Run>
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
    scratch = try Buffer(count: plan.scratchStride * team.count * 4)
    regions = .allocate(capacity: plan.regions.count + 1)
    runs = .allocate(capacity: capacity)
    counters = .allocate(capacity: plan.entries.count + 1)
    for index in 0...plan.entries.count { (counters + index).initialize(to: TileCounter()) }
    let start = arena.base.assumingMemoryBound(to: Float.self)
    regions.initialize(repeating: start, count: plan.regions.count + 1)
    frame = Frame(regions: regions, sizes: Sizes(largest: 0), runs: runs, accumulates: false, scratch: start)
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
    runs.deallocate()
  }

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
    for (index, sequence) in batch.sequences.enumerated() {
      runs[index] = SequenceAttention.Run(start: sequence.start, count: sequence.count)
    }
    frame = Frame(regions: regions, sizes: sizes, runs: runs, accumulates: accumulates, scratch: frame.scratch)
    hasGradients = gradients != nil
    fill(batch)
    for index in plan.phases.indices { (counters + index).pointee.next.store(0, ordering: .relaxed) }
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
    for (name, view) in plan.integers { fill(batch, name, frame.integers(view)) }
    for (name, view) in plan.inputs {
      let words = frame[view].base
      switch name {
      case "tokens": for (row, token) in batch.tokens.enumerated() { words[row] = Float(token) }
      case "positions":
        for sequence in batch.sequences { for row in sequence.range { words[row] = Float(row - sequence.start) } }
      case "rows":
        for row in 0..<frame.sizes.rows { words[row] = Float(batch.rows.map { Int($0[row]) } ?? row) }
      case "targets": for (row, target) in batch.targets.enumerated() { words[row] = Float(target) }
      case "dropout_keys": for (row, key) in batch.dropoutKeys.enumerated() { words[row] = Float(key) }
      case "target_weights": for (row, weight) in batch.targetWeights.enumerated() { words[row] = weight }
      default: for (row, weight) in batch.tokenWeights.enumerated() { words[row] = weight }
      }
    }
  }

  private func fill(_ batch: TrainingBatch, _ name: String, _ words: UnsafeMutablePointer<Int32>) {
    switch name {
    case "tokens": for (row, token) in batch.tokens.enumerated() { words[row] = token }
    case "positions":
      for sequence in batch.sequences { for row in sequence.range { words[row] = Int32(row - sequence.start) } }
    case "targets": for (row, target) in batch.targets.enumerated() { words[row] = target }
    case "dropout_keys": for (row, key) in batch.dropoutKeys.enumerated() { words[row] = key }
    default: for row in 0..<frame.sizes.rows { words[row] = batch.rows.map { $0[row] } ?? Int32(row) }
    }
  }

  /// One thread's part of a run.
  package func work(thread: Int) {
    var frame = frame
    frame.scratch = scratch.base.assumingMemoryBound(to: Float.self) + thread * plan.scratchStride
    for (index, phase) in plan.phases.enumerated() {
      if !hasGradients && !phase.contains(where: { plan.entries[$0].isForLoss }) { continue }
      if isGood.load(ordering: .relaxed) { work(index, phase, frame) }
      if team.count > 1 { team.barrier() }
      if thread == 0 { clock?.end(index) }
    }
  }

  /// Takes tiles of a phase's steps, in order, until there are no more.
  private func work(_ index: Int, _ phase: Range<Int>, _ frame: Frame) {
    let next = counters + index
    var tile = next.pointee.next.wrappingAdd(1, ordering: .relaxed).oldValue
    var first = 0
    do {
      for entry in phase where hasGradients || plan.entries[entry].isForLoss {
        let step = plan.entries[entry].step
        let tiles = step.tiles(frame.sizes)
        while tile < first + tiles {
          try step.run(tile: tile - first, frame)
          tile = next.pointee.next.wrappingAdd(1, ordering: .relaxed).oldValue
        }
        first += tiles
      }
    } catch {
      failure.withLock { if $0 == nil { $0 = error } }
      isGood.store(false, ordering: .relaxed)
    }
  }
}
