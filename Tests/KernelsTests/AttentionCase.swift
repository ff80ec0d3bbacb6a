import CKernels
import Foundation

/// How a case's positions are handed to the kernel.
enum AttentionLayout: CaseIterable, Sendable {
  /// Every position kept.
  case whole
  /// The last positions are new rows of the step, the others kept; the border is no multiple of a tile.
  case added
  /// A ring of the last rows, wrapped, so that its end lies before its start.
  case ring
  /// A ring with new rows beside it.
  case ringAndAdded
}

/// Random keys, values and queries of one key/value head, and the exact result in double precision.
struct AttentionCase: Sendable {
  var keyWidth = 64
  var valueWidth = 64
  var heads = 2
  var positions = 200
  var format: UInt32 = 0
  var scale: Float = 0.2
  var softcap: Float = 0
  var sinks: [Float]?
  /// Values are the first columns of the keys, as in latent attention.
  var sharesRows = false
  /// First columns of the kept rows that take part, and columns after them.
  var keyOffset = 0
  var valueOffset = 0
  var padding = 0

  var keptKeyWidth: Int { keyOffset + keyWidth + padding }
  var keptValueWidth: Int { sharesRows ? keptKeyWidth : valueOffset + valueWidth + padding }
  var isInteger: Bool { format == 8 || format == 2 }
}

/// A case's rows and what they are once stored, which the exact result is computed from.
struct AttentionData {
  let shape: AttentionCase
  let keyRows: [[Float]]
  let valueRows: [[Float]]
  let keys: [[Double]]
  let values: [[Double]]

  init(_ shape: AttentionCase, seed: UInt64) {
    var random = RowRandom(seed)
    let keys = (0..<shape.positions).map { _ in random.floats(shape.keptKeyWidth, 2) }
    let values =
      shape.sharesRows ? keys : (0..<shape.positions).map { _ in random.floats(shape.keptValueWidth, 2) }
    self.init(shape, keys, values)
  }

  init(_ shape: AttentionCase, _ keyRows: [[Float]], _ valueRows: [[Float]]) {
    (self.shape, self.keyRows, self.valueRows) = (shape, keyRows, valueRows)
    func stored(_ row: [Float], _ columns: Range<Int>) -> [Double] {
      var bytes = [UInt8](repeating: 0, count: cache_row_bytes(shape.format, row.count))
      VECTOR_ISA_BASELINE.rows.cache_store(shape.format, row, row.count, &bytes)
      var loaded = [Float](repeating: 0, count: row.count)
      VECTOR_ISA_BASELINE.rows.cache_load(shape.format, bytes, row.count, &loaded)
      return loaded[columns].map(Double.init)
    }
    keys = keyRows.map { stored($0, shape.keyOffset..<shape.keyOffset + shape.keyWidth) }
    values = valueRows.map { stored($0, shape.valueOffset..<shape.valueOffset + shape.valueWidth) }
  }

  func queries(_ rows: Int) -> [Float] {
    var random = RowRandom(99)
    return random.floats(rows * shape.heads * shape.keyWidth, 1.5)
  }

  /// Scores of one head over `visible`.
  func scores(_ query: ArraySlice<Float>, _ visible: ClosedRange<Int>) -> [Double] {
    visible.map { position in
      let score = Double(shape.scale) * zip(query, keys[position]).reduce(0) { $0 + Double($1.0) * $1.1 }
      return shape.softcap == 0 ? score : Double(shape.softcap) * tanh(score / Double(shape.softcap))
    }
  }

  /// The exact output `[heads, valueWidth]` of one row.
  func exact(_ query: [Float], _ visible: ClosedRange<Int>) -> [Double] {
    (0..<shape.heads).flatMap { head in
      let scores = scores(query[(head * shape.keyWidth)..<((head + 1) * shape.keyWidth)], visible)
      let sink = shape.sinks.map { Double($0[head]) }
      let largest = max(scores.max() ?? 0, sink ?? -.infinity)
      let weights = scores.map { exp($0 - largest) }
      let sum = weights.reduce(0, +) + (sink.map { exp($0 - largest) } ?? 0)
      return (0..<shape.valueWidth).map { column in
        zip(weights, visible).reduce(0) { $0 + $1.0 * values[$1.1][column] } / sum
      }
    }
  }

