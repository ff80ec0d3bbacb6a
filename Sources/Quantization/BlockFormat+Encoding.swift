import CKernels
import Dispatch
public import TensorCore

extension BlockFormat {
  /// Whether `encode` can write this format: all but the integers.
  public var canEncode: Bool { !isInteger }

  /// Stores `values`, whole blocks of them, at the start of `output`.
  ///
  /// `importance`, where given, weighs the squared error of each value. Without it the simple formats (Q4_0 to Q8_0,
  /// MXFP4) round as their definition does, and the others minimise an error that minds large weights more.
  /// Values should be finite: what no block can hold is stored as its nearest limit.
  public func encode(
    _ values: UnsafeBufferPointer<Float>, into output: UnsafeMutableRawBufferPointer,
    importance: UnsafeBufferPointer<Float>? = nil
  ) {
    precondition(canEncode, "integers are not encoded")
    precondition(values.count % blockWidth == 0, "values are no whole number of blocks")
    precondition(output.count >= rowBytes(values.count), "no room for the blocks")
    precondition(importance == nil || importance!.count == values.count, "one importance a value")
    guard let source = values.baseAddress, let target = output.baseAddress, !values.isEmpty else { return }
    block_encode(rawValue, source, target, values.count, importance?.baseAddress)
  }
}

extension Tensor {
  /// This tensor in another format, encoded row by row by up to `threads` threads; the result does not depend on them.
  ///
  /// The last dimension must be a multiple of the format's block. `importance` has one weight a column.
  public func encoded(
    as format: BlockFormat, importance: [Float]? = nil, threads: Int = 1
  ) throws(AllocationError) -> Tensor {
    precondition(columns % format.blockWidth == 0, "rows are no whole number of blocks")
    let buffer = try Buffer(count: rowCount * format.rowBytes(columns))
    encode(rows: 0..<rowCount, as: format, into: buffer.bytes, importance: importance, threads: threads)
    return Tensor(shape: shape, format: format, buffer: buffer)
  }

  /// Encodes rows `rows` of this tensor, read as `[rowCount, columns]`, to the start of `output`.
  public func encode(
    rows: Range<Int>, as format: BlockFormat, into output: UnsafeMutableRawBufferPointer, importance: [Float]? = nil,
    threads: Int = 1
  ) {
    let (columns, rowBytes) = (columns, format.rowBytes(columns))
    precondition(columns % format.blockWidth == 0, "rows are no whole number of blocks")
    precondition(output.count >= rows.count * rowBytes, "no room for the rows")
    precondition(importance == nil || importance!.count == columns, "one importance a column")
    guard !rows.isEmpty, columns > 0 else { return }
    let parts = max(1, min(threads, rows.count))
    nonisolated(unsafe) let output = output
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      let mine = rows.lowerBound + rows.count * part / parts..<rows.lowerBound + rows.count * (part + 1) / parts
      withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { values in
        for row in mine {
          floats(rows: row..<row + 1, into: values)
          let place = (row - rows.lowerBound) * rowBytes
          let target = UnsafeMutableRawBufferPointer(rebasing: output[place..<place + rowBytes])
          if let importance {
            importance.withUnsafeBufferPointer {
              format.encode(UnsafeBufferPointer(values), into: target, importance: $0)
            }
          } else {
            format.encode(UnsafeBufferPointer(values), into: target)
          }
        }
      }
    }
  }
}
