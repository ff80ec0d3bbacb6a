import Planning

/// What inputs of a program hold beside tokens, positions and asked rows.
public protocol RowInputs: Sendable {
  /// Fills one row of an input before a step; `row` holds whatever it held before.
  func fill(_ input: String, position: Int, row: UnsafeMutableBufferPointer<Float>)
}

extension Executor {
  /// Inputs of a program that callers give row by row.
  static func givenInputs(_ program: Program) -> [(name: String, operand: Operand)] {
    program.inputs.filter { !["tokens", "positions", "rows"].contains($0.key) }
      .map { ($0.key, $0.value) }.sorted { $0.name < $1.name }
  }

  /// Gives every row of every further input its values, zeros where nobody gives any.
  func fillGiven(_ given: [(name: String, operand: Operand)], _ inputs: (any RowInputs)?) {
    for (name, operand) in given {
      for row in 0..<tokenCount {
        let words = (arena + (operand.offset + row * operand.rowStride) * 4).assumingMemoryBound(to: Float.self)
        let buffer = UnsafeMutableBufferPointer(start: words, count: operand.count)
        if let inputs {
          inputs.fill(name, position: rowPosition[row], row: buffer)
        } else {
          buffer.update(repeating: 0)
        }
      }
    }
  }
}
