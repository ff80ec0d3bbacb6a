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

typealias Floats = UnsafeMutablePointer<Float>

extension Executor {
  /// Where a row of an operand begins.
  @inline(__always)
  func pointer(_ operand: Operand, row: Int, _ context: ThreadContext) -> Floats {
    switch operand.space {
    case .arena:
      (arena + (operand.offset + row * operand.rowStride) * 4).assumingMemoryBound(to: Float.self)
    case .thread: (context.rows + operand.offset * 4).assumingMemoryBound(to: Float.self)
    case .constant(let index): weights.constant(program.constants[index]) + operand.offset
    }
  }

  /// One operation on one row.
  func execute(_ instruction: RowInstruction, row: Int, _ context: ThreadContext) {
    let output = instruction.output
    let input = instruction.inputs[0]
    let x = pointer(input, row: row, context)
    let out = pointer(output, row: row, context)
    switch instruction.op {
    case .embed(let table): embed(table, x, input, out)
    case .gather:
      let index = Int(UnsafeRawPointer(x).load(as: Int32.self))
      precondition(index >= 0 && index < tokenCount, "asks for a row that the step lacks")
      copyRow(instruction.inputs[1], row: index, to: out, context)
    case .rmsNorm, .layerNorm: norm(instruction, row: row, x, out, context)
    case .rotation(let frequencies, let magnitude): rotate(frequencies, magnitude, position: x, out)
    case .rope(let width, let interleaved):
      rope(input, x, pointer(instruction.inputs[1], row: row, context), width, interleaved, output, out)
    case .append(let state, let chunk): append(state, chunk, input, x, row: row)
    case .commit(let state): commit(state, input, row: row)
    case .topK(let selection):
      forEachGroup(input, x, output, out) { x, out, n in choose(selection, x, n, UnsafeMutableRawPointer(out)) }
    case .pick:
      pick(input, x, instruction.inputs[1], pointer(instruction.inputs[1], row: row, context), output, out)
    case .weightedSum:
      weightedSum(input, x, instruction.inputs[1], pointer(instruction.inputs[1], row: row, context), output, out)
    case .unary(let function):
      forEachRun(input, x, output, out) { x, out, n in rowKernels.unary(kernel(function), x, n, out) }
    case .binary(let function):
      spread(
        instruction, row: row, context,
        scalar: { x, y, n, out in
          rowKernels.binary_scalar(kernel(function), x, y, n, out)
        }, vector: { x, y, n, out in rowKernels.binary(kernel(function), x, y, n, out) })
    case .gated(let function):
      spread(
        instruction, row: row, context,
        scalar: { x, y, n, out in
          rowKernels.unary(kernel(function), x, n, out)
          rowKernels.binary_scalar(ROW_MULTIPLY, out, y, n, out)
        }, vector: { x, y, n, out in rowKernels.gated(kernel(function), x, y, n, out) })
    case .affine(let scale, let offset):
      forEachRun(input, x, output, out) { x, out, n in rowKernels.affine(x, scale, offset, n, out) }
    case .clamp(let lower, let upper):
      forEachRun(input, x, output, out) { x, out, n in rowKernels.clamp(x, lower, upper, n, out) }
    case .softmax:
      forEachGroup(input, x, output, out) { x, out, n in rowKernels.softmax(x, n, out) }
    case .normalizeSum(let epsilon):
      forEachGroup(input, x, output, out) { x, out, n in rowKernels.normalize_sum(x, epsilon, n, out) }
    case .cast(let type):
      forEachRun(input, x, output, out) { x, out, n in cast(x, n, to: type, out) }
    case .join: join(instruction, row: row, out, context)
    case .copy: copyRow(input, row: row, to: out, context)
    case .quantise(let layout):
      for group in 0..<input.groups {
        layout.quantise(
          row: x + group * input.groupStride, columns: input.width, into: out + group * output.groupStride)
      }
    }
  }

  // MARK: Shapes of loops

  /// One call where both lie in one piece, else one a group.
  @inline(__always)
  private func forEachRun(
    _ input: Operand, _ x: Floats, _ output: Operand, _ out: Floats, _ body: (Floats, Floats, Int) -> Void
  ) {
    if input.isContiguous && output.isContiguous { return body(x, out, input.count) }
    forEachGroup(input, x, output, out, body)
  }

  @inline(__always)
  private func forEachGroup(
    _ input: Operand, _ x: Floats, _ output: Operand, _ out: Floats, _ body: (Floats, Floats, Int) -> Void
  ) {
    for group in 0..<input.groups {
      body(x + group * input.groupStride, out + group * output.groupStride, input.width)
    }
  }

