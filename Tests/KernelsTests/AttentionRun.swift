import CKernels

/// One way of computing rows of attention over a case's data.
struct AttentionRun {
  let data: AttentionData
  let set: vector_isa
  var layout = AttentionLayout.whole

  /// Fills a row's fields and calls `body`; `output` receives `rows * heads * valueWidth` floats.
  private func withRow(
    _ query: [Float], rows: Int, from first: Int, _ output: inout [Float], _ body: (inout attention_row) -> Void
  ) {
    let shape = data.shape
    let sinks = shape.sinks ?? []
    data.withMemory(set, layout, from: first) { memory in
      query.withUnsafeBufferPointer { query in
        sinks.withUnsafeBufferPointer { sinks in
          output.withUnsafeMutableBufferPointer { output in
            var row = attention_row(
              query: query.baseAddress!, queryStride: shape.keyWidth, groupHeads: shape.heads, memory: memory,
              format: shape.format, keyOffset: shape.keyOffset, keyWidth: shape.keyWidth,
              valueOffset: shape.valueOffset, valueWidth: shape.valueWidth, firstVisible: 0, lastVisible: -1,
              scale: shape.scale, softcap: shape.softcap, sinks: shape.sinks == nil ? nil : sinks.baseAddress,
              output: output.baseAddress!, outputStride: shape.valueWidth,
              scratch: UnsafeMutableRawPointer(output.baseAddress!))
            let bytes = attention_scratch_bytes(&row, rows)
            let scratch = UnsafeMutableRawPointer.allocate(byteCount: bytes + 1, alignment: 1)
            defer { scratch.deallocate() }
            // Any alignment and any earlier content must do.
            scratch.initializeMemory(as: UInt8.self, repeating: 0xFF, count: bytes + 1)
            row.scratch = scratch + 1
            body(&row)
          }
        }
      }
    }
  }

  private var emptyOutput: [Float] { [Float](repeating: .nan, count: data.shape.heads * data.shape.valueWidth) }

  /// One row in one call.
  func row(_ query: [Float], _ visible: ClosedRange<Int>) -> [Float] {
    var output = emptyOutput
    withRow(query, rows: 1, from: visible.lowerBound, &output) { row in
      (row.firstVisible, row.lastVisible) = (visible.lowerBound, visible.upperBound)
      set.attention.attention(&row)
    }
    return output
  }

  /// One row through partial results, each span in a call of its own, last span first.
  func spans(_ query: [Float], _ visible: ClosedRange<Int>) -> [Float] {
    var output = emptyOutput
    withRow(query, rows: 1, from: visible.lowerBound, &output) { row in
      (row.firstVisible, row.lastVisible) = (visible.lowerBound, visible.upperBound)
      let count = attention_span_count(&row)
      var partials = [Float](repeating: .nan, count: count * attention_partial_floats(&row))
      for span in (0..<count).reversed() { set.attention.attention_partials(&row, span, 1, &partials) }
      set.attention.attention_merge(&row, partials)
    }
    return output
  }

  /// Rows in one call.
  func rows(_ queries: [Float], _ visible: [ClosedRange<Int>]) -> [Float] {
    let shape = data.shape
    let width = shape.heads * shape.valueWidth
    var output = [Float](repeating: .nan, count: visible.count * width)
    withRow(queries, rows: visible.count, from: visible.map(\.lowerBound).min() ?? 0, &output) { row in
      let list = visible.enumerated().map { index, range in
        attention_query(
          query: row.query + index * shape.heads * shape.keyWidth, output: row.output + index * width,
          firstVisible: range.lowerBound, lastVisible: range.upperBound)
      }
      set.attention.attention_rows(&row, list, list.count)
    }
    return output
  }

  /// Scores of one head for positions `range`.
  func scores(_ query: [Float], head: Int, _ visible: ClosedRange<Int>, _ range: Range<Int>) -> [Float] {
    var output = emptyOutput
    var scores = [Float](repeating: .nan, count: range.count)
    withRow(query, rows: 1, from: visible.lowerBound, &output) { row in
      (row.firstVisible, row.lastVisible) = (visible.lowerBound, visible.upperBound)
      set.attention.attention_scores(&row, head, range.lowerBound, range.count, &scores)
    }
    return scores
  }

  /// Values of positions `range` by weight.
  func mix(_ weights: [Float], _ range: Range<Int>) -> [Float] {
    var output = emptyOutput
    var mixed = [Float](repeating: .nan, count: data.shape.valueWidth)
    withRow(data.queries(1), rows: 1, from: range.lowerBound, &output) { row in
      set.attention.attention_mix(&row, weights, range.lowerBound, range.count, &mixed)
    }
    return mixed
  }
}
