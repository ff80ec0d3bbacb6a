import Scenes

/// A picture of part of a block: averages of so many cells, as bytes.
///
/// 0 is a cell without a number, 1 to 255 are −range to range. Where a texel stands for many rows, eight of them are read:
/// an estimate, and said to be one.
struct SceneTile {
  let bytes: [UInt8]
  let range: Float
  let isEstimate: Bool

  /// Rows that are read for one texel.
  static let sampled = 8
}

/// Rows of a node's last dimension, read in the order asked for.
struct CellRows {
  /// How many there are, and how long each is.
  let count: Int
  let width: Int
  let read: (Int) throws -> [Float]
}

/// Which part of a block, and how many cells a texel has: `2^across` by `2^down`.
struct BlockPicture: Equatable {
  var block: Block
  var copy: Int
  var across: Int
  var down: Int
  /// In texels.
  var x: Int
  var y: Int
  var width: Int
  var height: Int
}

/// Where the cells of a scene's blocks come from.
protocol TileSource {
  var scene: Scene { get }
  /// Throws a `RequestError` of 404 where a node has no values.
  func rows(of node: Int) throws -> CellRows
  /// Rows whose size says what the brightest colour stands for.
  func scale(of node: Int) throws -> CellRows
  /// Whether patterns hold shares of 1.
  var hasShares: Bool { get }
  /// What holds the picture's averages already; nil where rows make them.
  func overview(of picture: BlockPicture) throws -> Overview?
  /// What bytes of such a picture stand for, made once where it is asked for again.
  func range(of picture: BlockPicture, _ make: () throws -> Float) rethrows -> Float
}

extension TileSource {
  func scale(of node: Int) throws -> CellRows { try rows(of: node) }
  var hasShares: Bool { true }
  func overview(of picture: BlockPicture) throws -> Overview? { nil }

  func tile(_ picture: BlockPicture) throws -> SceneTile {
    let block = picture.block
    let overview = try overview(of: picture)
    let averages =
      try overview?.picture(of: block, copy: picture.copy, isTransposed: isTransposed(block))
      ?? averages(picture, rows(of: block.node))
    let isShare = hasShares && Self.makesShares(block.operation)
    let range: Float
    if isShare || block.kind == .index {
      range = isShare ? 1 : Float(max(1, scene.hiddenSize))
    } else {
      range = try self.range(of: picture) {
        let range = 4 * (try overview?.rootMeanSquare(of: block) ?? rootMeanSquare(picture, scale(of: block.node)))
        return range > 0 && range.isFinite ? range : 1
      }
    }
    let bytes = averages.map { value -> UInt8 in
      guard value.isFinite else { return 0 }
      return UInt8(max(1, min(255, (value / range * 127).rounded() + 128)))
    }
    let step = 1 << (isTransposed(block) ? picture.across : picture.down)
    return SceneTile(bytes: bytes, range: range, isEstimate: step > SceneTile.sampled)
  }

  /// Whether an operation gives shares of 1.
  static func makesShares(_ operation: String) -> Bool { ["attentionPattern", "softmax"].contains(operation) }

  /// The root mean square of averages like these over a sample of the block.
  private func rootMeanSquare(_ picture: BlockPicture, _ rows: CellRows) throws -> Float {
    var all: [Float] = []
    let (wide, high) = (
      texels(picture.block.columns.count, picture.across), texels(picture.block.rows.count, picture.down)
    )
    let copies = picture.block.fan?.count ?? 1
    for copy in Set([0, copies / 2, copies - 1]) {
      for part in 0..<min(3, high) {
        var sample = picture
        (sample.copy, sample.x, sample.width) = (copy, 0, min(wide, 256))
        (sample.y, sample.height) = (part * max(1, high / 3), min(8, high))
        all += try averages(sample, rows)
      }
    }
    return all.rootMeanSquare
  }

  func texels(_ cells: Int, _ level: Int) -> Int { (cells + (1 << level) - 1) >> level }

  /// Whether a node's rows run down the block.
  func isTransposed(_ block: Block) -> Bool {
    block.rows.dimension == block.shape.count - 1 && block.columns.dimension != block.shape.count - 1
  }

  func averages(_ picture: BlockPicture, _ rows: CellRows) throws -> [Float] {
    let block = picture.block
    let isTransposed = isTransposed(block)
    var sums = [Float](repeating: 0, count: picture.width * picture.height)
    var counts = [Int32](repeating: 0, count: sums.count)
    // `line` is the axis along which a node's rows follow one another, `along` the one that they run along.
    let (lineLevel, alongLevel) = isTransposed ? (picture.across, picture.down) : (picture.down, picture.across)
    let (lineStart, lineCount) = isTransposed ? (picture.x, picture.width) : (picture.y, picture.height)
    let (alongStart, alongCount) = isTransposed ? (picture.y, picture.height) : (picture.x, picture.width)
    for texel in 0..<lineCount {
      let first = (lineStart + texel) << lineLevel
      let size = 1 << lineLevel
      // Of a weight rows from all over, of a value those that follow one another, which are worked out together.
      let step = block.kind == .weight ? max(1, size / SceneTile.sampled) : 1
      for line in stride(from: first, to: first + min(size, step * SceneTile.sampled), by: step) {
        let start = alongStart << alongLevel
        let corner =
          isTransposed
          ? block.index(copy: picture.copy, row: start, column: line)
          : block.index(copy: picture.copy, row: line, column: start)
        guard let corner else { continue }
        let row = zip(corner, block.shape).dropLast().reduce(0) { $0 * $1.1 + $1.0 }
        let values = try rows.read(row)
        let end = min(alongEnd(block, picture.copy, isTransposed), start + alongCount << alongLevel)
        let offset = (corner.last ?? 0) - start
        guard start < end, end + offset <= values.count else { continue }
        for cell in start..<end {
          let value = values[cell + offset]
          guard value.isFinite else { continue }
          let along = (cell - start) >> alongLevel
          let slot = isTransposed ? along * picture.width + texel : texel * picture.width + along
          sums[slot] += value
          counts[slot] += 1
        }
      }
    }
    return zip(sums, counts).map { $1 > 0 ? $0 / Float($1) : .nan }
  }

  /// Cells of a copy along the axis that rows run along.
  private func alongEnd(_ block: Block, _ copy: Int, _ isTransposed: Bool) -> Int {
    let axis = isTransposed ? block.rows : block.columns
    guard let fan = block.fan, fan.dimension == axis.dimension else { return axis.count }
    return min(axis.count, fan.total - copy * fan.chunk)
  }
}

extension Sequence<Float> {
  /// Of the finite ones; 0 where there are none.
  var rootMeanSquare: Float {
    var (sum, count) = (0.0, 0)
    for value in self where value.isFinite {
      sum += Double(value) * Double(value)
      count += 1
    }
    return Float((sum / Double(Swift.max(1, count))).squareRoot())
  }
}
