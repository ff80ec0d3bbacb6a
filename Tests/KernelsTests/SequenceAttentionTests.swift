import Kernels
import Testing

/// Attention over sequences and its gradients against double precision, on every instruction set.
@Suite struct SequenceAttentionTests {
  /// A score carries a rounding for each of its terms, and a weight those of its score; what follows is a sum of weights times
  /// factors, in terms of whose magnitudes errors are bounded.
  private func check(_ test: SequenceAttentionCase, _ comment: String = "") {
    let exact = test.exact()
    let longest = Double(test.counts.max() ?? 1)
    let width = Double(max(test.keyWidth, test.valueWidth))
    let group = Double(test.heads / test.keyHeads)
    let relative = (2 * (width + 8) * (test.largestScore + 1) + (longest + 8) * group) * 0x1p-24
    for catalogue in catalogues {
      let result = test.run(catalogue.features)
      let pairs: [(String, [Float], [Measured])] = [
        ("outputs", result.outputs, exact.outputs), ("logarithms", result.logSums, exact.logSums),
        ("queries", result.queries, exact.queries), ("keys", result.keys, exact.keys),
        ("values", result.values, exact.values), ("sinks", result.sinks, exact.sinks),
      ]
      for (name, values, expected) in pairs {
        let worst = zip(values, expected).map { value, exact in
          value.isFinite ? abs(Double(value) - exact.value) / (exact.size + 1e-30) : .infinity
        }.max()
        #expect(worst ?? 0 <= relative, "\(catalogue.features) \(test) \(comment): \(name)")
      }
      let again = test.run(catalogue.features, isReversed: true)
      #expect(again.outputs == result.outputs && again.queries == result.queries)
      #expect(again.keys == result.keys && again.values == result.values && again.sinks == result.sinks)
    }
  }

  @Test(arguments: [1, 2, 11, 15, 16, 17, 31, 32, 33, 64, 95, 96, 97, 130, 200, 300])
  func `sequences of any length`(_ count: Int) {
    check(SequenceAttentionCase(counts: [count]))
    check(SequenceAttentionCase(counts: [count, 1, 40], heads: 2, keyHeads: 2))
  }

  @Test(arguments: [1, 3, 8, 16, 20, 32, 64, 80, 128]) func `heads of any width`(_ width: Int) {
    check(SequenceAttentionCase(counts: [70, 5], heads: 2, keyHeads: 1, keyWidth: width, valueWidth: width))
    check(SequenceAttentionCase(counts: [35], keyWidth: 24, valueWidth: width))
    check(SequenceAttentionCase(counts: [35], keyWidth: width, valueWidth: 16))
  }

  @Test(arguments: [1, 2, 31, 32, 50, 96, 97, 140]) func `windows and chunks`(_ size: Int) {
    check(SequenceAttentionCase(counts: [150, 20], window: size))
    check(SequenceAttentionCase(counts: [150, 20], chunk: size))
  }

  @Test func `groups of heads, caps and sinks`() {
    check(SequenceAttentionCase(counts: [100, 33], heads: 6, keyHeads: 2, keyWidth: 32, valueWidth: 32))
    check(SequenceAttentionCase(counts: [100, 33], heads: 2, keyHeads: 1, softcap: 1.5, size: 2))
    check(SequenceAttentionCase(counts: [100, 33], heads: 4, keyHeads: 2, hasSinks: true))
    check(SequenceAttentionCase(counts: [64, 7], window: 20, softcap: 3, hasSinks: true, size: 2))
  }

  @Test func `instruction sets with fused operations agree to the bit`() {
    let test = SequenceAttentionCase(
      counts: [130, 40], heads: 4, keyHeads: 2, keyWidth: 24, valueWidth: 40, hasSinks: true)
    let results = catalogues.filter { $0.features.contains(.fma) }.map { test.run($0.features) }
    for result in results.dropFirst() {
      #expect(result.outputs == results[0].outputs && result.logSums == results[0].logSums)
      #expect(result.queries == results[0].queries && result.keys == results[0].keys)
      #expect(result.values == results[0].values && result.sinks == results[0].sinks)
    }
  }

  @Test func `large scores neither overflow nor vanish`() {
    check(SequenceAttentionCase(counts: [140], keyWidth: 64, valueWidth: 64, size: 12))
  }
}