  /// A second operand spread over the first: alike, one for all groups, or one word a group.
  @inline(__always)
  private func spread(
    _ instruction: RowInstruction, row: Int, _ context: ThreadContext,
    scalar: (Floats, Float, Int, Floats) -> Void, vector: (Floats, Floats, Int, Floats) -> Void
  ) {
    let (a, b, output) = (instruction.inputs[0], instruction.inputs[1], instruction.output)
    let x = pointer(a, row: row, context)
    let y = pointer(b, row: row, context)
    let out = pointer(output, row: row, context)
    if a.isContiguous, b.isContiguous, output.isContiguous, a.count == b.count {
      return vector(x, y, a.count, out)
    }
    for group in 0..<a.groups {
      let (xg, og) = (x + group * a.groupStride, out + group * output.groupStride)
      let yg = b.groups == 1 ? y : y + group * b.groupStride
      if b.width == 1 && a.width != 1 { scalar(xg, yg[0], a.width, og) } else { vector(xg, yg, a.width, og) }
    }
  }

  private func copyRow(_ source: Operand, row: Int, to out: Floats, _ context: ThreadContext) {
    let x = pointer(source, row: row, context)
    for group in 0..<source.groups {
      (out + group * source.width).update(from: x + group * source.groupStride, count: source.width)
    }
  }

  private func join(_ instruction: RowInstruction, row: Int, _ out: Floats, _ context: ThreadContext) {
    var start = 0
    for input in instruction.inputs {
      let x = pointer(input, row: row, context)
      for group in 0..<input.groups {
        (out + group * instruction.output.groupStride + start)
          .update(from: x + group * input.groupStride, count: input.width)
      }
      start += input.width
    }
  }

  // MARK: Norms, positions, tables

  private func norm(
    _ instruction: RowInstruction, row: Int, _ x: Floats, _ out: Floats, _ context: ThreadContext
  ) {
    let (input, output) = (instruction.inputs[0], instruction.output)
    func parameter(_ index: Int, _ group: Int) -> Floats? {
      guard instruction.inputs.count > index else { return nil }
      let operand = instruction.inputs[index]
      return pointer(operand, row: row, context) + (operand.groups == 1 ? 0 : group * operand.groupStride)
    }
    for group in 0..<input.groups {
      let (xg, og) = (x + group * input.groupStride, out + group * output.groupStride)
      if case .layerNorm(let epsilon, _) = instruction.op {
        rowKernels.layer_norm(xg, parameter(1, group), parameter(2, group), epsilon, input.width, og)
      } else if case .rmsNorm(let epsilon) = instruction.op {
        rowKernels.rms_norm(xg, parameter(1, group), epsilon, input.width, og)
      }
    }
  }

  private func rotate(_ frequencies: [Double], _ magnitude: Float, position: Floats, _ out: Floats) {
    let position = Double(UnsafeRawPointer(position).load(as: Int32.self))
    for (index, frequency) in frequencies.enumerated() {
      out[index] = Float(cos(position * frequency)) * magnitude
      out[index + frequencies.count] = Float(sin(position * frequency)) * magnitude
    }
  }

  private func rope(
    _ input: Operand, _ x: Floats, _ rotation: Floats, _ width: Int, _ interleaved: Bool, _ output: Operand,
    _ out: Floats
  ) {
    for group in 0..<input.groups {
      let (xg, og) = (x + group * input.groupStride, out + group * output.groupStride)
      rowKernels.rope(xg, rotation, rotation + width / 2, width, interleaved ? 1 : 0, og)
      if input.width > width { (og + width).update(from: xg + width, count: input.width - width) }
    }
  }

  private func embed(_ table: Int, _ x: Floats, _ input: Operand, _ out: Floats) {
    let stored = weights.table(program.tables[table].name)
    let rowBytes = stored.format.rowBytes(stored.columns)
    for index in 0..<input.count {
      let row = Int(UnsafeRawPointer(x + index).load(as: Int32.self))
      precondition(row >= 0 && row < stored.rowCount, "asks for a row that the table lacks")
      block_decode(
        stored.format.rawValue, stored.bytes.baseAddress! + row * rowBytes, out + index * stored.columns,
        stored.columns)
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

  func kernel(_ function: Unary) -> row_unary {
    switch function {
    case .silu: ROW_SILU
    case .sigmoid: ROW_SIGMOID
    case .gelu: ROW_GELU
    case .geluTanh: ROW_GELU_TANH
    case .relu: ROW_RELU
    case .reluSquared: ROW_RELU_SQUARED
    case .tanh: ROW_TANH
    case .exp: ROW_EXP
    case .softplus: ROW_SOFTPLUS
    case .log1p: ROW_LOG1P
    case .floor: ROW_FLOOR
    case .negate: ROW_NEGATE
    }
  }

  func kernel(_ function: Binary) -> row_binary {
    switch function {
    case .add: ROW_ADD
    case .subtract: ROW_SUBTRACT
    case .multiply: ROW_MULTIPLY
    case .divide: ROW_DIVIDE
    case .minimum: ROW_MINIMUM
    case .maximum: ROW_MAXIMUM
    }
  }
}