  /// An error bound. Scores of magnitude at most 1.5 · 2 · width · scale round in one chain of sums; exp turns that into
  /// relative weight errors, and the weighted sum of values up to 2 runs through spans of 512. In block formats a query's
  /// element is off by at most half of 1.5 / 127, and a weight by half of 2^-14 of its block's largest.
  var bound: Double {
    let largestScore = 1.5 * 2.1 * Double(shape.keyWidth) * Double(shape.scale)
    var scoreError = largestScore * (Double(shape.keyWidth) + 8) * 0x1p-24
    if shape.isInteger { scoreError += largestScore / 254 }
    let weightError = shape.isInteger ? 0x1p-14 * Double(shape.positions).squareRoot() : 0
    return 2.1 * 2 * (scoreError + weightError + 600 * 0x1p-24 + largestScore * 0x1p-22)
  }

  /// Calls `body` with the memory of positions from `first`, or more.
  func withMemory<R>(
    _ set: vector_isa, _ layout: AttentionLayout, from first: Int, _ body: (attention_memory) -> R
  ) -> R {
    let count = shape.positions
    let isRing = layout == .ring || layout == .ringAndAdded
    let firstNew = layout == .added || layout == .ringAndAdded ? max(first, count - 37) : count
    // A ring keeps just what is seen before the new rows.
    let rows = isRing ? (max(1, firstNew - first) + 15) / 16 * 16 : (count + 15) / 16 * 16
    let kernels = set.rows
    func kept(_ source: [[Float]], _ isKeys: Int32, _ width: Int) -> [UInt8] {
      // What nobody wrote must not matter.
      var bytes = [UInt8](repeating: 0xFF, count: rows * cache_row_bytes(shape.format, width))
      for position in max(0, firstNew - rows)..<firstNew {
        kernels.cache_append(shape.format, isKeys, source[position], width, &bytes, position % rows)
      }
      return bytes
    }
    func added(_ source: [[Float]], _ width: Int) -> [UInt8] {
      let stride = cache_row_bytes(shape.format, width) + 4
      var bytes = [UInt8](repeating: 0xFF, count: (count - firstNew) * stride + 1)
      for position in firstNew..<count {
        bytes.withUnsafeMutableBytes {
          kernels.cache_store(
            shape.format, source[position], width, $0.baseAddress! + (position - firstNew) * stride)
        }
      }
      return bytes
    }
    let (keyWidth, valueWidth) = (shape.keptKeyWidth, shape.keptValueWidth)
    let keys = kept(keyRows, 1, keyWidth)
    let values = kept(valueRows, shape.sharesRows ? 1 : 0, valueWidth)
    let (newKeys, newValues) = (added(keyRows, keyWidth), added(valueRows, valueWidth))
    return keys.withUnsafeBytes { keys in
      values.withUnsafeBytes { values in
        newKeys.withUnsafeBytes { newKeys in
          newValues.withUnsafeBytes { newValues in
            body(
              attention_memory(
                keys: keys.baseAddress!, values: values.baseAddress!, valuesAreKeys: shape.sharesRows ? 1 : 0,
                rows: rows, keyWidth: keyWidth, valueWidth: valueWidth,
                newKeys: firstNew < count ? newKeys.baseAddress : nil,
                newValues: firstNew < count ? newValues.baseAddress : nil, firstNew: firstNew,
                newKeyStride: cache_row_bytes(shape.format, keyWidth) + 4,
                newValueStride: cache_row_bytes(shape.format, valueWidth) + 4))
          }
        }
      }
    }
  }
}
