import GraphIR
package import Scenes

/// Averages of all of a text's values for pictures of whole blocks, made in one reading of the text.
struct Overview {
  /// Texels of a picture's longer side, at most.
  let size: Int
  /// A line stands for two to this many tokens.
  private let level: Int
  /// By block: of each line the averages of all copies in view, one after the other.
  private var lines: [Int: [[Float]]] = [:]
  /// By block.
  private var copies: [Int: Int] = [:]
  /// Tokens that the lines stand for.
  private var tokens = 0

  init(size: Int, tokens: Int) {
    self.size = size
    level = Self.level(tokens, size)
  }

  /// How many times cells are halved so that at most `size` texels show them.
  static func level(_ cells: Int, _ size: Int) -> Int {
    var level = 0
    while (cells + (1 << level) - 1) >> level > size { level += 1 }
    return level
  }

  /// Reads the tokens of the next line, which `read` gives by name; true where none are left.
  mutating func advance(_ cells: SceneCells, _ read: (Range<Int>) throws -> [String: [[Float]]]) throws -> Bool {
    if level != Self.level(cells.tokens.count, size) || tokens > cells.tokens.count {
      self = Overview(size: size, tokens: cells.tokens.count)
    }
    if tokens >= cells.tokens.count { return true }
    let line = tokens >> level
    let start = line << level
    let rows = try read(start..<min(start + min(1 << level, SceneTile.sampled), cells.tokens.count))
    for block in cells.scene.blocks where cells.isByToken(block) {
      guard let held = rows[cells.scene.graph.nodes[block.node].name] else { continue }
      let values = cells.rows(block.node, block.shape) { held.indices.contains($0 - start) ? held[$0 - start] : nil }
      let count = cells.copiesInView(block)
      let averages = try (0..<count).flatMap { copy in
        var picture = cells.whole(block, copy: copy, size: size)
        if cells.isTransposed(block) {
          (picture.x, picture.width) = (line, 1)
        } else {
          (picture.y, picture.height) = (line, 1)
        }
        return try cells.averages(picture, values)
      }
      copies[block.id] = count
      lines[block.id] = (lines[block.id] ?? []).prefix(line) + [averages]
    }
    tokens = min((line + 1) << level, cells.tokens.count)
    return tokens == cells.tokens.count
  }

  /// A picture of all of a copy, row by row; places that a line was too early for have no number.
  func picture(of block: Block, copy: Int, isTransposed: Bool) -> [Float] {
    let lines = lines[block.id] ?? []
    let along = lines.last.map { $0.count / (copies[block.id] ?? 1) } ?? 0
    let own = lines.map { line in
      let held = line.count / (copies[block.id] ?? 1)
      return Array(line[copy * held..<(copy + 1) * held]) + [Float](repeating: .nan, count: max(0, along - held))
    }
    return isTransposed ? (0..<along).flatMap { row in own.map { $0[row] } } : own.flatMap { $0 }
  }

  func rootMeanSquare(of block: Block) -> Float { (lines[block.id] ?? []).joined().rootMeanSquare }
}

extension SceneCells {
  /// A picture of all of a value's copy: averages row by row, from the one reading for all blocks or from rows at hand;
  /// nil where that reading has none of it.
  package func averages(ofWhole block: Block, copy: Int, side: Int, inOneReading: Bool) throws -> [Float]? {
    let picture = whole(block, copy: copy, size: side)
    guard inOneReading else { return try averages(picture, try rows(of: block.node)) }
    return try overview(picture, side)?.picture(of: block, copy: copy, isTransposed: isTransposed(block))
  }

  func overview(of picture: BlockPicture) throws -> Overview? {
    guard let side, let run, run.isLong else { return nil }
    return try overview(picture, side)
  }

  private func overview(_ picture: BlockPicture, _ side: Int) throws -> Overview? {
    guard let run, isByToken(picture.block), picture.copy < copiesInView(picture.block),
      picture == whole(picture.block, copy: picture.copy, size: side)
    else { return nil }
    try run.check(scene.graph.nodes[picture.block.node].name)
    return try run.overview(self, size: side)
  }

  /// A picture of all of a block's copy, at most `size` texels wide and high.
  func whole(_ block: Block, copy: Int, size: Int) -> BlockPicture {
    let (across, down) = (Overview.level(block.columns.count, size), Overview.level(block.rows.count, size))
    return BlockPicture(
      block: block, copy: copy, across: across, down: down, x: 0, y: 0, width: texels(block.columns.count, across),
      height: texels(block.rows.count, down))
  }

  /// Whether the lines of a value's block, as `averages` reads them, are the text's tokens.
  func isByToken(_ block: Block) -> Bool {
    let axis = isTransposed(block) ? block.columns : block.rows
    return block.kind != .weight && block.shape.count > 1 && axis.dimension == 0 && axis.first == 0
      && axis.count == tokens.count && block.fan?.dimension != 0
  }

  /// The copies that a picture of the whole block shows: a bank's first, a fan's all.
  func copiesInView(_ block: Block) -> Int { block.fan.map { $0.step.z == 0 ? $0.count : 1 } ?? 1 }
}
