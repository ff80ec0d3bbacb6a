import Kernels

/// A product of random matrices whose stored order, gaps and lists vary, and what it should be.
struct FloatProductCase {
  /// How an operand lies in memory.
  enum Order: CaseIterable { case rowsApart, columnsApart, both }

  var shape: FloatProductShape
  var a: Stored
  var b: Stored
  var accumulates = false
  var hasBias = false
  var aRows: [Int32]?
  var cRows: [Int32]?
  var steps: [Int32]?

  /// A matrix, and the floats that hold it with gaps of NaN.
  struct Stored {
    var rows: Int
    var columns: Int
    var rowStride: Int
    var columnStride: Int
    var floats: [Float]

    init(_ rows: Int, _ columns: Int, _ order: Order, _ random: inout Randomness) {
      (self.rows, self.columns) = (rows, columns)
      (rowStride, columnStride) =
        switch order {
        case .rowsApart: (columns + 3, 1)
        case .columnsApart: (1, rows + 5)
        case .both: (2 * columns, 2)
        }
      let count = rows == 0 || columns == 0 ? 1 : (rows - 1) * rowStride + (columns - 1) * columnStride + 1
      floats = [Float](repeating: .nan, count: count)
      for r in 0..<rows {
        for c in 0..<columns { floats[r * rowStride + c * columnStride] = Float.random(in: -2...2, using: &random) }
      }
    }

    func value(_ row: Int, _ column: Int) -> Float { floats[row * rowStride + column * columnStride] }
  }

  init(_ shape: FloatProductShape, a: Order = .rowsApart, b: Order = .columnsApart, seed: UInt64 = 3) {
    var random = Randomness(state: seed)
    self.shape = shape
    self.a = Stored(shape.rows, shape.steps, a, &random)
    self.b = Stored(shape.steps, shape.columns, b, &random)
  }

  /// What lies between rows of C and must stay.
  static let untouched: Float = -12345

  private var bias: [Float] { (0..<shape.columns).map { Float($0 % 7) - 3 } }
  private func before(_ row: Int, _ column: Int) -> Float { Float((row * 5 + column) % 11) - 5 }

  /// C `[rows, columns + 3]` after the tiles in an order.
  func run(_ kernels: FloatProductKernels, isReversed: Bool = false) -> [Float] {
    let stride = shape.columns + 3
    var c = [Float](repeating: Self.untouched, count: shape.rows * stride)
    if accumulates {
      for r in 0..<shape.rows {
        for j in 0..<shape.columns { c[r * stride + j] = before(r, j) }
      }
    }
    var packed = [Float](repeating: .nan, count: kernels.packedFloats(shape))
    var scratch = [Float](repeating: .nan, count: kernels.scratchFloats)
    a.floats.withUnsafeBufferPointer { a in
      b.floats.withUnsafeBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          withLists { aRows, cRows, steps, bias in
            var product = FloatProduct(
              shape, a: FloatMatrix(a.baseAddress!, rowStride: self.a.rowStride, columnStride: self.a.columnStride),
              b: FloatMatrix(b.baseAddress!, rowStride: self.b.rowStride, columnStride: self.b.columnStride),
              c: c.baseAddress!, cStride: stride, accumulates: accumulates, bias: bias)
            (product.aRows, product.cRows, product.aSteps, product.bSteps) = (aRows, cRows, steps, steps)
            packed.withUnsafeMutableBufferPointer { packed in
              scratch.withUnsafeMutableBufferPointer { scratch in
                let tiles = Array(0..<kernels.tiles(shape)), panels = Array(0..<kernels.packTiles(shape))
                for tile in isReversed ? panels.reversed() : panels {
                  kernels.pack(product, tile: tile, packed: packed.baseAddress!)
                }
                for tile in isReversed ? tiles.reversed() : tiles {
                  kernels.multiply(product, tile: tile, packed: packed.baseAddress!, scratch: scratch.baseAddress!)
                }
              }
            }
          }
        }
      }
    }
    return c
  }

  private typealias List = UnsafePointer<Int32>?
  private func withLists(_ body: (List, List, List, UnsafePointer<Float>?) -> Void) {
    bias.withUnsafeBufferPointer { bias in
      (aRows ?? []).withUnsafeBufferPointer { rows in
        (cRows ?? []).withUnsafeBufferPointer { targets in
          (self.steps ?? []).withUnsafeBufferPointer { steps in
            body(
              aRows == nil ? nil : rows.baseAddress, cRows == nil ? nil : targets.baseAddress,
              self.steps == nil ? nil : steps.baseAddress, hasBias ? bias.baseAddress : nil)
          }
        }
      }
    }
  }

  /// The largest error as a share of its bound: a rounding of each term's sum, and for pairs of bfloat16 one of each factor
  /// (2⁻⁸ of it; subnormal factors and sums are zeros).
  func largestError(_ c: [Float], roundsFactors: Bool) -> Double {
    let stride = shape.columns + 3
    let unit = Double(Float.ulpOfOne) / 2
    let relative = 2 * Double(shape.steps + 1) * unit + (roundsFactors ? 0x1p-7 + 0x1p-16 : 0)
    var worst = 0.0
    for r in 0..<shape.rows {
      let target = cRows.map { Int($0[r]) } ?? r
      for j in 0..<shape.columns {
        var sum = accumulates ? Double(before(target, j)) : hasBias ? Double(bias[j]) : 0
        var size = abs(sum) * 2 * Double(shape.steps + 1) * unit
        for s in 0..<shape.steps {
          let stored = steps.map { Int($0[s]) } ?? s
          let term = Double(a.value(aRows.map { Int($0[r]) } ?? r, stored)) * Double(b.value(stored, j))
          sum += term
          size += abs(term) * relative
        }
        let error = abs(Double(c[target * stride + j]) - sum)
        worst = max(worst, error.isNaN ? .infinity : error == 0 ? 0 : error / (size + 1e-30))
      }
      for gap in shape.columns..<stride where c[target * stride + gap] != Self.untouched { worst = .infinity }
    }
    return worst
  }
}
