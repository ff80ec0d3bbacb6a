import Foundation
import Runtime

/// The thread that runs a scheduler's steps, and what it shares with those who submit.
final class SchedulerThread: @unchecked Sendable {
  let model: LanguageModel
  let options: SchedulerOptions
  /// Guards what follows it.
  private let condition = NSCondition()
  private var waiting: [ScheduledSequence] = []
  private var running = 0
  /// Positions whose states are there, over all slots.
  private var held = 0
  private var submitted = 0
  private var isClosed = false

  // The thread's own.
  let states: StateStore
  let slots: [Slot]
  /// Steps run.
  private(set) var step = 0
  private var rows = StepRows()

  init(_ model: LanguageModel, options: SchedulerOptions) throws(MemoryError) {
    (self.model, self.options) = (model, options)
    let count = model.options.slots
    states = try model.engine.newStates(slots: count)
    slots = (0..<count).map { Slot(index: $0) }
  }

  func start() {
    let thread = Thread { self.run() }
    thread.name = "orrery scheduler"
    thread.start()
  }

  // MARK: From other threads

  func add(_ sequence: ScheduledSequence) throws(SchedulerError) {
    condition.lock()
    defer { condition.unlock() }
    if isClosed { throw .closed }
    // A place that is free will be taken before the next step.
    guard waiting.count < options.queue + slots.count - running else { throw .queueFull(limit: options.queue) }
    (sequence.number, submitted) = (submitted, submitted + 1)
    waiting.append(sequence)
    condition.signal()
  }

  var load: (running: Int, waiting: Int) {
    condition.lock()
    defer { condition.unlock() }
    return (running, waiting.count)
  }

  var heldPositions: Int {
    condition.lock()
    defer { condition.unlock() }
    return held
  }

  func wake() {
    condition.lock()
    condition.signal()
    condition.unlock()
  }

  func close() {
    condition.lock()
    isClosed = true
    condition.signal()
    condition.unlock()
  }

  // MARK: The thread

  private func run() {
    while admit() {
      rows.pack(slots, mixed: options.mixedRows, most: model.engine.chunk)
      if rows.tokens.isEmpty { continue }
      runStep()
      for slot in rows.slots { settle(slot) }
      condition.lock()
      held = slots.reduce(0) { $0 + $1.tokens.count }
      condition.unlock()
    }
    for slot in slots where slot.sequence != nil { release(slot) { $0.end(.cancelled) } }
  }

  /// Gives free slots to those who wait, ends those nobody waits for, and sleeps while there is nothing to do; false
  /// where the scheduler is closed.
  private func admit() -> Bool {
    for slot in slots where slot.sequence?.request.flag.isCancelled == true { release(slot) { $0.end(.cancelled) } }
    condition.lock()
    while !isClosed, waiting.isEmpty, running == 0 { condition.wait() }
    var gone = waiting.filter { isClosed || $0.request.flag.isCancelled }
    waiting.removeAll { isClosed || $0.request.flag.isCancelled }
    let places = slots.count - running
    let arrived = Array(waiting.prefix(places))
    waiting.removeFirst(arrived.count)
    running += arrived.count
    let goesOn = !isClosed
    condition.unlock()
    for sequence in gone { sequence.end(.cancelled) }
    gone = []
    for sequence in arrived {
      guard let slot = place(sequence) else { continue }
      if !sequence.continuation.wantsMore() { release(slot) { $0.end(.maximumTokens) } }
    }
    return goesOn
  }

  private func runStep() {
    step += 1
    let engine = model.engine
    rows.tokens.withUnsafeBufferPointer { tokens in
      rows.outputs.withUnsafeBufferPointer { outputs in
        rows.runs.withUnsafeBufferPointer { runs in
          engine.step(tokens, runs: runs, rows: outputs, states: states) { executor in choose(executor) }
        }
      }
    }
    for (slot, run) in zip(rows.slots, rows.runs) {
      slot.tokens += slot.sequence!.tokens[run.start..<run.start + run.count]
      slot.lastUse = step
      slot.sequence!.request.count { $0.read = slot.tokens.count }
      keepSnapshot(of: slot)
    }
  }

  /// The next token of every sequence that has logits, on all threads.
  private func choose(_ executor: Executor) {
    let choosing = rows.choosing
    if choosing.count < 2 {
      for slot in choosing { slot.sequence!.choose(executor.output(row: 0)) }
      return
    }
    let team = model.engine.team
    team.run { thread in
      for index in stride(from: thread, to: choosing.count, by: team.count) {
        choosing[index].sequence!.choose(executor.output(row: index))
      }
    }
  }

  /// Hands out what a step gave a sequence and prepares its next row.
  private func settle(_ slot: Slot) {
    guard let sequence = slot.sequence, let result = sequence.result else { return }
    sequence.result = nil
    switch result {
    case .failure(let error): release(slot) { $0.fail(error) }
    case .success(nil): release(slot) { $0.end(.cancelled) }
    case .success(var piece?):
      guard let id = piece.id else { return }
      (piece.forgotten, sequence.forgotten) = (sequence.forgotten, 0)
      sequence.tokens.append(id)
      sequence.hasBegun = true
      sequence.request.count { $0.generated += 1 }
      sequence.deliver(piece)
      if !sequence.continuation.wantsMore() { return release(slot) { $0.end(.maximumTokens) } }
      if slot.tokens.count == model.context { makeRoom(slot) }
    }
  }

  /// What happens to a sequence that has filled the context.
  private func makeRoom(_ slot: Slot) {
    guard let sequence = slot.sequence else { return }
    guard case .shift(let keep) = sequence.continuation.options.whenFull else {
      return release(slot) { $0.end(.contextFull) }
    }
    let forgotten = ContextPolicy.forgotten(of: slot.tokens.count, keeping: keep)
    sequence.tokens.removeSubrange(forgotten)
    sequence.forgotten = forgotten.count
    sequence.snapshots = []
    slot.tokens.removeAll(keepingCapacity: true)
    states.clear(slot: slot.index)
  }

  private func release(_ slot: Slot, _ end: (ScheduledSequence) -> Void) {
    guard let sequence = slot.sequence else { return }
    slot.sequence = nil
    condition.lock()
    running -= 1
    condition.unlock()
    end(sequence)
  }
}
