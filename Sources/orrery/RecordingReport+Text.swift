import Benchmarking
import Foundation
import JSON
import Lens

extension RecordingBenchmark.Report {
  /// Rates without and with a recording, then what the first pictures take.
  var text: String {
    func line(_ name: String, _ count: Int, _ plain: [Double], _ recorded: [Double]) -> String {
      String(
        format: "%@ %8.1f token/s plain %8.1f recorded  %+.1f %%",
        name.padding(toLength: 24, withPad: " ", startingAt: 0), Double(count) / plain.median,
        Double(count) / recorded.median, (recorded.median / plain.median - 1) * 100)
    }
    var lines = [
      line("prefill \(depth)", depth, plainPrefill, recordedPrefill),
      line("decode \(tokens) @ \(depth)", tokens, plain, recorded),
      String(
        format: "first pictures: every head at a glance %.0f ms, the lens of every layer %.0f ms", glance.median * 1e3,
        lens.median * 1e3),
    ]
    if let memory {
      let dropped = memory.dropped.isEmpty ? "" : ", \(memory.dropped.count) positions dropped"
      lines.append(
        String(
          format: "recorded %.1f MiB of at most %.0f, %.1f KiB a position", Double(memory.bytes) / 0x1p20,
          Double(memory.budget) / 0x1p20, Double(memory.perPosition) / 1024) + dropped)
    }
    return lines.joined(separator: "\n")
  }

  var json: JSON {
    func list(_ seconds: [Double]) -> JSON { .array(seconds.map { .number($0) }) }
    return [
      "depth": .integer(depth), "tokens": .integer(tokens), "plain": list(plain), "recorded": list(recorded),
      "plainPrefill": list(plainPrefill), "recordedPrefill": list(recordedPrefill), "glance": list(glance),
      "lens": list(lens), "slowdown": .number(slowdown), "bytes": .integer(memory?.bytes ?? 0),
      "dropped": .integer(memory?.dropped.count ?? 0),
    ]
  }
}
