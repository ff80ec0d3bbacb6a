import JSON
import Scenes

/// A request for pictures of blocks, as clients write it.
enum PictureList {
  /// Items of one request, and texels of all of them, at most.
  static let (limit, texels) = (256, 1 << 24)

  static let fields = [
    Route.Field(
      "items", .array, required: true,
      "Up to 256 of `[block, copy, across, down, x, y, width, height]`: a texel has 2^across by 2^down cells, the rest "
        + "is in texels; copy −1 is all copies one after the other."),
    Route.Field(
      "side", .integer,
      "Texels of whole blocks' longer side: those of a long text's values then come from one reading."),
  ]

  static let answer =
    "A byte a texel, row by row, item after item: 0 for no number, 1 to 255 for −range to range. The header holds each "
    + "item's `range`, 0 where it has no values, and whether it is an estimate."

  /// The pictures of one item; throws where it is none of the scene's.
  static func pictures(_ item: JSON, _ scene: Scene, _ place: String) throws -> [BlockPicture] {
    let numbers = (item.array ?? []).compactMap(\.int)
    guard numbers.count == 8, scene.blocks.indices.contains(numbers[0]) else {
      throw RequestError.wrong(place, "must be eight numbers, a block of the scene first")
    }
    let block = scene.blocks[numbers[0]]
    let copies = block.fan?.count ?? 1
    guard (-1..<copies).contains(numbers[1]), (0...24).contains(numbers[2]), (0...24).contains(numbers[3]),
      numbers[4...5].allSatisfy({ (0...1 << 24).contains($0) }), numbers[6...7].allSatisfy({ (1...512).contains($0) })
    else { throw RequestError.wrong(place, "is out of range") }
    return (numbers[1] < 0 ? Array(0..<copies) : [numbers[1]]).map { copy in
      BlockPicture(
        block: block, copy: copy, across: numbers[2], down: numbers[3], x: numbers[4], y: numbers[5],
        width: numbers[6], height: numbers[7])
    }
  }
}

extension TileSource {
  /// The pictures of a list of items, one after the other.
  func pictures(_ items: [JSON]) throws -> Reply {
    guard items.count <= PictureList.limit else {
      throw RequestError.wrong("items", "must hold at most \(PictureList.limit)")
    }
    var bytes: [UInt8] = []
    var (ranges, estimates): ([JSON], [JSON]) = ([], [])
    var budget = PictureList.texels
    for (number, item) in items.enumerated() {
      var (range, isEstimate) = (Float(0), false)
      for picture in try PictureList.pictures(item, scene, "items[\(number)]") {
        let size = picture.width * picture.height
        budget -= size
        guard budget >= 0 else { throw RequestError.wrong("items", "ask for too many texels") }
        do {
          let tile = try tile(picture)
          bytes += tile.bytes
          (range, isEstimate) = (tile.range, isEstimate || tile.isEstimate)
        } catch let error as RequestError where error.status == 404 {
          bytes += [UInt8](repeating: 0, count: size)
        }
      }
      ranges.append(.number(Double(range)))
      estimates.append(.bool(isEstimate))
    }
    return .binary(bytes, about: ["ranges": .array(ranges), "estimates": .array(estimates)])
  }
}
