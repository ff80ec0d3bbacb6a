import Benchmarking
import Foundation
import Generation
import JSON
import Kernels
import Memory
import Planning

extension BenchmarkReport {
  func json(loadSeconds: Double) -> JSON {
    [
      "model": .string(model.path), "threads": .integer(model.threadCount),
      "cacheFormat": .string("\(model.options.cacheFormat)"), "loadSeconds": .number(loadSeconds),
      "weightBytes": .integer(model.memory.weights), "repetitions": .integer(results.first?.seconds.count ?? 0),
      "results": .array(results.indices.map { json($0) }), "machine": peaks.json(main: mainArithmetic),
    ]
  }

  private func json(_ index: Int) -> JSON {
    let result = results[index]
    let timed: [JSON] = steps.isEmpty ? [] : steps[index].rows.map { json($0, of: steps[index]) }
    return [
      "test": .string(result.test.kind.rawValue), "tokens": .integer(result.test.tokens),
      "depth": .integer(result.test.depth), "tokensPerSecond": .number(result.tokensPerSecond),
      "spread": .number(result.spread), "bytesPerSecond": .number(result.bytesPerSecond),
      "operationsPerSecond": .number(result.operationsPerSecond), "peakShare": .number(peakShare(result)),
      "arithmetic": .string(arithmetic(of: result.work).rawValue),
      "seconds": .array(result.seconds.map { .number($0) }), "steps": .array(timed),
    ]
  }

  private func json(_ row: StepTable.Row, of table: StepTable) -> JSON {
    [
      "step": .string(row.title), "count": .integer(row.count), "seconds": .number(row.seconds),
      "share": .number(row.seconds / table.seconds), "bytesPerSecond": .number(Double(row.work.bytes) / row.seconds),
      "operationsPerSecond": .number(Double(row.work.operations) / row.seconds),
      "limitShare": .number(limitShare(row)),
    ]
  }

  func text(loadSeconds: Double) -> String {
    var lines = [
      "\(model.path): \(model.memory.weights >> 20) MiB of weights, \(model.threadCount) threads, "
        + "\(model.options.cacheFormat) cache, loaded in \(format(loadSeconds, 2)) s",
      "", "test       tokens    depth    token/s   spread     GB/s    Gop/s  of peak",
    ]
    for result in results {
      lines.append(
        result.test.kind.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
          + pad("\(result.test.tokens)", 9) + pad("\(result.test.depth)", 9)
          + pad(format(result.tokensPerSecond, 2), 11) + pad(format(result.spread * 100, 1) + " %", 9)
          + pad(format(result.bytesPerSecond / 1e9, 1), 9) + pad(format(result.operationsPerSecond / 1e9, 1), 9)
          + pad(format(peakShare(result) * 100, 1) + " %", 9))
    }
    lines += ["", peaks.text]
    for table in steps { lines += [""] + text(table) }
    return lines.joined(separator: "\n")
  }

  /// The roofline of one test, milliseconds of the whole prompt or of one token.
  private func text(_ table: StepTable) -> [String] {
    let runs = table.test.kind == .decode ? Double(table.test.tokens) : 1
    var lines = [
      "\(table.test.kind.rawValue) of \(table.test.tokens) after \(table.test.depth), "
        + (runs > 1 ? "a token:" : "all of it:"),
      "      ms   share     GB/s    Gop/s  of limit  steps",
    ]
    for row in table.rows {
      func rate(_ amount: Int) -> String { amount == 0 ? "" : format(Double(amount) / row.seconds / 1e9, 1) }
      let share = limitShare(row) * 100
      lines.append(
        pad(format(row.seconds / runs * 1000, 3), 8) + pad(format(row.seconds / table.seconds * 100, 1) + " %", 8)
          + pad(rate(row.work.bytes), 9) + pad(rate(row.work.operations), 9)
          + pad(share < 0.05 ? "" : format(share, 1) + " %", 10) + pad("\(row.count)", 5) + " × \(row.title)")
    }
    return lines + [pad(format(table.seconds / runs * 1000, 3), 8) + "  in all"]
  }

  private func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private func format(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}

extension MachinePeaks {
  func json(main arithmetic: Arithmetic) -> JSON {
    [
      "peakBytesPerSecond": .number(bytesPerSecond),
      "peakOperationsPerSecond": .number(operationsPerSecond(arithmetic)),
      "arithmetic": .string(arithmetic.rawValue),
      "peakInt8OperationsPerSecond": .number(operationsPerSecond(.int8)),
      "peakFloat32OperationsPerSecond": .number(operationsPerSecond(.float32)),
      "peakBfloat16OperationsPerSecond": .number(operationsPerSecond(.bfloat16)),
      "bytesPerSecond": .array(reads.map { .number($0) }),
      "processors": .integer(Machine().processorCount),
      "features": .string(ProcessorFeatures.current.description),
    ]
  }

  var text: String {
    func billions(_ value: Double) -> String { String(format: "%.1f", value / 1e9) }
    var lines = [
      "this machine meanwhile: \(billions(bytesPerSecond)) GB/s read (\(billions(reads.min() ?? 0)) to "
        + "\(billions(reads.max() ?? 0)))"
    ]
    for arithmetic in Arithmetic.allCases {
      guard let name = kernelName(arithmetic) else { continue }
      lines.append("  \(billions(operationsPerSecond(arithmetic))) Gop/s, \(name)")
    }
    return lines.joined(separator: "\n")
  }
}
