import Benchmarking
import Foundation
import JSON
import TrainingEngine

extension TrainingBenchmark.Report {
  /// A line for the step, then its time by kind of work.
  var text: String {
    var lines = [
      String(
        format: "%d tokens a step, %.1f ms: %.0f token/s, %.1f GFLOP/s, %.0f %% of this machine's %.0f", tokens,
        medianSeconds * 1e3, tokensPerSecond, Double(operations) / medianSeconds / 1e9, shareOfPeak * 100,
        operationsPerSecond / 1e9),
      String(
        format: "values %.1f MiB in one arena (%.1f MiB apart), weights %.1f MiB", Double(memory.arenaBytes) / 0x1p20,
        Double(memory.valueBytes) / 0x1p20, Double(memory.parameterBytes) / 0x1p20), "",
    ]
    for cost in costs {
      let name = cost.kind.padding(toLength: 20, withPad: " ", startingAt: 0)
      var line = name + String(format: "%4d steps %9.3f ms", cost.steps, cost.seconds * 1e3)
      if cost.operations > 0 {
        let rate = Double(cost.operations) / cost.seconds
        line += String(format: " %7.1f GFLOP/s %3.0f %% of peak", rate / 1e9, rate / operationsPerSecond * 100)
      }
      lines.append(line)
    }
    let whole = "together".padding(toLength: 20, withPad: " ", startingAt: 0)
    lines.append(whole + String(format: "%4d steps %9.3f ms", costs.reduce(0) { $0 + $1.steps }, costSeconds * 1e3))
    return lines.joined(separator: "\n")
  }

  /// Of the step that `costs` are of.
  private var costSeconds: Double { costs.reduce(0) { $0 + $1.seconds } }

  var json: JSON {
    [
      "tokens": .integer(tokens), "seconds": .array(seconds.map { .number($0) }),
      "tokensPerSecond": .number(tokensPerSecond), "operations": .integer(operations),
      "peakOperationsPerSecond": .number(operationsPerSecond), "arenaBytes": .integer(memory.arenaBytes),
      "costs": .array(
        costs.map {
          [
            "kind": .string($0.kind), "steps": .integer($0.steps), "seconds": .number($0.seconds),
            "operations": .integer($0.operations),
          ]
        }),
    ]
  }
}
