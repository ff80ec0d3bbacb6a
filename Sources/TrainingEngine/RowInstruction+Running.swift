import CKernels
import GraphIR
import Kernels

/// One instruction's memory in one run.
struct RowLanes {
  let a: Lane
  let b: Lane
  let c: Lane
  let output: Lane
}

extension RowInstruction {
  /// Computes some rows.
  func run(_ rows: Range<Int>, _ frame: Frame, _ all: TrainingKernels) throws {
    let kernels = all.rows
    let first = frame[a]
    let lanes = RowLanes(
      a: first, b: b.map { frame[$0] } ?? first, c: c.map { frame[$0] } ?? first, output: frame[output])
    let isWhole = a.isContiguous && output.isContiguous
    switch operation {
    case .copy: copy(rows, lanes)
    case .unary(let function): each(rows, lanes, isWhole) { x, n, out in kernels.unary(function, x, n, out) }
    case .affine(let scale, let offset):
      each(rows, lanes, isWhole) { x, n, out in kernels.affine(x, scale, offset, n, out) }
    case .clamp(let lower, let upper):
      each(rows, lanes, isWhole) { x, n, out in kernels.clamp(x, lower, upper, n, out) }
    case .truncate:
      each(rows, lanes, isWhole) { x, n, out in
        for i in 0..<n { out[i] = x[i].isNaN ? 0 : x[i].rounded(.towardZero) }
      }
    case .dropout(let mask): drop(rows, columns: 0..<a.count, lanes, mask, frame, all)
    case .unaryGradient(let function):
      if isWhole, b?.isContiguous == true {
        let first = rows.lowerBound
        all.training.unary_gradient(
          function, lanes.a[first], lanes.b[first], rows.count * a.count, lanes.output[first])
      } else {
        for row in rows {
          all.training.unary_gradient(function, lanes.a[row], lanes.b[row], a.count, lanes.output[row])
        }
      }
    case .binary(let function, let spread): binary(rows, lanes, function, spread, kernels)
    case .softmax(let width): groups(rows, lanes, width) { x, out in kernels.softmax(x, width, out) }
    case .normalizeSum(let epsilon, let width):
      groups(rows, lanes, width) { x, out in kernels.normalize_sum(x, epsilon, width, out) }
    case .rmsNorm(let epsilon, let width):
      normed(rows, lanes, width) { x, weight, _, out in kernels.rms_norm(x, weight, epsilon, width, out) }
    case .layerNorm(let epsilon, let width):
      normed(rows, lanes, width) { x, weight, bias, out in kernels.layer_norm(x, weight, bias, epsilon, width, out) }
    case .normGradient(let epsilon, let width, let isCentred):
      for row in rows {
        let (g, x, out, groups) = (lanes.a[row], lanes.b[row], lanes.output[row], a.count / width)
        if isCentred {
          all.training.layer_norm_gradient(x, g, nil, epsilon, groups, width, 0, out, nil, nil)
        } else {
          all.training.rms_norm_gradient(x, g, nil, epsilon, groups, width, 0, out, nil)
        }
      }
    case .rope(let table, let embedding, let width): rotate(rows, lanes, frame, table, embedding, width, all)
    case .embed(let width):
      let start = rows.lowerBound
      all.training.gather(
        lanes.b.base, lanes.b.stride, frame.integers(a) + start, rows.count, width, lanes.output[start],
        lanes.output.stride)
    case .sum, .spread, .pad, .slice, .join: reshape(rows, lanes)
    case .gather, .topK, .pick, .unpick, .weightedSum: try route(rows, lanes, frame)
    case .crossEntropy, .crossEntropyGradient: lose(rows, lanes, frame, all)
    }
  }

  // MARK: Shapes of loops

  /// One call for all rows where both operands lie in one piece, else one a row.
  @inline(__always)
  private func each(_ rows: Range<Int>, _ lanes: RowLanes, _ isWhole: Bool, _ body: (Floats, Int, Floats) -> Void) {
    if isWhole {
      body(lanes.a[rows.lowerBound], rows.count * a.count, lanes.output[rows.lowerBound])
    } else {
      for row in rows { body(lanes.a[row], a.count, lanes.output[row]) }
    }
  }

  /// One call for each run of the last dimension.
  @inline(__always)
  private func groups(_ rows: Range<Int>, _ lanes: RowLanes, _ width: Int, _ body: (Floats, Floats) -> Void) {
    for row in rows {
      for start in stride(from: 0, to: a.count, by: width) { body(lanes.a[row] + start, lanes.output[row] + start) }
    }
  }

