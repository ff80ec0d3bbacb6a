import Architectures
import Generation
import GraphIR
import Quantization
package import Scenes
import TensorCore

/// The cells of a model's blocks: weights from its file, values from a run of a text.
package struct SceneCells {
  let scenes: ModelScenes
  package let scene: Scene
  let tokens: [Int32]
  /// Nil where no text is looked at: then only weights have cells.
  let run: SceneRun?
  /// Texels of a whole block's longer side: pictures of that size of a long text come from one reading.
  var side: Int?

  /// Throws where a value is not of this run.
  func rows(of node: Int) throws -> CellRows {
    let shape = scene.shape(node)
    let width = shape.last ?? 1
    let count = shape.dropLast().reduce(1, *)
    switch scene.graph.nodes[node].op {
    case .weight(let name, _):
      let tensor = try scenes.weights.tensor(name)
      return CellRows(count: count, width: width) { tensor.floats(rows: $0..<$0 + 1) }
    case .input("tokens", _, _):
      guard !tokens.isEmpty else { throw Self.noText }
      let all = tokens.map { Float($0) }
      return CellRows(count: 1, width: all.count) { _ in all }
    case .input("rows", _, _):
      let first = scene.sizes.tokens - scene.sizes.rows
      return CellRows(count: 1, width: width) { _ in (0..<width).map { Float(first + $0) } }
    case .input: return CellRows(count: 1, width: width) { _ in (0..<width).map { Float($0) } }
    default: return try values(node, shape)
    }
  }

  private static let noText = RequestError(404, "there is no text whose values could be shown", at: "session")

  private func values(_ node: Int, _ shape: [Int]) throws -> CellRows {
    guard let run, !tokens.isEmpty else { throw Self.noText }
    let name = scene.graph.nodes[node].name
    try run.check(name)
    return rows(node, shape) { token in
      token < tokens.count ? try run.row(name, token, of: tokens) : nil
    }
  }

  /// Rows of a value from those of tokens.
  func rows(_ node: Int, _ shape: [Int], of token: @escaping (Int) throws -> [Float]?) -> CellRows {
    let inner = shape.dropFirst().dropLast().reduce(1, *)
    let width = shape.count > 1 ? shape[shape.count - 1] : 1
    let isShare = Self.makesShares(scene.graph.nodes[node].op.mnemonic)
    // Positions that a row could not see yet have no score, and no share.
    let missing = [Float](repeating: isShare ? 0 : -.infinity, count: width)
    return CellRows(count: shape.dropLast().reduce(1, *), width: shape.last ?? 1) { place in
      if shape.count == 1 { return try (0..<shape[0]).map { try token($0)?.first ?? .nan } }
      guard let values = try token(place / inner) else { return missing }
      let (held, part) = (values.count / inner, place % inner)
      let row = values[part * held..<(part + 1) * held]
      return held < width ? Array(row) + missing.prefix(width - held) : Array(row.prefix(width))
    }
  }

  /// Cells of any node, by way of the node that shows them; nil where they are not at hand.
  package func read(_ cells: Cells) -> [Double]? {
    var known: [Int: CellRows] = [:]
    var lines: [Int: [Float]] = [:]
    var line = -1
    var result: [Double] = []
    result.reserveCapacity(cells.size)
    for number in 0..<cells.size {
      var index = cells.lower
      var rest = number
      for dimension in index.indices.reversed() {
        index[dimension] += rest % cells.count[dimension]
        rest /= cells.count[dimension]
      }
      let isInput = scene.isInput(cells.node)
      guard let place = isInput ? (cells.node, index) : scene.drawn(cells.node, index) else { return nil }
      if known[place.node] == nil { known[place.node] = try? rows(of: place.node) }
      guard let rows = known[place.node] else { return nil }
      let shape = scene.shape(place.node)
      let row = zip(place.index, shape).dropLast().reduce(0) { $0 * $1.1 + $1.0 }
      let key = place.node << 32 | row
      if key != line {
        guard let values = lines[key] ?? (try? rows.read(row)) else { return nil }
        if lines.count > 256 { lines.removeAll() }
        lines[key] = values
        line = key
      }
      guard let value = lines[key]?[place.index.last ?? 0] else { return nil }
      result.append(Double(value))
    }
    return result
  }
}

extension SceneCells: TileSource {
  /// Weights have one range; values have one for each text.
  func range(of picture: BlockPicture, _ make: () throws -> Float) rethrows -> Float {
    let key = ModelScenes.RangeKey(
      node: picture.block.node, across: picture.across, down: picture.down,
      run: picture.block.kind == .weight ? 0 : tokens.hashValue)
    return try scenes.range(key, make)
  }
}
