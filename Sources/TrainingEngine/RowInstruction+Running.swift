import CKernels
import GraphIR

/// One instruction's memory in one run.
struct RowLanes {
  let a: Lane
  let b: Lane
  let c: Lane
  let output: Lane
}

extension RowInstruction {
  /// Computes some rows.
  func run(_ rows: Range<Int>, _ frame: Frame, _ kernels: row_kernels) throws {
    let first = frame[a]
    let lanes = RowLanes(
      a: first, b: b.map { frame[$0] } ?? first, c: c.map { frame[$0] } ?? first, output: frame[output])
    let isWhole = a.isContiguous && output.isContiguous
    switch operation {
    case .copy:
      each(rows, lanes, isWhole) { x, n, out in out.update(from: x, count: n) }
    case .unary(let function): each(rows, lanes, isWhole) { x, n, out in kernels.unary(function, x, n, out) }
    case .affine(let scale, let offset):
      each(rows, lanes, isWhole) { x, n, out in kernels.affine(x, scale, offset, n, out) }
    case .clamp(let lower, let upper):
      each(rows, lanes, isWhole) { x, n, out in kernels.clamp(x, lower, upper, n, out) }
    case .truncate:
      each(rows, lanes, isWhole) { x, n, out in
        for i in 0..<n { out[i] = x[i].isNaN ? 0 : x[i].rounded(.towardZero) }
      }
    case .unaryGradient(let function):
      for row in rows {
        let (g, x, out) = (lanes.a[row], lanes.b[row], lanes.output[row])
        for i in 0..<a.count { out[i] = g[i] * slope(of: function, at: x[i]) }
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
        for start in stride(from: 0, to: a.count, by: width) {
          normGradient(
            lanes.a[row] + start, lanes.b[row] + start, lanes.output[row] + start, width, epsilon, isCentred)
        }
      }
    case .rope(let table, let embedding, let width): try rotate(rows, lanes, table, embedding, width, kernels)
    case .sum, .spread, .pad, .slice, .join: reshape(rows, lanes)
    case .gather, .topK, .pick, .unpick, .weightedSum: try route(rows, lanes, frame)
    case .crossEntropy, .crossEntropyGradient: try lose(rows, lanes, kernels)
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

  /// The gradient by `x` of `(x − mean) / √(variance + ε)`, or of `x / √(mean(x²) + ε)`.
  private func normGradient(
    _ g: Floats, _ x: Floats, _ out: Floats, _ width: Int, _ epsilon: Float, _ isCentred: Bool
  ) {
    let count = Double(width)
    var (sum, gradientSum) = (0.0, 0.0)
    if isCentred {
      for i in 0..<width {
        sum += Double(x[i])
        gradientSum += Double(g[i])
      }
    }
    let (mean, meanGradient) = (sum / count, gradientSum / count)
    var (squares, product) = (0.0, 0.0)
    for i in 0..<width {
      let centred = Double(x[i]) - mean
      squares += centred * centred
      product += Double(g[i]) * centred
    }
    let factor = 1 / (squares / count + Double(epsilon)).squareRoot()
    let share = product * factor * factor / count
    for i in 0..<width { out[i] = Float(factor * (Double(g[i]) - meanGradient - (Double(x[i]) - mean) * share)) }
  }

  private func rotate(
    _ rows: Range<Int>, _ lanes: RowLanes, _ table: RotaryTable, _ embedding: RotaryEmbedding, _ width: Int,
    _ kernels: row_kernels
  ) throws {
    for row in rows {
      let place = try index(lanes.b[row][0], below: table.context) * table.pairs
      for start in stride(from: 0, to: a.count, by: width) {
        let (x, out) = (lanes.a[row] + start, lanes.output[row] + start)
        kernels.rope(
          x, table.cosines + place, table.sines + place, embedding.width, embedding.interleaved ? 1 : 0, out)
        (out + embedding.width).update(from: x + embedding.width, count: width - embedding.width)
      }
    }
  }

  private func lose(_ rows: Range<Int>, _ lanes: RowLanes, _ kernels: row_kernels) throws {
    for row in rows {
      let (logits, out) = (lanes.a[row], lanes.output[row])
      let target = try index(lanes.b[row][0], below: a.count)
      if case .crossEntropy = operation {
        out[0] = kernels.log_sum_exp(logits, a.count) - logits[target]
      } else {
        kernels.softmax(logits, a.count, out)
        out[target] -= 1
        kernels.affine(out, lanes.c[row][0], 0, a.count, out)
      }
    }
  }
}
