import CKernels
import GraphIR
import Kernels
import Planning
import TensorCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Executor {
  /// Operations on some rows, a block of rows at a time, so that what lies between two stays in a cache.
  func execute(_ codes: UnsafeBufferPointer<RowCode>, rows: Range<Int>, _ context: ThreadContext) {
    let block = program.rowBlock
    var start = rows.lowerBound
    while start < rows.upperBound {
      let piece = Piece(rows: start..<min(rows.upperBound, start + block), firstOwnRow: start)
      for code in codes { execute(code, piece, context) }
      start += block
    }
  }

  /// One operation on the rows of a piece.
  func execute(_ code: RowCode, _ piece: Piece, _ context: ThreadContext) {
    let a = lane(code.inputs[0], piece, context)
    let out = lane(code.output, piece, context)
    let rows = piece.rows.count
    switch code.work {
    case .embed(let table): for row in 0..<rows { embed(table, a[row], a.count, out[row]) }
    case .gather: gather(code, piece, a, out, context)
    case .rmsNorm(let epsilon): rmsNorm(code, piece, epsilon, a, out, context)
    case .layerNorm(let epsilon): layerNorm(code, piece, epsilon, a, out, context)
    case .rotation(let frequencies, let magnitude):
      for row in 0..<rows { rotate(frequencies, magnitude, position: a[row], out[row]) }
    case .rope(let width, let interleaved):
      rope(a, lane(code.inputs[1], piece, context), width, interleaved, out, rows)
    case .append(let state, let chunk): append(state, chunk, a, rows: piece.rows)
    case .commit(let state): for row in piece.rows { commit(state, code.inputs[0], row: row) }
    case .topK(let selection):
      forEachGroup(a, out, rows) { x, out, n in
        selection.choose(x, of: n, into: UnsafeMutableRawPointer(out).assumingMemoryBound(to: Int32.self))
      }
    case .pick: pick(a, lane(code.inputs[1], piece, context), out, rows)
    case .weightedSum: weightedSum(a, lane(code.inputs[1], piece, context), out, rows)
    case .unary(let function): forEachRun(a, out, rows) { x, out, n in rowKernels.unary(function, x, n, out) }
    case .binary(let function):
      spread(
        a, lane(code.inputs[1], piece, context), out, rows,
        scalar: { x, y, n, out in rowKernels.binary_scalar(function, x, y, n, out) },
        vector: { x, y, n, out in rowKernels.binary(function, x, y, n, out) })
    case .gated(let function):
      spread(
        a, lane(code.inputs[1], piece, context), out, rows,
        scalar: { x, y, n, out in
          rowKernels.unary(function, x, n, out)
          rowKernels.binary_scalar(ROW_MULTIPLY, out, y, n, out)
        }, vector: { x, y, n, out in rowKernels.gated(function, x, y, n, out) })
    case .affine(let scale, let offset):
      forEachRun(a, out, rows) { x, out, n in rowKernels.affine(x, scale, offset, n, out) }
    case .clamp(let lower, let upper):
      forEachRun(a, out, rows) { x, out, n in rowKernels.clamp(x, lower, upper, n, out) }
    case .softmax: forEachGroup(a, out, rows) { x, out, n in rowKernels.softmax(x, n, out) }
    case .normalizeSum(let epsilon):
      forEachGroup(a, out, rows) { x, out, n in rowKernels.normalize_sum(x, epsilon, n, out) }
    case .cast(let type): forEachRun(a, out, rows) { x, out, n in cast(x, n, to: type, out) }
    case .join: join(code, piece, out, context)
    case .copy: for row in 0..<rows { copy(a, row: row, to: out[row]) }
    case .quantise(let layout):
      forEachGroup(a, out, rows) { x, out, n in layout.quantise(row: x, columns: n, into: out) }
    }
  }

  // MARK: Shapes of loops

  /// One call a row where both lie in one piece, else one a group.
  @inline(__always)
  private func forEachRun(_ a: Lane, _ out: Lane, _ rows: Int, _ body: (Floats, Floats, Int) -> Void) {
    if a.isContiguous && out.isContiguous {
      for row in 0..<rows { body(a[row], out[row], a.count) }
    } else {
      forEachGroup(a, out, rows, body)
    }
  }

  @inline(__always)
  private func forEachGroup(_ a: Lane, _ out: Lane, _ rows: Int, _ body: (Floats, Floats, Int) -> Void) {
    for row in 0..<rows {
      let (x, o) = (a[row], out[row])
      for group in 0..<a.groups { body(x + group * a.groupStride, o + group * out.groupStride, a.width) }
    }
  }

  /// A second operand spread over the first: alike, one for all groups, or one word a group.
  @inline(__always)
  private func spread(
    _ a: Lane, _ b: Lane, _ out: Lane, _ rows: Int, scalar: (Floats, Float, Int, Floats) -> Void,
    vector: (Floats, Floats, Int, Floats) -> Void
  ) {
    let isAlike = a.isContiguous && b.isContiguous && out.isContiguous && a.count == b.count
    for row in 0..<rows {
      let (x, y, o) = (a[row], b[row], out[row])
      if isAlike {
        vector(x, y, a.count, o)
        continue
      }
      for group in 0..<a.groups {
        let (xg, og) = (x + group * a.groupStride, o + group * out.groupStride)
        let yg = b.groups == 1 ? y : y + group * b.groupStride
        if b.width == 1 && a.width != 1 { scalar(xg, yg[0], a.width, og) } else { vector(xg, yg, a.width, og) }
      }
    }
  }

  private func copy(_ source: Lane, row: Int, to out: Floats) {
    let x = source[row]
    for group in 0..<source.groups {
      (out + group * source.width).update(from: x + group * source.groupStride, count: source.width)
    }
  }

  private func gather(_ code: RowCode, _ piece: Piece, _ indices: Lane, _ out: Lane, _ context: ThreadContext) {
    for row in 0..<piece.rows.count {
      let index = Int(UnsafeRawPointer(indices[row]).load(as: Int32.self))
      precondition(index >= 0 && index < tokenCount, "asks for a row that the step lacks")
      copy(lane(code.inputs[1], Piece(rows: index..<index + 1), context), row: 0, to: out[row])
    }
  }

  private func join(_ code: RowCode, _ piece: Piece, _ out: Lane, _ context: ThreadContext) {
    var start = 0
    for operand in code.inputs {
      let input = lane(operand, piece, context)
      for row in 0..<piece.rows.count {
        for group in 0..<input.groups {
          (out[row] + group * out.groupStride + start)
            .update(from: input[row] + group * input.groupStride, count: input.width)
        }
      }
      start += input.width
    }
  }

  // MARK: Norms, positions, tables

  /// An optional parameter: one run for all groups, or one for each.
  private func parameter(_ code: RowCode, _ index: Int, _ piece: Piece, _ context: ThreadContext) -> Lane? {
    code.inputs.count > index ? lane(code.inputs[index], piece, context) : nil
  }

  private func rmsNorm(
    _ code: RowCode, _ piece: Piece, _ epsilon: Float, _ a: Lane, _ out: Lane, _ context: ThreadContext
  ) {
    let weight = parameter(code, 1, piece, context)
    for row in 0..<piece.rows.count {
      for group in 0..<a.groups {
        rowKernels.rms_norm(
          a[row] + group * a.groupStride, weight.map { UnsafePointer($0.run(row, group)) }, epsilon, a.width,
          out[row] + group * out.groupStride)
      }
    }
  }

  private func layerNorm(
    _ code: RowCode, _ piece: Piece, _ epsilon: Float, _ a: Lane, _ out: Lane, _ context: ThreadContext
  ) {
    let weight = parameter(code, 1, piece, context)
    let bias = parameter(code, 2, piece, context)
    for row in 0..<piece.rows.count {
      for group in 0..<a.groups {
        rowKernels.layer_norm(
          a[row] + group * a.groupStride, weight.map { UnsafePointer($0.run(row, group)) },
          bias.map { UnsafePointer($0.run(row, group)) }, epsilon, a.width, out[row] + group * out.groupStride)
      }
    }
  }

  private func rotate(
    _ frequencies: UnsafeBufferPointer<Double>, _ magnitude: Float, position: Floats, _ out: Floats
  ) {
    let position = Double(UnsafeRawPointer(position).load(as: Int32.self))
    for index in 0..<frequencies.count {
      out[index] = Float(cos(position * frequencies[index])) * magnitude
      out[index + frequencies.count] = Float(sin(position * frequencies[index])) * magnitude
    }
  }

  private func rope(_ a: Lane, _ rotation: Lane, _ width: Int, _ interleaved: Bool, _ out: Lane, _ rows: Int) {
    for row in 0..<rows {
      let turn = rotation[row]
      for group in 0..<a.groups {
        let (x, o) = (a[row] + group * a.groupStride, out[row] + group * out.groupStride)
        rowKernels.rope(x, turn, turn + width / 2, width, interleaved ? 1 : 0, o)
        if a.width > width { (o + width).update(from: x + width, count: a.width - width) }
      }
    }
  }

  private func embed(_ table: TableCode, _ x: Floats, _ count: Int, _ out: Floats) {
    for index in 0..<count {
      let row = Int(UnsafeRawPointer(x + index).load(as: Int32.self))
      precondition(row >= 0 && row < table.count, "asks for a row that the table lacks")
      block_decode(
        table.format, (table.rows + row * table.rowBytes).assumingMemoryBound(to: UInt8.self),
        out + index * table.columns, table.columns)
    }
  }

  private func cast(_ x: Floats, _ count: Int, to type: ElementType, _ out: Floats) {
    for index in 0..<count {
      switch type {
      case .float32: out[index] = Float(UnsafeRawPointer(x + index).load(as: Int32.self))
      case .int32: UnsafeMutableRawPointer(out + index).storeBytes(of: Self.integer(x[index]), as: Int32.self)
      }
    }
  }

  /// Towards zero, within int32; 0 for NaN.
  private static func integer(_ value: Float) -> Int32 {
    value.isNaN ? 0 : Int32(exactly: max(-0x1p31, min(value, 0x1.fffffep30)).rounded(.towardZero)) ?? 0
  }
}

extension Lane {
  /// The run for a group, where one may stand for all.
  fileprivate func run(_ row: Int, _ group: Int) -> Floats { self[row] + (groups == 1 ? 0 : group * groupStride) }
}