  /// A norm's weight and bias have the last dimension's size, or one run for each group.
  @inline(__always)
  private func normed(
    _ rows: Range<Int>, _ lanes: RowLanes, _ width: Int,
    _ body: (Floats, UnsafePointer<Float>?, UnsafePointer<Float>?, Floats) -> Void
  ) {
    for row in rows {
      for start in stride(from: 0, to: a.count, by: width) {
        let weight = b.map { UnsafePointer(lanes.b.base + start % $0.count) }
        let bias = c.map { UnsafePointer(lanes.c.base + start % $0.count) }
        body(lanes.a[row] + start, weight, bias, lanes.output[row] + start)
      }
    }
  }

  // MARK: Functions

  private func copy(_ rows: Range<Int>, _ lanes: RowLanes) {
    for row in rows { lanes.output[row].update(from: lanes.a[row], count: a.count) }
  }

  private func binary(
    _ rows: Range<Int>, _ lanes: RowLanes, _ function: row_binary, _ spread: Spread, _ kernels: row_kernels
  ) {
    let count = a.count
    if spread == .alike, a.isContiguous, output.isContiguous, let b, b.isContiguous {
      let first = rows.lowerBound
      return kernels.binary(function, lanes.a[first], lanes.b[first], rows.count * count, lanes.output[first])
    }
    for row in rows {
      let (x, y, out) = (lanes.a[row], lanes.b[row], lanes.output[row])
      switch spread {
      case .alike: kernels.binary(function, x, y, count, out)
      case .one: kernels.binary_scalar(function, x, y[0], count, out)
      case .tiled(let period):
        for start in stride(from: 0, to: count, by: period) {
          kernels.binary(function, x + start, y, period, out + start)
        }
      case .runs(let length):
        for run in 0..<count / length {
          kernels.binary_scalar(function, x + run * length, y[run], length, out + run * length)
        }
      case .map(let places):
        for i in 0..<count { kernels.binary(function, x + i, y + Int(places[i]), 1, out + i) }
      }
    }
  }

  private func rotate(
    _ rows: Range<Int>, _ lanes: RowLanes, _ frame: Frame, _ table: RotaryTable, _ embedding: RotaryEmbedding,
    _ width: Int, _ kernels: TrainingKernels
  ) {
    guard let b else { return }
    withUnsafePointer(
      to: rope_rows(
        x: lanes.a.base, xRow: lanes.a.stride, out: lanes.output.base, outRow: lanes.output.stride,
        heads: a.count / width, headWidth: width, width: embedding.width, cosines: table.cosines, sines: table.sines,
        positions: frame.integers(b), interleaved: embedding.interleaved ? 1 : 0, isInverse: 0)
    ) { kernels.training.rope($0, rows.lowerBound, rows.count) }
  }

  private func lose(_ rows: Range<Int>, _ lanes: RowLanes, _ frame: Frame, _ kernels: TrainingKernels) {
    guard let b else { return }
    let targets = frame.integers(b)
    for row in rows {
      if case .crossEntropy = operation {
        kernels.training.cross_entropy(lanes.a[row], targets + row, nil, 1, a.count, lanes.output[row], nil)
      } else {
        kernels.training.cross_entropy(lanes.a[row], targets + row, lanes.c[row], 1, a.count, nil, lanes.output[row])
      }
    }
  }

  private func drop(
    _ rows: Range<Int>, columns: Range<Int>, _ lanes: RowLanes, _ mask: DropoutMask, _ frame: Frame,
    _ kernels: TrainingKernels
  ) {
    guard let b else { return }
    let (keys, first) = (frame.integers(b), columns.lowerBound)
    withUnsafePointer(to: mask.kernel) { mask in
      for row in rows {
        kernels.training.dropout(
          mask, UInt32(bitPattern: keys[row]), first, lanes.a[row] + first, columns.count, lanes.output[row] + first)
      }
    }
  }

  /// Computes some columns of an elementwise operation, for whose operands rows are as wide as the result's.
  func run(_ rows: Range<Int>, columns: Range<Int>, _ frame: Frame, _ all: TrainingKernels) {
    let first = columns.lowerBound
    let (x, out) = (frame[a], frame[output])
    let y = b.map { frame[$0] } ?? x
    if case .dropout(let mask) = operation {
      return drop(rows, columns: columns, RowLanes(a: x, b: y, c: x, output: out), mask, frame, all)
    }
    for row in rows {
      let (x, y, out) = (x[row] + first, y[row] + first, out[row] + first)
      switch operation {
      case .unary(let function): all.rows.unary(function, x, columns.count, out)
      case .unaryGradient(let function): all.training.unary_gradient(function, x, y, columns.count, out)
      case .affine(let scale, let offset): all.rows.affine(x, scale, offset, columns.count, out)
      case .clamp(let lower, let upper): all.rows.clamp(x, lower, upper, columns.count, out)
      case .binary(let function, _): all.rows.binary(function, x, y, columns.count, out)
      default: break
      }
    }
  }
}
