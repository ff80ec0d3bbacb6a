import CKernels
public import TensorCore

/// How a weight matrix lies in memory for the kernel that reads it.
///
/// A panel is 16 rows (outputs), interleaved so that a kernel's lanes are rows; the last panel is filled up with zeros.
/// A mapped matrix stays as it is in its file, and each thread packs one panel at a time into its scratch: the same results, no memory, slower.
public struct Packing: Hashable, Sendable, CustomStringConvertible {
  /// The format of the stored weights.
  public let source: BlockFormat
  /// The format inside panels: the source's own with its exact scales, or `f32` (decoded exactly).
  public let panel: BlockFormat
  /// What activations must be for this matrix.
  public let activation: ActivationLayout
  /// Whether panels exist only in a thread's scratch.
  public let isMapped: Bool

  /// Output rows of a panel.
  public static let panelRows = Int(MATMUL_ROWS)

  /// Panels of the source's own format if kernels exist for it and `arithmetic` allows, otherwise of float32.
  public init(source: BlockFormat, arithmetic: Arithmetic, isMapped: Bool) {
    let own = matmul_panel_bytes(source.rawValue, 256) > 0 && (arithmetic == .quantised || !source.isQuantised)
    let panel = own ? source : .f32
    self.init(
      source: source, panel: panel, activation: ActivationLayout(matmul_activation_of(panel.rawValue)),
      isMapped: isMapped)
  }

  private init(source: BlockFormat, panel: BlockFormat, activation: ActivationLayout, isMapped: Bool) {
    self.source = source
    self.panel = panel
    self.activation = activation
    self.isMapped = isMapped
  }

  /// The same panels, read from the rows as they are stored.
  public var mapped: Self { Self(source: source, panel: panel, activation: activation, isMapped: true) }

  /// The same panels for bfloat16 activations.
  var withRoundedActivations: Self { Self(source: source, panel: panel, activation: .bf16, isMapped: isMapped) }

  /// Panels of a matrix of `rows` rows.
  public static func panels(rows: Int) -> Int { (rows + panelRows - 1) / panelRows }

  /// Bytes of one panel.
  public func panelBytes(columns: Int) -> Int { matmul_panel_bytes(panel.rawValue, columns) }

  /// Bytes of the matrix in this packing beside the file it is read from: 0 where it is mapped.
  public func bytes(rows: Int, columns: Int) -> Int {
    isMapped ? 0 : Self.panels(rows: rows) * panelBytes(columns: columns)
  }

  /// Bytes of scratch that each thread needs for a product.
  public func scratchBytes(columns: Int) -> Int { isMapped ? panelBytes(columns: columns) : 0 }

  /// Packs some panels of a matrix whose rows lie one after another in the source's format; panels are independent.
  /// `destination` is the start of the whole packed matrix. Does nothing for a mapped matrix.
  public func pack(
    _ rowsInSource: UnsafeRawPointer, rows: Int, columns: Int, panels: Range<Int>,
    into destination: UnsafeMutableRawPointer
  ) {
    guard !isMapped else { return }
    let size = panelBytes(columns: columns)
    for index in panels {
      packPanel(index, of: rowsInSource, rows: rows, columns: columns, into: destination + index * size)
    }
  }

  func packPanel(
    _ index: Int, of rowsInSource: UnsafeRawPointer, rows: Int, columns: Int, into target: UnsafeMutableRawPointer
  ) {
    let first = index * Self.panelRows
    let rowBytes = source.rowBytes(columns)
    matmul_pack_panel(
      panel.rawValue, source.rawValue, source.blockWidth, source.blockBytes,
      (rowsInSource + first * rowBytes).assumingMemoryBound(to: UInt8.self), rowBytes,
      min(Self.panelRows, rows - first), columns, target.assumingMemoryBound(to: UInt8.self))
  }

  /// As in `q4_0x16`, `f32x16 of q4_k, mapped`.
  public var description: String {
    "\(panel)x\(Self.panelRows)\(panel == source ? "" : " of \(source)")\(isMapped ? ", mapped" : "")"
  }
}
