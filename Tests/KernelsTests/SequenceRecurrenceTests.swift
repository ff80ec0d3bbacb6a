import GraphIR
import Kernels
import Reference
import Testing

/// A recurrence over packed sequences of random rows, by the kernels and by the rule as `Reference` follows it row by row.
struct SequenceRecurrenceCase {
  var counts: [Int]
  var heads = 1
  var groups = 1
  var keyWidth = 16
  var valueWidth = 16
  var isDelta = true
  /// Decays are the negatives of up to so much.
  var decay: Float = 1

  var rows: Int { counts.reduce(0, +) }
  var shape: SequenceRecurrence.Shape {
    SequenceRecurrence.Shape(heads: heads, groups: groups, keyWidth: keyWidth, valueWidth: valueWidth)
  }
  /// Columns of the gradients by queries, keys, values, decays and rates.
  var parts: [Range<Int>] {
    var end = 0
    return [groups * keyWidth, groups * keyWidth, heads * valueWidth, heads, isDelta ? heads : 0].map { width in
      defer { end += width }
      return end..<end + width
    }
  }
  private var width: Int { parts[4].upperBound }

  private var runs: [Range<Int>] {
    var start = 0
    return counts.map { count in
      defer { start += count }
      return start..<start + count
    }
  }

  /// Gradients by outputs, queries, keys, values, decays and rates. Keys have about unit length.
  private var operands: [(values: [Float], shape: [Int])] {
    var random = RowRandom(60)
    let scale = 1.7 / Float(keyWidth).squareRoot()
    var all = [
      (random.floats(rows * heads * valueWidth), [rows, heads, valueWidth]),
      (random.floats(rows * groups * keyWidth, scale), [rows, groups, keyWidth]),
      (random.floats(rows * groups * keyWidth, scale), [rows, groups, keyWidth]),
      (random.floats(rows * heads * valueWidth), [rows, heads, valueWidth]),
      (random.floats(rows * heads, decay).map { -$0.magnitude }, [rows, heads]),
    ]
    if isDelta { all.append((random.floats(rows * heads).map(\.magnitude), [rows, heads])) }
    return all
  }

  /// Outputs and gradients in double precision.
  func exact() throws -> (outputs: [Double], gradients: [Double]) {
    let rule = isDelta ? RecurrenceRule.gatedDelta : .decay
    let arrays = operands.map { HostArray(shape: $0.shape, values: $0.values.map(Double.init)) }
    func evaluate(_ op: Op, _ operands: [HostArray<Double>]) throws -> [Double] {
      try PreciseEvaluator.evaluate(op, operands, rowCount: rows, askedRowCount: rows, runs: runs, context: rows).values
    }
    let state = State.recurrent(name: "state", heads: heads, keyWidth: keyWidth, valueWidth: valueWidth)
    return (
      try evaluate(.recurrence(rule, state), Array(arrays.dropFirst())),
      try evaluate(.training(.recurrenceGradient(rule)), arrays)
    )
  }

  /// What the kernels give with the tiles in order, or the last first.
  func run(_ features: ProcessorFeatures, isReversed: Bool = false) -> (outputs: [Float], gradients: [Float]) {
    let operands = operands
    var outputs = [Float](repeating: .nan, count: rows * heads * valueWidth)
    var gradients = [Float](repeating: .nan, count: rows * width)
    var scratch = [Float](repeating: .nan, count: shape.scratchFloats(longest: counts.max() ?? 0))
    let table = runs.map { SequenceRecurrence.Run(start: $0.lowerBound, count: $0.count) }
    // Rows with gaps between them, as those of a wider value.
    let gap = 5
    let places = operands.map { operand in
      let width = operand.values.count / rows
      let place = UnsafeMutablePointer<Float>.allocate(capacity: rows * (width + gap))
      place.initialize(repeating: .nan, count: rows * (width + gap))
      for row in 0..<rows {
        for i in 0..<width { place[row * (width + gap) + i] = operand.values[row * width + i] }
      }
      return place
    }
    defer { for place in places { place.deallocate() } }
    let matrices = zip(places, operands).map { FloatMatrix($0, rowStride: $1.values.count / rows + gap) }
    table.withUnsafeBufferPointer { table in
      outputs.withUnsafeMutableBufferPointer { outputs in
        gradients.withUnsafeMutableBufferPointer { gradients in
          scratch.withUnsafeMutableBufferPointer { scratch in
            guard let runs = table.baseAddress, let out = outputs.baseAddress, let slopes = gradients.baseAddress,
              let words = scratch.baseAddress
            else { return }
            let recurrence = SequenceRecurrence(
              shape,
              SequenceRecurrence.Operands(
                queries: matrices[1], keys: matrices[2], values: matrices[3], decays: matrices[4],
                rates: isDelta ? matrices[5] : nil),
              runs: runs, runCount: table.count, features: features)
            let (forward, backward) = (Array(0..<recurrence.forwardTiles), Array(0..<recurrence.backwardTiles))
            for tile in isReversed ? forward.reversed() : forward {
              recurrence.forward(tile: tile, outputs: out, outputStride: heads * valueWidth, scratch: words)
            }
            for tile in isReversed ? backward.reversed() : backward {
              recurrence.backward(
                tile: tile, outputGradients: matrices[0], gradients: slopes, gradientStride: width, scratch: words)
            }
          }
        }
      }
    }
    return (outputs, gradients)
  }
}

