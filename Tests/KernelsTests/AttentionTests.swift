import CKernels
import Foundation
import Testing

/// Attention against double precision and against itself divided differently, on every instruction set.
@Suite struct AttentionTests {
  static let cases: [AttentionCase] = [
    AttentionCase(),
    AttentionCase(keyWidth: 16, valueWidth: 24, heads: 1, positions: 70, scale: 0.5),
    AttentionCase(keyWidth: 40, valueWidth: 40, heads: 3, positions: 131, format: 1),
    AttentionCase(keyWidth: 8, valueWidth: 5, heads: 5, positions: 40, format: 1, scale: 0.7),
    AttentionCase(keyWidth: 128, valueWidth: 128, heads: 4, positions: 1100, format: 1, scale: 0.09),
    AttentionCase(keyWidth: 64, valueWidth: 64, heads: 7, positions: 600, format: 8, scale: 0.12),
    AttentionCase(keyWidth: 96, valueWidth: 32, heads: 12, positions: 300, format: 2, scale: 0.1),
    AttentionCase(keyWidth: 48, valueWidth: 80, heads: 2, positions: 90, format: 8, scale: 0.1),
    AttentionCase(keyWidth: 40, valueWidth: 48, heads: 9, positions: 150, format: 2, scale: 0.1),
    AttentionCase(keyWidth: 64, valueWidth: 64, heads: 2, positions: 150, softcap: 3),
    AttentionCase(keyWidth: 64, valueWidth: 64, heads: 3, positions: 150, format: 1, sinks: [4, -2, 0.5]),
    AttentionCase(
      keyWidth: 72, valueWidth: 64, heads: 20, positions: 530, format: 1, scale: 0.1, sharesRows: true),
    AttentionCase(
      keyWidth: 96, valueWidth: 64, heads: 17, positions: 200, format: 8, scale: 0.1, sharesRows: true),
    AttentionCase(
      keyWidth: 64, valueWidth: 40, heads: 2, positions: 100, format: 2, scale: 0.1, sharesRows: true,
      valueOffset: 32, padding: 32),
    AttentionCase(
      keyWidth: 20, valueWidth: 12, heads: 2, positions: 100, format: 0, sharesRows: true, keyOffset: 3, valueOffset: 1),
    AttentionCase(
      keyWidth: 32, valueWidth: 64, heads: 10, positions: 100, format: 8, keyOffset: 32, valueOffset: 32, padding: 7),
    AttentionCase(
      keyWidth: 33, valueWidth: 16, heads: 2, positions: 100, format: 1, keyOffset: 5, valueOffset: 3, padding: 2),
  ]

  /// What the last row of a case sees: everything, a window that starts inside a group, only itself.
  static func ranges(_ shape: AttentionCase) -> [ClosedRange<Int>] {
    let last = shape.positions - 1
    return [0...last, (last / 3 + 1)...last, last...last, (last / 2)...(last / 2 + 3)]
  }

  @Test(arguments: cases.indices) func `a row matches double precision within the bound`(_ index: Int) {
    let data = AttentionData(Self.cases[index], seed: 20)
    let query = data.queries(1)
    for set in availableSets {
      for visible in Self.ranges(data.shape) {
        let result = AttentionRun(data: data, set: set).row(query, visible)
        #expect(largestError(result, data.exact(query, visible)) <= data.bound)
      }
    }
  }

  @Test(arguments: cases.indices) func `rings, new rows and spans do not change a bit`(_ index: Int) {
    let data = AttentionData(Self.cases[index], seed: 21)
    let query = data.queries(1)
    for set in availableSets {
      for visible in Self.ranges(data.shape) {
        let whole = AttentionRun(data: data, set: set).row(query, visible)
        for layout in AttentionLayout.allCases {
          let run = AttentionRun(data: data, set: set, layout: layout)
          #expect(run.row(query, visible) == whole, "\(layout)")
          #expect(run.spans(query, visible) == whole, "\(layout)")
        }
      }
    }
  }

