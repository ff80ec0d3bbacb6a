import CKernels
import GraphIR
import Kernels
import TensorCore

/// Sums over all rows, in a fixed order: of blocks of rows first, then of these sums.
struct RowSumStep: TrainingStep {
  let name: String
  let input: View
  /// Rows of the batch that one row of `input` stands for.
  var rowsPerRow = 1
  /// Where each word of a row goes in the result.
  let spread: Spread
  let output: View
  let storing: Storing
  let kernels: TrainingKernels

  static let columns = 64
  static let block = 128

  var kind: String { "sum" }
  var title: String { name }
  var reads: [View] { [input] + (storing == .adds ? [output] : []) }
  var writes: [View] { [output] }
  var scratchWords: Int { 2 * (spread == .alike ? Self.columns : input.count) }

  func tiles(_ sizes: Sizes) -> Int {
    spread == .alike ? (input.count + Self.columns - 1) / Self.columns : 1
  }

  func run(tile: Int, _ frame: Frame) {
    let x = frame[input]
    let columns = spread == .alike ? tile * Self.columns..<min(input.count, (tile + 1) * Self.columns) : 0..<input.count
    let (total, part) = (frame.scratch, frame.scratch + columns.count)
    total.update(repeating: 0, count: columns.count)
    let rows = (frame.sizes[input.rows] + rowsPerRow - 1) / rowsPerRow
    for start in stride(from: 0, to: rows, by: Self.block) {
      let count = min(rows - start, Self.block)
      kernels.training.column_sums(x[start] + columns.lowerBound, x.stride, count, columns.count, 0, part)
      kernels.rows.binary(ROW_ADD, total, part, columns.count, total)
    }
    let out = frame[output].base
    let adds = storing.adds(frame)
    guard spread != .alike else {
      for i in 0..<columns.count { out[columns.lowerBound + i] = (adds ? out[columns.lowerBound + i] : 0) + total[i] }
      return
    }
    if !adds { out.update(repeating: 0, count: output.count * frame.sizes[output.rows]) }
    for i in 0..<input.count {
      switch spread {
      case .alike: break
      case .one: out[0] += total[i]
      case .tiled(let period): out[i % period] += total[i]
      case .runs(let length): out[i / length] += total[i]
      case .map(let places): out[Int(places[i])] += total[i]
      }
    }
  }
}

/// Adds rows to the rows of a table that indices choose, in the order of the rows.
struct ScatterStep: TrainingStep {
  let name: String
  /// `[T]` or `[T, K]`, as floats or, where they are the batch's, as integers.
  let indices: View
  let areIntegers: Bool
  /// `width` words for each index.
  let input: View
  let width: Int
  /// `[count, width]`.
  let output: View
  let storing: Storing
  let kernels: TrainingKernels

  static let columns = 64

  var kind: String { "scatter" }
  var title: String { name }
  var reads: [View] { [indices, input] + (storing == .adds ? [output] : []) }
  var writes: [View] { [output] }

  func tiles(_ sizes: Sizes) -> Int { (width + Self.columns - 1) / Self.columns }

  func run(tile: Int, _ frame: Frame) throws {
    let (x, out) = (frame[input], frame[output])
    let first = tile * Self.columns
    let columns = min(width - first, Self.columns)
    let count = frame.sizes[output.rows]
    if !storing.adds(frame) {
      for row in 0..<count { (out[row] + first).update(repeating: 0, count: columns) }
    }
    let rows = frame.sizes[indices.rows]
    if areIntegers {
      kernels.training.scatter_add(
        x.base + first, x.stride, frame.integers(indices), rows, columns, out.base + first, out.stride)
      return
    }
    let chosen = frame[indices]
    for row in 0..<rows {
      for slot in 0..<indices.count {
        guard let place = Int(exactly: chosen[row][slot]), (0..<count).contains(place) else {
          throw TrainingEngineError.operation(node: name, reason: "index \(chosen[row][slot]) is not below \(count)")
        }
        kernels.rows.accumulate(x[row] + slot * width + first, 1, columns, out[place] + first)
      }
    }
  }
}

/// Puts a gradient, or zeros where there is none, into the buffer of gradients.
struct StoreStep: TrainingStep {
  let name: String
  /// Nil for zeros.
  let input: View?
  let output: View

  static let block = 1 << 14

  var kind: String { "store" }
  var title: String { input == nil ? "zeros of \(name)" : "store \(name)" }
  var reads: [View] { input.map { [$0] } ?? [] }
  var writes: [View] { [output] }

  private func count(_ sizes: Sizes) -> Int { sizes[output.rows] * output.count }
  func tiles(_ sizes: Sizes) -> Int { (count(sizes) + Self.block - 1) / Self.block }

  func run(tile: Int, _ frame: Frame) {
    let words = tile * Self.block..<min(count(frame.sizes), (tile + 1) * Self.block)
    let out = frame[output].base
    guard let input else {
      if !frame.accumulates { for i in words { out[i] = 0 } }
      return
    }
    let x = frame[input]
    for i in words {
      let value = x[i / input.count][i % input.count]
      out[i] = frame.accumulates ? out[i] + value : value
    }
  }
}
