import Kernels
import Planning
import Synchronization

extension Executor {
  /// Rows up to which every thread keeps to its fixed share of the weights, and rows of a piece otherwise.
  static let fewRows = 8
  static let pieceRows = 64
  /// Bytes of weights that are worth a piece of their own for few rows.
  static let pieceBytes = 64 << 10
  /// Columns of a piece for many rows: their weights and results stay in a second-level cache.
  static let pieceColumns = 128

  /// Products and what follows them, piece by piece.
  func products(_ step: ProductsCode, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext) {
    let rows = rows(step.domain)
    if rows == 0 { return }
    if rows < Self.fewRows { return shares(of: step, rows: rows, counter, context) }
    // Mapped panels are made anew for each piece, so that one takes as many rows as a tile holds.
    let isMapped = step.members.contains { $0.matrix.packing.isMapped }
    let pieceRows = min(
      rows, isMapped ? Program.tileWords / step.unit : min(Self.pieceRows, Program.tileWords / step.unit))
    let blocks = (rows + pieceRows - 1) / pieceRows
    // Enough pieces that no thread waits long for another's last one.
    let wanted = max(1, step.units * blocks / (8 * context.count))
    let columns = min(Self.pieceColumns, Program.tileWords / pieceRows)
    let pieceUnits = isMapped ? 1 : max(1, min(columns / step.unit, wanted))
    let pieces = (step.units + pieceUnits - 1) / pieceUnits
    share(pieces * blocks, by: 1, isStatic: false, counter, context) { range in
      for index in range {
        let (unit, row) = (index / blocks * pieceUnits, index % blocks * pieceRows)
        products(
          step, units: unit..<min(step.units, unit + pieceUnits), rows: row..<min(rows, row + pieceRows), context)
      }
    }
  }

  /// The thread's own share of the weights, always the same, then what others have left of theirs.
  private func shares(
    of step: ProductsCode, rows: Int, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext
  ) {
    let most = max(1, Program.tileWords / (rows * step.unit))
    let least = max(1, min(most, Self.pieceBytes * step.units / max(1, step.bytes)))
    for distance in 0..<context.count {
      let owner = (context.index + distance) % context.count
      let units = step.shares[owner + 1] - step.shares[owner]
      let taken = counter + owner * counters.threadStride
      while true {
        let left = units - taken.pointee.next.load(ordering: .relaxed)
        if left <= 0 { break }
        // Ever smaller pieces, so that all threads end together.
        let piece = min(most, max(least, left / 3))
        let start = taken.pointee.next.wrappingAdd(piece, ordering: .relaxed).oldValue
        if start >= units { break }
        let first = step.shares[owner] + start
        products(step, units: first..<min(first + piece, step.shares[owner + 1]), rows: 0..<rows, context)
      }
    }
  }

  /// All members, then all that follows, for some rows and columns.
  private func products(_ step: ProductsCode, units: Range<Int>, rows: Range<Int>, _ context: ThreadContext) {
    let columns = units.lowerBound * step.unit..<min(step.columns, units.upperBound * step.unit)
    let piece = Piece(
      rows: rows, units: units, firstOwnRow: rows.lowerBound, tileStride: units.count * step.unit)
    for member in step.members {
      let matrix = member.matrix
      let panels = (member.firstRow + columns.lowerBound) / Packing.panelRows
      let output = lane(member.output, piece, context)
      // Outputs count from the matrix's first row.
      let before = member.firstRow + (member.output.space == .tile ? columns.lowerBound : 0)
      catalogue.multiply(
        Product(
          weights: matrix.weights, packing: matrix.packing, rows: matrix.rows, columns: matrix.columns,
          panels: panels..<panels + Packing.panels(rows: columns.count),
          activations: UnsafeRawPointer(pointer(member.input, row: rows.lowerBound, context)),
          activationStride: member.input.rowStride * 4, activationRows: nil, output: output.base - before,
          outputStride: output.rowStride, outputRows: nil, tokens: rows.count,
          bias: member.bias.map { UnsafePointer(pointer($0, row: 0, context)) }, accumulate: false,
          scratch: context.scratch))
    }
    for code in step.epilogue { execute(code, piece, context) }
  }

  /// A matrix for each head, or one for several runs of a row.
  func headProduct(_ step: ProductCode, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext) {
    let matrix = step.matrix
    let rows = rows(step.domain)
    if rows == 0 { return }
    let panels = Packing.panels(rows: matrix.rows)
    let groups = step.input.groups
    let piece = max(1, min(16, panels * groups / (4 * context.count)))
    share(panels * groups, by: piece, isStatic: rows < Self.fewRows, counter, context) { range in
      var next = range.lowerBound
      while next < range.upperBound {
        let group = next / panels
        let first = next % panels
        let end = min(panels, first + range.upperBound - next)
        catalogue.multiply(
          Product(
            weights: matrix.weights + (matrix.count == 1 ? 0 : group * matrix.bytes), packing: matrix.packing,
            rows: matrix.rows, columns: matrix.columns, panels: first..<end,
            activations: UnsafeRawPointer(pointer(step.input, row: 0, context) + group * step.input.groupStride),
            activationStride: step.input.rowStride * 4, activationRows: nil,
            output: pointer(step.output, row: 0, context) + group * matrix.rows,
            outputStride: step.output.rowStride, outputRows: nil, tokens: rows,
            bias: step.bias.map { UnsafePointer(pointer($0, row: 0, context)) }, accumulate: false,
            scratch: context.scratch))
        next += end - first
      }
    }
  }
}