  @Test(arguments: cases.indices, [0, 50, 1]) func `rows together have the bits of rows alone`(
    _ index: Int, _ window: Int
  ) {
    let data = AttentionData(Self.cases[index], seed: 22)
    let shape = data.shape
    // More rows than one tile of 64 queries.
    let count = min(shape.positions, 64 / shape.heads + 6)
    let queries = data.queries(count)
    let visible = (0..<count).map { row in
      let last = shape.positions - count + row
      return (window == 0 ? 0 : max(0, last - window + 1))...last
    }
    let (queryWidth, width) = (shape.heads * shape.keyWidth, shape.heads * shape.valueWidth)
    for set in availableSets {
      let alone = (0..<count).flatMap { row in
        AttentionRun(data: data, set: set).row(
          Array(queries[(row * queryWidth)..<((row + 1) * queryWidth)]), visible[row])
      }
      for layout in AttentionLayout.allCases {
        let run = AttentionRun(data: data, set: set, layout: layout)
        #expect(run.rows(queries, visible) == alone, "\(layout)")
      }
      let part = 3..<min(11, count)
      let some = AttentionRun(data: data, set: set).rows(
        Array(queries[(part.lowerBound * queryWidth)..<(part.upperBound * queryWidth)]), Array(visible[part]))
      #expect(some == Array(alone[(part.lowerBound * width)..<(part.upperBound * width)]))
    }
  }

  @Test(arguments: cases.indices) func `scores, softmax and mix are attention in pieces`(_ index: Int) {
    let data = AttentionData(Self.cases[index], seed: 23)
    let shape = data.shape
    let query = data.queries(1)
    let visible = (shape.positions / 4)...(shape.positions - 2)
    for set in availableSets {
      let run = AttentionRun(data: data, set: set, layout: .ringAndAdded)
      var output: [Float] = []
      for head in 0..<shape.heads {
        let scores = run.scores(query, head: head, visible, 3..<shape.positions)
        let exact = data.scores(query[(head * shape.keyWidth)..<((head + 1) * shape.keyWidth)], visible)
        let seen = (visible.lowerBound - 3)..<(visible.upperBound - 2)
        #expect(largestError(Array(scores[seen]), exact) <= data.bound)
        let others = scores.indices.filter { !seen.contains($0) && scores[$0] != -.infinity }
        #expect(others == [])
        var weights = scores
        if let sinks = shape.sinks {
          set.rows.softmax_sink(scores, sinks[head], scores.count, &weights)
        } else {
          set.rows.softmax(scores, scores.count, &weights)
        }
        let seenWeights = Array(weights[(visible.lowerBound - 3)..<(visible.upperBound - 2)])
        output += run.mix(seenWeights, visible.lowerBound..<(visible.upperBound + 1))
      }
      #expect(largestError(output, data.exact(query, visible)) <= data.bound)
    }
  }

  @Test func `a NaN that a row does not see never reaches it`() {
    var shape = AttentionCase(keyWidth: 32, valueWidth: 32, heads: 2, positions: 30)
    shape.format = 0
    let clean = AttentionData(shape, seed: 24)
    let queries = clean.queries(20)
    let visible = (0..<20).map { 0...$0 }
    for set in availableSets {
      let before = AttentionRun(data: clean, set: set).rows(queries, visible)
      let dirty = clean.withNotANumber(at: 12)
      let after = AttentionRun(data: dirty, set: set).rows(queries, visible)
      let width = shape.heads * shape.valueWidth
      #expect(after[..<(12 * width)] == before[..<(12 * width)])
      let numbers = after[(12 * width)...].filter { !$0.isNaN }
      #expect(numbers == [])
    }
  }

  @Test(arguments: cases.indices) func `sets with fused multiply-add agree to the bit`(_ index: Int) {
    let data = AttentionData(Self.cases[index], seed: 26)
    let query = data.queries(1)
    let results = availableSets.filter { $0 != VECTOR_ISA_BASELINE }.map {
      AttentionRun(data: data, set: $0).row(query, 0...data.shape.positions - 1)
    }
    for result in results { #expect(result == results[0]) }
  }
}

extension AttentionData {
  /// The same data with NaNs for one position's key and value.
  func withNotANumber(at position: Int) -> AttentionData {
    func poison(_ rows: [[Float]]) -> [[Float]] {
      var rows = rows
      rows[position] = rows[position].map { _ in .nan }
      return rows
    }
    return AttentionData(shape, poison(keyRows), poison(valueRows))
  }
}
