import GraphIR
import Planning
import TensorCore

/// A value of a run, copied out: `[rows, …]` with the context's length where the shape has one.
public struct TappedValue: Sendable {
  public let name: String
  public let shape: [Int]
  public let values: [Float]
}

extension Executor {
  /// A kept value of the last run; nil where the plan did not keep it.
  public func tap(_ name: String) -> TappedValue? {
    guard let tap = program.taps[name] else { return nil }
    let rows = tap.domain == .tokens ? tokenCount : rowCount
    let seen = runs.map { $0.start + $0.count }.max() ?? 0
    let sizes = tap.shape.map { $0.size(["S": seen]) }
    let width = sizes.last ?? 1
    var values: [Float] = []
    values.reserveCapacity(rows * tap.operand.groups * width)
    for row in 0..<rows {
      for group in 0..<tap.operand.groups {
        let start = tap.operand.offset + row * tap.operand.rowStride + group * tap.operand.groupStride
        let words = (arena + start * 4).assumingMemoryBound(to: Float.self)
        if tap.type == .int32 {
          let integers = UnsafeRawPointer(words).assumingMemoryBound(to: Int32.self)
          for index in 0..<width { values.append(Float(integers[index])) }
        } else {
          values.append(contentsOf: UnsafeBufferPointer(start: words, count: width))
        }
      }
    }
    return TappedValue(name: name, shape: [rows] + sizes, values: values)
  }

  /// Copies rows of a kept value `[rows, width]`, one after the other, and returns how wide a row is; nil where the plan did
  /// not keep it, or kept rows as long as the context. Integers come as floats.
  public func copyTap(_ name: String, rows: Range<Int>, to target: UnsafeMutablePointer<Float>) -> Int? {
    guard let tap = program.taps[name], !tap.shape.contains(.context) else { return nil }
    let (groups, width) = (tap.operand.groups, tap.operand.width)
    var out = target
    for row in rows {
      for group in 0..<groups {
        let start = tap.operand.offset + row * tap.operand.rowStride + group * tap.operand.groupStride
        if tap.type == .int32 {
          let integers = (arena + start * 4).assumingMemoryBound(to: Int32.self)
          for index in 0..<width { out[index] = Float(integers[index]) }
        } else {
          out.update(from: (arena + start * 4).assumingMemoryBound(to: Float.self), count: width)
        }
        out += width
      }
    }
    return groups * width
  }
}
