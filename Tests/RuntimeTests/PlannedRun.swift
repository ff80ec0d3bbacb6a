import GraphIR
import Kernels
import Planning
import Runtime
import TensorCore
import TestSupport

/// A graph planned and run step by step, for tests.
struct PlannedRun {
  let executor: Executor
  private(set) var position = 0
  let slot: Int

  init(
    _ graph: Graph, weights: [String: Tensor], capacity: Int, threads: Int = 1, options: PlanOptions,
    catalogue: KernelCatalogue = .current, slot: Int = 0
  ) throws {
    let program = try Program(planning: graph, capacity: capacity, options: options, catalogue: catalogue) { name in
      weights[name]?.format ?? .f32
    }
    let team = ThreadTeam(count: threads)
    let memory = try WeightMemory(
      for: program, from: WeightMemory.Source(tensor: { weights[$0]! }), team: team)
    let states = try StateStore(
      states: program.states, keys: program.keyStates, context: options.context, slots: options.slots,
      format: options.cacheFormat)
    executor = try Executor(program: program, weights: memory, states: states, team: team, catalogue: catalogue)
    self.slot = slot
  }

  /// The output of one step for the asked rows, in pieces of at most `piece` tokens.
  mutating func step(_ tokens: [Int32], rows: [Int]? = nil, output: String, piece: Int = .max) -> [Float] {
    var result: [Float] = []
    var rest = tokens[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(min(piece, executor.program.capacity)))
      rest = rest.dropFirst(part.count)
      let asked = (rows ?? Array(part.indices)).map { Int32($0) }
      part.withUnsafeBufferPointer { tokens in
        asked.withUnsafeBufferPointer { rows in
          executor.run(
            tokens: tokens, runs: [Run(slot: slot, start: position, count: tokens.count)], rows: rows)
        }
      }
      position += part.count
      result += executor.tap(output)?.values ?? []
    }
    return result
  }
}

extension OpExample {
  func tensors() throws -> [String: Tensor] {
    let weights = try weights()
    return try graph().weights.reduce(into: [:]) { $0[$1.name] = Tensor(weights[$1.name]!, shape: $1.shape) }
  }
}
