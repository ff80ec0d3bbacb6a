import Architectures
import Quantization
import TensorCore

/// A model's weights as its file stores them, row by row.
final class WeightRows: Sendable {
  private let weights: ModelWeights

  init(path: String) throws { weights = try ModelFile(path: path).weights() }

  func all(_ name: String) throws -> [Float] { try weights.tensor(name).floats() }

  func row(_ index: Int, of name: String) throws -> [Float] {
    try weights.tensor(name).floats(rows: index..<index + 1)
  }

  /// Calls `body` with each row of a tensor, decoded.
  func forEachRow(of name: String, _ body: (Int, UnsafeBufferPointer<Float>) -> Void) throws {
    let tensor = try weights.tensor(name)
    let block = max(1, min(tensor.rowCount, 65536 / max(1, tensor.columns)))
    var values = [Float](repeating: 0, count: block * tensor.columns)
    for start in stride(from: 0, to: tensor.rowCount, by: block) {
      let rows = start..<min(start + block, tensor.rowCount)
      values.withUnsafeMutableBufferPointer { tensor.floats(rows: rows, into: $0) }
      values.withUnsafeBufferPointer { values in
        for row in rows {
          let first = (row - start) * tensor.columns
          body(row, UnsafeBufferPointer(rebasing: values[first..<first + tensor.columns]))
        }
      }
    }
  }

  /// `Wᵀ · x` of a matrix `[outputs, inputs]`; some rows at a time are decoded.
  func transposed(_ name: String, times x: [Double]) throws -> [Double] {
    var sums = [Double](repeating: 0, count: try weights.tensor(name).columns)
    try forEachRow(of: name) { row, values in
      for column in values.indices { sums[column] += x[row] * Double(values[column]) }
    }
    return sums
  }
}
