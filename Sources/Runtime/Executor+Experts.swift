import CKernels
import Kernels
import Planning
import Synchronization

extension Executor {
  /// Products of each chosen expert's rows, and the gate between two of them.
  func experts(_ step: ExpertCode, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext) {
    let rows = rows(step.domain)
    if rows == 0 { return }
    let active = words(step.route.active)
    let total = Int(active[0]) * step.units
    if rows < Self.fewRows { return expertShares(step, rows: rows, total: total, counter, context) }
    let isMapped = step.members.contains { $0.matrix.packing.isMapped }
    let columns = isMapped ? step.unit : max(step.unit, Self.pieceColumns)
    let pieceUnits = columns / step.unit
    let pieces = (step.units + pieceUnits - 1) / pieceUnits
    share(Int(active[0]) * pieces, by: 1, isStatic: false, counter, context) { range in
      for index in range {
        let unit = index % pieces * pieceUnits
        expert(
          step, Int(active[1 + index / pieces]), units: unit..<min(step.units, unit + pieceUnits), context)
      }
    }
  }

  /// The thread's own share of what the active experts have, then what others have left of theirs.
  private func expertShares(
    _ step: ExpertCode, rows: Int, total: Int, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext
  ) {
    let active = words(step.route.active)
    let least = max(1, Self.pieceBytes / max(1, step.unitBytes))
    for distance in 0..<context.count {
      let owner = (context.index + distance) % context.count
      let before = total * owner / context.count
      let units = total * (owner + 1) / context.count - before
      let taken = counter + owner * counters.threadStride
      while true {
        let left = units - taken.pointee.next.load(ordering: .relaxed)
        if left <= 0 { break }
        let piece = max(least, left / 3)
        let start = taken.pointee.next.wrappingAdd(piece, ordering: .relaxed).oldValue
        if start >= units { break }
        var next = before + start
        let end = before + min(units, start + piece)
        while next < end {
          let first = next % step.units
          let last = min(step.units, first + end - next)
          expert(step, Int(active[1 + next / step.units]), units: first..<last, context)
          next += last - first
        }
      }
    }
  }

  /// All rows of one expert for some columns, as many at a time as a tile holds.
  private func expert(_ step: ExpertCode, _ expert: Int, units: Range<Int>, _ context: ThreadContext) {
    let starts = words(step.route.starts)
    let all = Int(starts[expert])..<Int(starts[expert + 1])
    let isMapped = step.members.contains { $0.matrix.packing.isMapped }
    guard let gating = step.gating else {
      let columns = units.lowerBound * step.unit..<min(step.columns, units.upperBound * step.unit)
      let slots = words(step.route.slots)
      let block = isMapped ? all.count : Self.pieceRows
      for first in stride(from: all.lowerBound, to: all.upperBound, by: block) {
        multiply(
          step.members[0], step.route, expert, columns, first..<min(first + block, all.upperBound),
          output: pointer(step.output, row: 0, context), stride: step.columns, rows: slots + first, context)
      }
      return
    }
    let mostUnits = Program.tileWords / step.unit / min(all.count, Self.pieceRows)
    for unit in stride(from: units.lowerBound, to: units.upperBound, by: mostUnits) {
      let columns = unit * step.unit..<min(step.columns, min(units.upperBound, unit + mostUnits) * step.unit)
      let block = isMapped ? Program.tileWords / columns.count : Self.pieceRows
      for first in stride(from: all.lowerBound, to: all.upperBound, by: block) {
        gated(step, gating, expert, columns, first..<min(first + block, all.upperBound), context)
      }
    }
  }

  /// Two products of a tile's rows and columns, and what the product after them reads.
  private func gated(
    _ step: ExpertCode, _ gating: ExpertCode.Gating, _ expert: Int, _ columns: Range<Int>, _ choices: Range<Int>,
    _ context: ThreadContext
  ) {
    let (gate, up) = (context.tiles, context.tiles + Program.tileWords)
    for member in 0..<2 {
      multiply(
        step.members[member], step.route, expert, columns, choices,
        output: (member == 0 ? gate : up) - columns.lowerBound, stride: columns.count, rows: nil, context)
    }
    let slots = words(step.route.slots)
    let output =
      UnsafeMutableRawPointer(pointer(step.output, row: 0, context))
      + gating.layout.rowBytes(columns.lowerBound)
    for index in choices {
      let row = (index - choices.lowerBound) * columns.count
      rowKernels.gated(gating.function, gate + row, up + row, columns.count, gate + row)
      gating.layout.quantise(
        row: gate + row, columns: columns.count, into: output + Int(slots[index]) * step.output.groupStride * 4)
    }
  }

  /// Some choices' product with columns of an expert; `rows` are where results go, one after the other where nil.
  private func multiply(
    _ member: ExpertCode.Member, _ route: Route, _ expert: Int, _ columns: Range<Int>, _ choices: Range<Int>,
    output: UnsafeMutablePointer<Float>, stride: Int, rows: UnsafePointer<Int32>?, _ context: ThreadContext
  ) {
    let matrix = member.matrix
    let indices = member.hasChoiceRows ? words(route.slots) : words(route.rows)
    let inputStride = member.hasChoiceRows ? member.input.groupStride : member.input.rowStride
    let panels = columns.lowerBound / Packing.panelRows
    catalogue.multiply(
      Product(
        weights: matrix.weights + expert * matrix.bytes, packing: matrix.packing, rows: matrix.rows,
        columns: matrix.columns, panels: panels..<panels + Packing.panels(rows: columns.count),
        activations: UnsafeRawPointer(pointer(member.input, row: 0, context)), activationStride: inputStride * 4,
        activationRows: UnsafePointer(indices + choices.lowerBound), output: output, outputStride: stride,
        outputRows: rows, tokens: choices.count, bias: nil, accumulate: false, scratch: context.scratch))
  }
}
