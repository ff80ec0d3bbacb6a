import Kernels
import Testing

/// Attention over sequences and its gradients against double precision, on every instruction set.
@Suite struct SequenceAttentionTests {
  /// Scores up to `size²·√width` in size carry about `width + 8` roundings of 2⁻²⁴ into every weight; results are sums of up to
  /// `longest` of them with factors up to `size` and 1, and gradients by keys sum over rows and the heads of a group.
  private func check(_ test: SequenceAttentionCase, _ comment: String = "") {
    let exact = test.exact()
    let longest = Double(test.counts.max() ?? 1)
    let (width, size) = (Double(max(test.keyWidth, test.valueWidth)), Double(test.size))
    let score = size * size * width.squareRoot()
    let dropped = 1 / (1 - Double(test.dropout))
    let relative = ((width + 8) * (score + 1) + longest + 8) * 0x1p-24 * dropped * dropped
    let (toWeight, group) = (2 * size * width, Double(test.heads / test.keyHeads))
    let toScore = toWeight / Double(test.keyWidth).squareRoot()
    for catalogue in catalogues {
      let result = test.run(catalogue.features)
      let bounds: [(String, [Float], [Double], Double)] = [
        ("outputs", result.outputs, exact.outputs, relative * size),
        ("logarithms", result.logSums, exact.logSums, relative * (1 + score)),
        ("queries", result.queries, exact.queries, 3 * relative * toScore * size),
        ("keys", result.keys, exact.keys, 3 * relative * toScore * size * longest.squareRoot() * group),
        ("values", result.values, exact.values, 3 * relative * longest.squareRoot() * group),
        ("sinks", result.sinks, exact.sinks, relative * toWeight * longest),
      ]
      for (name, values, expected, bound) in bounds {
        let error = largestError(values, expected)
        #expect(error <= bound, "\(catalogue.features) \(test) \(comment): \(name)")
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

  @Test(arguments: [Float(0.1), 0.5, 0.75]) func `dropped weights`(_ dropout: Float) {
    check(SequenceAttentionCase(counts: [1, 17, 96, 33, 140], heads: 4, keyHeads: 2, dropout: dropout))
    check(SequenceAttentionCase(counts: [300], keyWidth: 24, valueWidth: 40, window: 50, dropout: dropout))
    check(SequenceAttentionCase(counts: [64, 7], softcap: 3, hasSinks: true, dropout: dropout, size: 2))
  }

  @Test func `large scores neither overflow nor vanish`() {
    check(SequenceAttentionCase(counts: [140], keyWidth: 64, valueWidth: 64, size: 12))
  }
}
