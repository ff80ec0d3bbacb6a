import Kernels

extension Program {
  /// The program on a page: every step with the bytes it reads and the operations it does in a run of `size`, its sizes,
  /// kernels and what is fused in it; steps that repeat, as those of equal layers, stand once.
  public func listing(_ size: RunSize) -> String {
    let work = self.work(size)
    var lines = [
      "\(steps.count) steps for up to \(count(capacity, "row")), context \(options.context), \(options.cacheFormat) cache, "
        + "\(options.arithmetic.rawValue) arithmetic",
      "\(matrices.count) matrices, \(bytes(packedBytes)) packed; arena \(bytes(arenaWords * 4)), "
        + "\(bytes(threadWords * 4)) a thread",
      "a run of \(count(size.tokens, "row")) after \(size.depth): \(bytes(work.bytes)) read, "
        + "\(scaled(work.operations)) operations",
      "", " step      bytes  operations",
    ]
    let entries = zip(steps, summaries).map { step, summary in entry(summary, self.work(of: step, size)) }
    var index = 0
    while index < entries.count {
      let (period, times) = repetition(entries, from: index)
      for step in index..<index + period { lines += entries[step].lines(step) }
      if times > 1 {
        lines.append(
          "      … the same \(times - 1) more times: steps \(index + period) to \(index + period * times - 1)")
      }
      index += period * times
    }
    return lines.joined(separator: "\n")
  }

  private struct Entry: Equatable {
    var work: StepWork
    var numbers: String
    var summary: StepSummary

    func lines(_ step: Int) -> [String] {
      let first = right("\(step)", 5) + numbers + "  " + summary.title
      return [first] + summary.details.map { String(repeating: " ", count: 30) + $0 }
    }
  }

  private func entry(_ summary: StepSummary, _ work: StepWork) -> Entry {
    let numbers =
      right(work.bytes == 0 ? "" : bytes(work.bytes), 11)
      + right(work.operations == 0 ? "" : scaled(work.operations), 12)
    return Entry(work: work, numbers: numbers, summary: summary)
  }

  /// The number of entries that repeat from here, and how often they stand; the longest stretch, of the fewest entries.
  private func repetition(_ entries: [Entry], from start: Int) -> (period: Int, times: Int) {
    var best = (period: 1, times: 1)
    for period in 1...256 where start + 2 * period <= entries.count {
      var end = start + period
      while end < entries.count, entries[end] == entries[end - period] { end += 1 }
      let times = (end - start) / period
      if times > 1, (times - 1) * period > (best.times - 1) * best.period { best = (period, times) }
    }
    return best
  }
}

/// As in `2.36 MB`; thousands are decimal, as in rates.
private func bytes(_ count: Int) -> String { scaled(count) + "B" }

/// As in `2.36 M`.
private func scaled(_ count: Int) -> String {
  var (value, unit) = (Double(count), 0)
  while value >= 999.5, unit < 5 {
    value /= 1000
    unit += 1
  }
  if unit == 0 { return "\(count) " }
  let digits = value < 9.995 ? 100.0 : value < 99.95 ? 10 : 1
  let rounded = (value * digits).rounded() / digits
  let text = digits == 1 ? "\(Int(rounded))" : "\(rounded)"
  return "\(text) \(["k", "M", "G", "T", "P"][unit - 1])"
}

private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

private func right(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
