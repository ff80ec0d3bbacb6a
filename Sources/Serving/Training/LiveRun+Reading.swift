import Foundation
import JSON
import Synchronization
import Training

extension LiveRun {
  /// How much of a run a reader has seen.
  struct Cursor: Sendable {
    fileprivate var run: String?
    fileprivate var generations = (0, 0)
    fileprivate var steps = 0
    fileprivate var layers = 0
    fileprivate var validations = 0
    fileprivate var samples: (count: Int, step: Int) = (0, -1)
    fileprivate var snapshot = -1
    fileprivate var head: JSON = .null
  }

  /// What is new since `cursor`; nil where nothing is. With `reset` the reader begins anew.
  func news(_ cursor: inout Cursor) -> JSON? {
    let state = state.withLock { $0 }
    var members: [JSON.Member] = []
    if cursor.run != id || cursor.generations != (state.steps.generation, state.layers.generation) {
      cursor = Cursor()
      (cursor.run, cursor.generations) = (id, (state.steps.generation, state.layers.generation))
      members.append(.init("reset", true))
    }
    let head = summary(state)
    if head != cursor.head { members.append(.init("run", head)) }
    if state.steps.points.count > cursor.steps { members.append(.init("steps", state.steps.json(from: cursor.steps))) }
    if state.layers.rows.count > cursor.layers {
      members.append(.init("layers", state.layers.json(from: cursor.layers)))
    }
    if state.validations.count > cursor.validations {
      members.append(.init("validations", .array(state.validations[cursor.validations...].map { Self.json($0) })))
    }
    if let last = state.samples.last, last.step != cursor.samples.step || state.samples.count != cursor.samples.count {
      members.append(.init("samples", .array(state.samples.map { Self.json($0) })))
      cursor.samples = (state.samples.count, last.step)
    }
    if let last = state.snapshots.snapshots.last?.step, last != cursor.snapshot {
      members.append(.init("snapshots", state.snapshots.json))
      cursor.snapshot = last
    }
    (cursor.head, cursor.steps, cursor.layers) = (head, state.steps.points.count, state.layers.rows.count)
    cursor.validations = state.validations.count
    return members.isEmpty ? nil : .object(members)
  }

  /// The run in one object.
  var summary: JSON { summary(state.withLock { $0 }) }

  private func summary(_ state: State) -> JSON {
    var (phase, share, message): (String, JSON, JSON) = ("", .null, .null)
    switch state.phase {
    case .preparing(let part): (phase, share) = ("preparing", .short(part))
    case .running: phase = "running"
    case .paused: phase = "paused"
    case .stopped: phase = "stopped"
    case .finished: phase = "finished"
    case .failed(let text): (phase, message) = ("failed", .string(text))
    case .elsewhere: phase = "elsewhere"
    }
    let start = state.start
    return [
      "id": .string(id), "recipe": .string(recipe.name), "about": .string(recipe.about), "phase": .string(phase),
      "prepared": share, "message": message, "step": .integer(state.step), "steps": .integer(recipe.steps),
      "parameters": start.map { .integer($0.parameterCount) } ?? .null,
      "weights": start.map { .integer($0.weightCount) } ?? .null,
      "data": start.map { .string($0.data) } ?? .null, "threads": start.map { .integer($0.threads) } ?? .null,
      "memoryBytes": start.map { .integer($0.memoryBytes) } ?? .null,
      "products": .string(recipe.products.rawValue),
      "rateFactor": .number(state.control?.rateFactor ?? 1),
      "rateFactors": .array(state.factors.map { ["step": .integer($0.step), "factor": .number($0.factor)] }),
      "tokensPerSecond": .short(state.pace.tokensPerSecond), "peakShare": state.pace.share.map { .short($0) } ?? .null,
      "secondsLeft": state.pace.secondsLeft(recipe.steps - state.step).map { .short($0) } ?? .null,
      "notices": .array(state.notices.map { .string($0) }),
      "checkpoint": state.checkpoint.map { .integer($0) } ?? .null,
      "hasModel": .bool(state.phase.isOver && TrainingDesk.hasModel(folder)), "adapter": adapter ?? .null,
    ]
  }

  /// The commands for what a run of low-rank changes gives, which the app does not load; nil for whole models.
  private var adapter: JSON? {
    guard case .existing(let base, _, .some) = recipe.model else { return nil }
    let isWritten = FileManager.default.fileExists(atPath: folder + "/adapter_model.safetensors")
    let words = [base, folder].map { $0.contains(" ") ? "'\($0)'" : $0 }
    let output = base.hasSuffix(".gguf") ? "\(id).gguf" : "\(id)-merged"
    return [
      "isWritten": .bool(isWritten), "merge": .string("orrery merge \(words[0]) \(words[1]) --output \(output)"),
    ]
  }

  static func json(_ report: ValidationReport) -> JSON {
    [
      "step": .integer(report.step), "loss": .short(report.loss), "rows": .integer(report.rows),
      "right": report.right.map { .integer($0) } ?? .null, "sequences": .integer(report.sequences),
    ]
  }

  static func json(_ report: SampleReport) -> JSON {
    ["step": .integer(report.step), "prompt": .string(report.prompt), "text": .string(report.text)]
  }
}
