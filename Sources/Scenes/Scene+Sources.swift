import GraphIR

extension Scene {
  /// The cells that a cell of a node was computed from, operand by operand.
  ///
  /// A prompt is taken to begin at position 0 of one sequence. `read` gives the whole numbers that choose rows and
  /// experts; without them, all rows or experts are named. Training operations name whole operands.
  public func sources(of node: Int, at index: [Int], read: CellReader) -> Sources {
    let operands = OperandCells(graph.nodes[node], shape: shape)
    return Sources(operands: boxes(graph.nodes[node].op, operands, index, read))
  }

  private func boxes(_ op: Op, _ x: OperandCells, _ index: [Int], _ read: CellReader) -> [[Cells]] {
    let row = index.dropLast().map { Optional($0) }
    let last = index.last ?? 0
    func choice(_ cells: Cells) -> Int? { read(cells)?.first.flatMap { Int(exactly: $0) } }
    switch op {
    case .input, .weight: return []
    case .gather:
      let chooser = gatherIndex(x, Array(index.dropLast()))
      return [[chooser], [x.cells(1, [choice(chooser), last])]]
    case .linear: return [[x.cells(0, row + [nil])], [x.cells(1, [last, nil])]] + bias(x, 2, [last])
    case .headLinear: return [[x.cells(0, row + [nil])], [x.cells(1, [index[1], last, nil])]]
    case .expertLinear:
      let chooser = x.cells(2, row)
      let input = x.shapes[0].count == 3 ? row + [nil] : [index[0], nil]
      return [[x.cells(0, input)], [x.cells(1, [choice(chooser), last, nil])], [chooser]]

    case .rmsNorm, .layerNorm:
      return [[x.cells(0, row + [nil])]] + (1..<x.count).map { [x.aligned($0, index)] }
    case .rope(let embedding): return rope(embedding, x, index)

    case .append: return [[x.shapes[0].count == 2 ? x.cells(0, [index[0], last]) : Cells(node: x.nodes[0], at: index)]]
    case .attentionScores(_, _, let mask):
      guard mask.sees(index[2], from: index[0]) else { return [[], []] }
      let group = x.shapes[0][1] / x.shapes[1][1]
      return [[x.cells(0, row + [nil])], [x.cells(1, [index[2], index[1] / group, nil])]]
    case .attentionPattern: return [[x.cells(0, row + [nil])]] + bias(x, 1, [index[1]])
    case .attentionMix:
      let group = x.shapes[0][1] / x.shapes[1][1]
      return [[x.cells(0, row + [nil])], [x.cells(1, [nil, index[1] / group, last])]]
    case .shortConvolution:
      let taps = x.shapes[1][1]
      return [[x.rows(0, max(0, index[0] - taps + 1)..<index[0] + 1, [last])], [x.cells(1, [last, nil])]]
        + bias(x, 2, [last])
    case .recurrence:
      let (head, earlier) = (index[1], 0..<index[0] + 1)
      let group = head * x.shapes[1][1] / x.shapes[2][1]
      return [
        [x.cells(0, [index[0], group, nil])], [x.rows(1, earlier, [group, nil])], [x.rows(2, earlier, [head, last])],
      ] + (3..<x.count).map { [x.rows($0, earlier, [head])] }

    case .topK, .softmax, .normalizeSum: return [[x.cells(0, row + [nil])]]
    case .pick:
      let chooser = Cells(node: x.nodes[1], at: index)
      return [[x.cells(0, row + [choice(chooser)])], [chooser]]
    case .weightedSum: return [[x.cells(0, row + [nil, last])], [x.cells(1, row + [nil])]]

    case .unary, .affine, .clamp, .cast: return [[Cells(node: x.nodes[0], at: index)]]
    case .binary: return [[Cells(node: x.nodes[0], at: index)], [x.aligned(1, index)]]
    case .reshape:
      return [[Cells(node: x.nodes[0], at: Self.reshaped(index, from: resultShape(x, op), to: x.shapes[0]))]]
    case .slice(let range): return [[x.cells(0, row + [last + range.lowerBound])]]
    case .concatenate:
      let width = x.shapes[0].last ?? 0
      return last < width ? [[x.cells(0, row + [last])], []] : [[], [x.cells(1, row + [last - width])]]
    case .training: return (0..<x.count).map { [x.all($0)] }
    }
  }

  private func bias(_ x: OperandCells, _ operand: Int, _ index: [Int?]) -> [[Cells]] {
    operand < x.count ? [[x.cells(operand, index)]] : []
  }

  private func gatherIndex(_ x: OperandCells, _ index: [Int]) -> Cells { Cells(node: x.nodes[0], at: index) }

  private func resultShape(_ x: OperandCells, _ op: Op) -> [Int] {
    guard case .reshape(let sizes) = op else { return [] }
    return [x.shapes[0][0]] + sizes
  }

  /// An element of a pair comes from both; one that does not turn from itself.
  private func rope(_ embedding: RotaryEmbedding, _ x: OperandCells, _ index: [Int]) -> [[Cells]] {
    let last = index.last ?? 0
    guard last < embedding.width else { return [[Cells(node: x.nodes[0], at: index)], []] }
    let partner = embedding.partner(of: last)
    let pair = [min(last, partner), max(last, partner)]
    return [pair.map { Cells(node: x.nodes[0], at: index.dropLast() + [$0]) }, [x.cells(1, [index[0]])]]
  }

  /// The index of the same element in another shape.
  static func reshaped(_ index: [Int], from shape: [Int], to other: [Int]) -> [Int] {
    var flat = zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
    var result = [Int](repeating: 0, count: other.count)
    for dimension in other.indices.reversed() where other[dimension] > 0 {
      result[dimension] = flat % other[dimension]
      flat /= other[dimension]
    }
    return result
  }
}

extension AttentionMask {
  /// Whether a row at `position` sees `other`.
  func sees(_ other: Int, from position: Int) -> Bool { other <= position && other >= firstVisible(from: position) }
}

extension RotaryEmbedding {
  /// The other element of a pair.
  func partner(of index: Int) -> Int {
    interleaved ? index ^ 1 : index < width / 2 ? index + width / 2 : index - width / 2
  }
}