/// Recurrences over sequences and their gradients by chunks against double precision row by row, on every instruction set.
@Suite struct SequenceRecurrenceTests {
  /// Each part of a gradient is right within 2·10⁻⁵ of its norm: sums of up to some hundred rounded products.
  private func check(_ test: SequenceRecurrenceCase) throws {
    let exact = try test.exact()
    let width = test.parts[4].upperBound
    func columns<T>(_ values: [T], _ part: Range<Int>) -> [T] {
      (0..<test.rows).flatMap { values[$0 * width + part.lowerBound..<$0 * width + part.upperBound] }
    }
    for catalogue in catalogues {
      let result = test.run(catalogue.features)
      #expect(relativeError(result.outputs, exact.outputs) <= 1e-5, "\(catalogue.features) \(test): outputs")
      for (name, part) in zip(["queries", "keys", "values", "decays", "rates"], test.parts) {
        let error = relativeError(columns(result.gradients, part), columns(exact.gradients, part))
        #expect(error <= 2e-5, "\(catalogue.features) \(test): \(name) \(error)")
      }
      let again = test.run(catalogue.features, isReversed: true)
      #expect(again.outputs == result.outputs && again.gradients == result.gradients)
    }
  }

  /// ‖found − exact‖ / ‖exact‖.
  private func relativeError(_ found: [Float], _ exact: [Double]) -> Double {
    let error = zip(found, exact).reduce(0.0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
    return error.squareRoot() / max(exact.reduce(0.0) { $0 + $1 * $1 }.squareRoot(), 1e-30)
  }

  @Test(arguments: [1, 2, 15, 31, 32, 33, 64, 65, 100], [true, false])
  func `sequences of any length`(_ count: Int, _ isDelta: Bool) throws {
    try check(SequenceRecurrenceCase(counts: [count], isDelta: isDelta))
    try check(SequenceRecurrenceCase(counts: [count, 1, 40], heads: 2, groups: 2, isDelta: isDelta))
  }

  @Test(arguments: [1, 3, 8, 16, 20, 32, 33, 64, 128], [true, false])
  func `heads of any width`(_ width: Int, _ isDelta: Bool) throws {
    try check(SequenceRecurrenceCase(counts: [40, 5], keyWidth: width, valueWidth: width, isDelta: isDelta))
    try check(SequenceRecurrenceCase(counts: [35], keyWidth: width, valueWidth: 24, isDelta: isDelta))
    try check(SequenceRecurrenceCase(counts: [35], keyWidth: 12, valueWidth: width, isDelta: isDelta))
  }

  @Test(arguments: [true, false]) func `groups of heads`(_ isDelta: Bool) throws {
    try check(SequenceRecurrenceCase(counts: [70, 33], heads: 6, groups: 2, keyWidth: 32, isDelta: isDelta))
    try check(SequenceRecurrenceCase(counts: [50], heads: 4, groups: 1, valueWidth: 20, isDelta: isDelta))
  }

  @Test(arguments: [Float(0), 0.01, 30, 5000], [true, false])
  func `matrices that fade slowly, fast and at once`(_ decay: Float, _ isDelta: Bool) throws {
    try check(SequenceRecurrenceCase(counts: [90, 20], heads: 2, groups: 1, isDelta: isDelta, decay: decay))
  }
}
