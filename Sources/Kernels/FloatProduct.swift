import CKernels

/// A float32 matrix in memory with any distance between its rows and between its columns, in floats.
public struct FloatMatrix: @unchecked Sendable {
  public var base: UnsafePointer<Float>
  public var rowStride: Int
  public var columnStride: Int

  /// Rows that lie `rowStride` floats apart.
  public init(_ base: UnsafePointer<Float>, rowStride: Int, columnStride: Int = 1) {
    (self.base, self.rowStride, self.columnStride) = (base, rowStride, columnStride)
  }

  /// Where a row begins.
  subscript(row: Int) -> UnsafePointer<Float> { base + row * rowStride }

  /// The same memory read with rows and columns exchanged.
  public var transposed: Self { Self(base, rowStride: columnStride, columnStride: rowStride) }
}

/// The sizes of a product: C `[rows, columns]` sums over `steps`.
public struct FloatProductShape: Hashable, Sendable {
  public var rows: Int
  public var columns: Int
  public var steps: Int

  public init(rows: Int, columns: Int, steps: Int) { (self.rows, self.columns, self.steps) = (rows, columns, steps) }

  /// Multiplications and additions.
  public var operations: Int { 2 * rows * columns * steps }
}

/// One product C = A · B (or C += A · B) of float32 matrices, A `[rows, steps]`, B `[steps, columns]`.
///
/// With weights `W [out, in]` and rows `x [T, in]`, `y [T, out]`:
/// - `y = x · Wᵀ` is `a: x`, `b: W.transposed`;
/// - `dx = dy · W` is `a: dy`, `b: W`;
/// - `dW = dyᵀ · x` is `a: dy.transposed`, `b: x`.
public struct FloatProduct: @unchecked Sendable {
  public var shape: FloatProductShape
  public var a: FloatMatrix
  public var b: FloatMatrix
  /// Rows `cStride` floats apart; they overlap neither A nor B.
  public var c: UnsafeMutablePointer<Float>
  public var cStride: Int
  /// Whether results are added to what C holds.
  public var accumulates: Bool
  /// `columns` numbers that every row starts from, or nil; not together with `accumulates`.
  public var bias: UnsafePointer<Float>?
  /// The stored row of A, and of C, that stands at each of `rows` (for the tokens of one expert); nil: row i. C's may not repeat.
  public var aRows: UnsafePointer<Int32>?
  public var cRows: UnsafePointer<Int32>?
  /// The stored column of A, and row of B, that stands at each of `steps`; nil: step s.
  public var aSteps: UnsafePointer<Int32>?
  public var bSteps: UnsafePointer<Int32>?

  public init(
    _ shape: FloatProductShape, a: FloatMatrix, b: FloatMatrix, c: UnsafeMutablePointer<Float>, cStride: Int? = nil,
    accumulates: Bool = false, bias: UnsafePointer<Float>? = nil
  ) {
    precondition(bias == nil || !accumulates, "sums start from the bias or from C")
    (self.shape, self.a, self.b, self.c) = (shape, a, b, c)
    (self.cStride, self.accumulates, self.bias) = (cStride ?? shape.columns, accumulates, bias)
  }

  var work: float_product {
    float_product(
      rows: shape.rows, columns: shape.columns, steps: shape.steps,
      a: a.base, aRow: a.rowStride, aStep: a.columnStride, b: b.base, bStep: b.rowStride, bColumn: b.columnStride,
      c: c, cRow: cStride, aRows: aRows, cRows: cRows, aSteps: aSteps, bSteps: bSteps, bias: bias,
      accumulates: accumulates ? 1 : 0)
  }
}
