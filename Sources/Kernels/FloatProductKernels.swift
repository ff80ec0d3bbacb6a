import CKernels

/// How float32 factors are multiplied; sums are float32.
public enum ProductPrecision: String, Hashable, Sendable, CaseIterable {
  case float32
  /// Factors rounded to bfloat16, where the processor multiplies pairs of them; elsewhere float32.
  case bfloat16
}

/// The kernels that compute a `FloatProduct` on this processor, in two phases with all threads done between them:
/// `pack` for each of `packTiles`, which writes B's panels into memory that all share, then `multiply` for each of `tiles`.
///
/// Tiles of a phase are independent and fixed by the shape alone. Each element of C is one sum over the steps in order, so
/// neither tiles nor threads change a bit of it; float32 kernels with fused operations agree on every processor.
public struct FloatProductKernels: @unchecked Sendable {
  private let table: UnsafePointer<float_product_kernels>
  private var kernels: float_product_kernels { table.pointee }

  /// The fastest kernels that need nothing beyond `features`.
  public init(_ precision: ProductPrecision, features: ProcessorFeatures = .current) {
    table = features.best(float_product_kernels_at, needing: \.features) {
      precision == .bfloat16 || $0.roundsToPairs == 0
    }
  }

  /// As in `float32 12x32, AVX-512`.
  public var name: String { String(cString: kernels.name) }

  /// Whether factors are rounded to bfloat16.
  public var roundsFactors: Bool { kernels.roundsToPairs != 0 }

  /// Floats of memory for B's panels, which all threads share.
  public func packedFloats(_ shape: FloatProductShape) -> Int {
    float_product_packed_floats(table, shape.columns, shape.steps)
  }

  /// Floats of scratch that each thread needs for `multiply`, whatever the shape.
  public var scratchFloats: Int { float_product_scratch_floats(table, Self.mostRows) }

  /// Tiles of the first phase.
  public func packTiles(_ shape: FloatProductShape) -> Int { panels(shape) }

  /// Tiles of the second phase.
  public func tiles(_ shape: FloatProductShape) -> Int {
    let division = Division(shape, panels: panels(shape))
    return division.rowBlocks * division.columnBlocks
  }

  /// Packs one tile of B.
  public func pack(_ product: FloatProduct, tile: Int, packed: UnsafeMutablePointer<Float>) {
    withUnsafePointer(to: product.work) { kernels.pack($0, tile, packed) }
  }

  /// Computes one tile of C. `scratch` is the calling thread's.
  public func multiply(
    _ product: FloatProduct, tile: Int, packed: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let division = Division(product.shape, panels: panels(product.shape))
    let (column, row) = tile.quotientAndRemainder(dividingBy: division.rowBlocks)
    let panels = division.panels(ofBlock: column)
    let firstRow = row * division.rowsOfBlock
    withUnsafePointer(to: product.work) {
      kernels.multiply(
        $0, packed, firstRow, min(division.rowsOfBlock, product.shape.rows - firstRow), panels.lowerBound, panels.count,
        scratch)
    }
  }

  /// The part of C that a tile is.
  public func area(_ shape: FloatProductShape, tile: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let division = Division(shape, panels: panels(shape))
    let (column, row) = tile.quotientAndRemainder(dividingBy: division.rowBlocks)
    let (first, panels) = (row * division.rowsOfBlock, division.panels(ofBlock: column))
    let width = kernels.tileColumns
    return (
      first..<min(first + division.rowsOfBlock, shape.rows),
      panels.lowerBound * width..<min(panels.upperBound * width, shape.columns)
    )
  }

  /// Whether tiles have whole rows of C.
  public func hasWholeRows(columns: Int) -> Bool {
    let shape = FloatProductShape(rows: 1, columns: columns, steps: 1)
    return Division(shape, panels: panels(shape)).columnBlocks == 1
  }

  /// Runs both phases on the calling thread.
  public func run(
    _ product: FloatProduct, packed: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    for tile in 0..<packTiles(product.shape) { pack(product, tile: tile, packed: packed) }
    for tile in 0..<tiles(product.shape) { multiply(product, tile: tile, packed: packed, scratch: scratch) }
  }

  private func panels(_ shape: FloatProductShape) -> Int {
    (shape.columns + kernels.tileColumns - 1) / kernels.tileColumns
  }

  /// The most rows of a tile: their packed strips of A stay in a second-level cache.
  private static let mostRows = 96

  /// How C is divided into tiles: at least eight where rows allow, of about 384 columns.
  private struct Division {
    let rowsOfBlock: Int
    let rowBlocks: Int
    let columnBlocks: Int
    private let panels: Int

    init(_ shape: FloatProductShape, panels: Int) {
      self.panels = panels
      columnBlocks = max(1, (shape.columns + 383) / 384)
      var rows = mostRows
      while rows > 24 && (shape.rows + rows - 1) / rows * columnBlocks < 8 { rows /= 2 }
      rowsOfBlock = rows
      rowBlocks = (shape.rows + rows - 1) / rows
    }

    func panels(ofBlock block: Int) -> Range<Int> {
      block * panels / columnBlocks..<(block + 1) * panels / columnBlocks
    }
  }
}
