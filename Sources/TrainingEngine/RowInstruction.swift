/// A row operation with its operands.
struct RowInstruction: Sendable {
  let operation: RowOperation
  let a: View
  let b: View?
  let c: View?
  let output: View
  let name: String

  init(_ operation: RowOperation, _ operands: [View], _ output: View, _ name: String) {
    (self.operation, self.output, self.name) = (operation, output, name)
    a = operands.first ?? output
    b = operands.count > 1 ? operands[1] : nil
    c = operands.count > 2 ? operands[2] : nil
  }

  var reads: [View] { [a] + [b, c].compactMap { $0 } }

  /// Operands with a column for each of an elementwise result's; dropout's keys have one for all.
  var columnReads: [View] {
    if case .dropout = operation { [a] } else { reads }
  }

  /// Operands of which any row may be read.
  var wholeReads: [View] {
    switch operation {
    case .gather, .embed: [b].compactMap { $0 }
    default: []
    }
  }

  /// Operands of which a row of the result reads that row.
  var alignedReads: [View] { wholeReads.isEmpty ? reads : [a] }
}
