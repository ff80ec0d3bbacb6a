public import TensorCore

/// Memory a model carries from one step to the next, for one sequence.
public enum State: Hashable, Sendable {
  /// Rows `[heads, width]` of keys or of values.
  case keyValue(name: String, heads: Int, width: Int, retention: Retention)
  /// One row `[width]` a position that serves as key and value of every head (MLA).
  case latent(name: String, width: Int)
  /// The last `taps − 1` rows `[channels]` before this step.
  case convolution(name: String, channels: Int, taps: Int)
  /// A matrix `[keyWidth, valueWidth]` a head.
  case recurrent(name: String, heads: Int, keyWidth: Int, valueWidth: Int)

  /// Which rows a key-value state keeps.
  public enum Retention: Hashable, Sendable {
    case all
    /// The last `n` rows.
    case last(Int)

    public func rows(context: Int) -> Int {
      switch self {
      case .all: context
      case .last(let n): min(n, context)
      }
    }
  }

  public var name: String {
    switch self {
    case .keyValue(let name, _, _, _), .latent(let name, _), .convolution(let name, _, _),
      .recurrent(let name, _, _, _):
      name
    }
  }

  /// Elements of one position's row; of the whole state where it does not grow.
  public var rowWidth: Int {
    switch self {
    case .keyValue(_, let heads, let width, _): heads * width
    case .latent(_, let width): width
    case .convolution(_, let channels, let taps): channels * (taps - 1)
    case .recurrent(_, let heads, let keyWidth, let valueWidth): heads * keyWidth * valueWidth
    }
  }

  /// Cached rows lie in tiles of so many positions.
  public static let tile = 16

  /// Rows kept at a context length, in whole tiles; 1 where the state does not grow.
  public func rows(context: Int) -> Int {
    switch self {
    case .keyValue(_, _, _, let retention): Self.tiled(retention.rows(context: context))
    case .latent: Self.tiled(context)
    case .convolution, .recurrent: 1
    }
  }

  /// The rows of whole tiles that hold so many.
  public static func tiled(_ rows: Int) -> Int {
    rows > Int.max - tile ? rows : (rows + tile - 1) / tile * tile
  }

  /// Whether rows are kept a position, in the cache's format; others are always float32.
  public var isCache: Bool {
    switch self {
    case .keyValue, .latent: true
    case .convolution, .recurrent: false
    }
  }

  /// Bytes at a context length with caches in `format`.
  public func bytes(context: Int, format: BlockFormat) -> Int {
    let count = rows(context: context)
    guard isCache else { return count * rowWidth * 4 }
    return count * Self.rowBytes(rowWidth, headWidth: headWidth, format: format)
  }

  /// The contiguous part of a row, which a block format must divide.
  public var headWidth: Int {
    switch self {
    case .keyValue(_, _, let width, _), .latent(_, let width): width
    case .convolution(_, let channels, _): channels
    case .recurrent(_, _, _, let valueWidth): valueWidth
    }
  }

  /// Bytes of a cache row: each head's width is rounded up to whole blocks.
  public static func rowBytes(_ rowWidth: Int, headWidth: Int, format: BlockFormat) -> Int {
    let padded = (headWidth + format.blockWidth - 1) / format.blockWidth * format.blockWidth
    return rowWidth / max(headWidth, 1) * format.rowBytes(padded)
  }
}
