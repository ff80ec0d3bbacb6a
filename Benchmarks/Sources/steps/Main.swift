import Benchmarking
import Foundation
import GraphIR
import Kernels
import Planning
import Runtime
import TensorCore

/// Times what mixes rows, as one step after some positions: `steps [THREADS [DEPTH]]`.
@main struct Steps {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let team = ThreadTeam(count: arguments.first ?? 1)
    let depth = arguments.dropFirst().first ?? 4096
    let peaks = try MachinePeaks(team: team)
    print("\(team.count) threads, after \(depth) positions")
    print("step                               rows       ms     GB/s    Gop/s  of limit")
    for rows in [1, 512] {
      for format in [BlockFormat.f16, .q8_0] {
        let step = try MixingStep("attention 32/8×64 \(format)", rows, depth, format, team) { g, x in
          let keys = x.linear("k", 512).reshape(8, 64).append(to: "k")
          let values = x.linear("v", 512).reshape(8, 64).append(to: "v")
          return x.linear("q", 2048).reshape(32, 64).attend(keys, values, scale: 0.125).reshape(2048)
        }
        step.measure(peaks)
      }
      for rule in [RecurrenceRule.decay, .gatedDelta] {
        let step = try MixingStep("\(rule.rawValue) 32 of 128×128", rows, depth, .f16, team) { g, x in
          let heads = { (name: String, count: Int) in x.linear(name, count * 128).reshape(count, 128) }
          return heads("q", 16).recurrence(
            rule, keys: heads("k", 16), values: heads("v", 32), decay: x.linear("decay", 32).affine(scale: -0.01),
            rate: rule == .gatedDelta ? x.linear("rate", 32) : nil, state: "s"
          ).reshape(4096)
        }
        step.measure(peaks)
      }
    }
  }
}

/// A small graph around one operation, planned and filled up to a depth.
struct MixingStep {
  let name: String
  let rows: Int
  let depth: Int
  let executor: Executor

  init(
    _ name: String, _ rows: Int, _ depth: Int, _ format: BlockFormat, _ team: ThreadTeam,
    _ body: (GraphBuilder, Value) -> Value
  ) throws {
    (self.name, self.rows, self.depth) = (name, rows, depth)
    let g = GraphBuilder()
    let graph = try g.finish(body(g, g.input("tokens", [.tokens], .int32).gather(from: g.weight("table", [16, 64]))))
    var options = PlanOptions()
    (options.context, options.cacheFormat) = (depth + rows, format)
    let program = try Program(planning: graph, capacity: rows, options: options, catalogue: .current) { _ in .f32 }
    let shapes = Dictionary(graph.weights.map { ($0.name, $0.shape) }) { first, _ in first }
    let weights = try WeightMemory(
      for: program,
      from: .init(tensor: { name in
        let shape = shapes[name] ?? []
        let values = (0..<shape.reduce(1, *)).map { index -> Float in
          let code: Int = (index * 40_503) % 2001
          return Float(code) / 8000 - 0.125
        }
        return Tensor(values, shape: shape)
      }), team: team)
    let states = try StateStore(
      states: program.states, keys: program.keyStates, context: options.context, slots: 1, format: format)
    executor = try Executor(program: program, weights: weights, states: states, team: team, catalogue: .current)
    executor.clock = StepClock(steps: program.steps.count)
  }

  /// Positions up to the depth are the zeros that memory begins with: what they hold changes no time.
  func measure(_ peaks: MachinePeaks) {
    let tokens = (0..<rows).map { Int32($0 % 16) }
    let place = executor.program.steps.firstIndex { step in
      guard case .tasks(let tasks) = step else { return false }
      return tasks.contains { task in
        switch task {
        case .attention, .recurrence: true
        default: false
        }
      }
    }
    guard let place else { return }
    var times: [Double] = []
    for _ in 0..<9 {
      peaks.sample()
      tokens.withUnsafeBufferPointer { tokens in
        executor.run(
          tokens: tokens, runs: [Run(slot: 0, start: depth, count: rows)],
          rows: UnsafeBufferPointer(start: nil, count: 0))
      }
      times.append(executor.clock?.seconds[place] ?? 0)
    }
    let seconds = times.sorted()[times.count / 2]
    let work = executor.program.work(
      of: executor.program.steps[place], RunSize(tokens: rows, depth: depth, rows: 0))
    let limit = peaks.leastSeconds(work)
    print(
      name.padding(toLength: 32, withPad: " ", startingAt: 0)
        + String(
          format: "%7d %8.3f %8.1f %8.1f %8.1f %%", rows, seconds * 1000, Double(work.bytes) / seconds / 1e9,
          Double(work.operations) / seconds / 1e9, limit / seconds * 100))
  }
}
