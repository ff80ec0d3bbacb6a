import Runtime
import TensorCore

/// Rows kept of every step, in blocks of positions; the oldest blocks make room once the budget is used.
struct KeptValues {
  private(set) var tokens: [Int32] = []
  private(set) var version = 0
  let names: [String]
  private let widths: [Int]
  /// Where each name's rows begin in a block, in floats.
  private let offsets: [Int]
  private let index: [String: Int]
  private let budget: Int
  /// By position / `blockRows`; nil for dropped ones and those that could not be had.
  private var blocks: [Buffer?] = []
  private var firstKept = 0

  static let blockRows = 32
  /// Bytes of one position.
  let rowBytes: Int

  init(names: [String], widths: [Int], budget: Int) {
    (self.names, self.widths, self.budget) = (names, widths, budget)
    var offsets: [Int] = []
    var total = 0
    for width in widths {
      offsets.append(total)
      total += width * Self.blockRows
    }
    self.offsets = offsets
    rowBytes = total / Self.blockRows * 4
    index = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
  }

  var bytes: Int { blocks.count { $0 != nil } * rowBytes * Self.blockRows }

  /// Positions that were dropped, from the first on.
  var dropped: Range<Int> { 0..<min(tokens.count, firstKept * Self.blockRows) }

  mutating func take(_ new: UnsafeBufferPointer<Int32>, at position: Int, from executor: Executor) {
    if position < tokens.count {
      version += 1
      tokens.removeLast(tokens.count - position)
      let block = (position + Self.blockRows - 1) / Self.blockRows
      if blocks.count > block { blocks.removeLast(blocks.count - block) }
      firstKept = min(firstKept, position / Self.blockRows)
    }
    tokens += new
    var row = 0
    while row < new.count {
      let at = position + row
      let place = at % Self.blockRows
      let count = min(new.count - row, Self.blockRows - place)
      if let block = block(at / Self.blockRows) {
        for (name, offset, width) in zip3(names, offsets, widths) {
          let target = block.base.assumingMemoryBound(to: Float.self) + offset + place * width
          _ = executor.copyTap(name, rows: row..<row + count, to: target)
        }
      }
      row += count
    }
  }

  private func zip3(_ a: [String], _ b: [Int], _ c: [Int]) -> [(String, Int, Int)] {
    a.indices.map { (a[$0], b[$0], c[$0]) }
  }

  /// The block of some positions, made where it is not there yet.
  private mutating func block(_ number: Int) -> Buffer? {
    while blocks.count <= number { blocks.append(nil) }
    if let block = blocks[number] { return block }
    guard number >= firstKept else { return nil }
    let size = rowBytes * Self.blockRows
    while bytes + size > budget, firstKept < number {
      blocks[firstKept] = nil
      firstKept += 1
    }
    guard size <= budget, let block = try? Buffer(count: size) else {
      firstKept = number + 1
      return nil
    }
    blocks[number] = block
    return block
  }

  /// Rows of a name; nil where some are not kept.
  func values(_ name: String, _ positions: Range<Int>) -> [Float]? {
    guard let name = index[name], positions.upperBound <= tokens.count else { return nil }
    let width = widths[name]
    var result: [Float] = []
    result.reserveCapacity(positions.count * width)
    for position in positions {
      let number = position / Self.blockRows
      guard number < blocks.count, let block = blocks[number] else { return nil }
      let row =
        block.base.assumingMemoryBound(to: Float.self) + offsets[name] + position % Self.blockRows * width
      result.append(contentsOf: UnsafeBufferPointer(start: row, count: width))
    }
    return result
  }
}
