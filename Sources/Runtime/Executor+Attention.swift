import CKernels
import GraphIR
import Planning
import Synchronization
import TensorCore

/// Query rows that share one conversion of keys and values.
let attentionTile = 32

extension Executor {
  /// The sizes of a step's attention, without rows.
  static func attentionShape(_ step: AttentionStep, _ program: Program) -> attention_row {
    // Rows fill in the pointers before a kernel sees them.
    let nowhere = UnsafeMutablePointer<Float>(bitPattern: 64)!
    func width(_ view: StateView) -> Int { program.states[view.state].headWidth }
    let memory = attention_memory(
      keys: nowhere, values: nowhere, valuesAreKeys: program.keyStates.contains(step.values.state) ? 1 : 0, rows: 0,
      keyWidth: width(step.keys), valueWidth: width(step.values), newKeys: nil, newValues: nil, firstNew: 0,
      newKeyStride: 0, newValueStride: 0)
    return attention_row(
      query: nowhere, queryStride: step.query.groupStride, groupHeads: max(1, step.query.groups / step.keys.heads),
      memory: memory, format: program.options.cacheFormat.rawValue, keyOffset: step.keys.offset,
      keyWidth: step.keys.width,
      valueOffset: step.values.offset, valueWidth: step.values.width, firstVisible: 0, lastVisible: 0,
      scale: step.scale, softcap: step.softcap ?? 0, sinks: nil, output: nowhere,
      outputStride: step.output.groupStride, scratch: nowhere)
  }

  /// Stores rows of some heads in their state, or in this step's chunk of a ring.
  func append(_ state: Int, _ chunk: Operand?, _ input: Lane, rows: Range<Int>) {
    let isKeys: Int32 = states.layout(state).isKeys ? 1 : 0
    for row in rows {
      let run = runs[rowRun[row]]
      let kept = states.row(state, position: rowPosition[row])
      let x = input[row - rows.lowerBound]
      for group in 0..<input.groups {
        let head = input.firstGroup + group
        let values = x + group * input.groupStride
        if let chunk {
          rowKernels.cache_store(
            states.format.rawValue, values, input.width,
            arena + (chunk.offset + head * chunk.groupStride + row * chunk.rowStride) * 4)
        } else {
          rowKernels.cache_append(
            states.format.rawValue, isKeys, values, input.width, states.head(state, slot: run.slot, head: head), kept)
        }
      }
    }
  }

  /// Moves a row from its chunk to the ring, if a later row of the step does not take its place.
  func commit(_ state: Int, _ chunk: Operand, row: Int) {
    let run = runs[rowRun[row]]
    let position = rowPosition[row]
    let layout = states.layout(state)
    if position + layout.rows < run.start + run.count { return }
    for head in 0..<layout.heads {
      rowKernels.cache_place(
        states.format.rawValue, layout.isKeys ? 1 : 0,
        arena + (chunk.offset + head * chunk.groupStride + row * chunk.rowStride) * 4, layout.width,
        states.head(state, slot: run.slot, head: head), states.row(state, position: position))
    }
  }

  /// Where a head's keys and values of a run lie.
  func memory(_ step: AttentionStep, _ run: Run, firstRow: Int, head: Int, _ shape: inout attention_row) {
    let values = states.layout(step.values.state)
    shape.memory.rows = states.layout(step.keys.state).rows
    shape.memory.keys = UnsafeRawPointer(states.head(step.keys.state, slot: run.slot, head: head))
    shape.memory.values = UnsafeRawPointer(
      states.head(step.values.state, slot: run.slot, head: min(head, values.heads - 1)))
    guard let keyChunk = step.keys.chunk, let valueChunk = step.values.chunk else { return }
    func place(_ chunk: Operand) -> UnsafeRawPointer {
      UnsafeRawPointer(
        arena + (chunk.offset + min(head, chunk.groups - 1) * chunk.groupStride + firstRow * chunk.rowStride) * 4)
    }
    (shape.memory.newKeys, shape.memory.newValues) = (place(keyChunk), place(valueChunk))
    (shape.memory.newKeyStride, shape.memory.newValueStride) = (keyChunk.rowStride * 4, valueChunk.rowStride * 4)
    shape.memory.firstNew = run.start
  }

  /// Rows that share one conversion of keys and values: fewer where that keeps all threads busy.
  private func tileRows(_ heads: Int) -> Int {
    var tile = attentionTile
    while tile > 1, runs.reduce(0, { $0 + ($1.count + tile - 1) / tile }) * heads < 4 * team.count { tile /= 2 }
    return tile
  }

  /// Tiles of rows of one run, by key-value head.
  func attention(_ step: AttentionStep, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext) {
    if sharesSpans(step) { return attentionSpans(step, counter, context) }
    let heads = step.keys.heads
    let tileRows = tileRows(heads)
    var firstRow = 0
    var unit = 0
    var wanted = counter.pointee.next.wrappingAdd(1, ordering: .relaxed).oldValue
    for run in runs {
      let tiles = (run.count + tileRows - 1) / tileRows
      while wanted < unit + tiles * heads {
        let local = wanted - unit
        // Long tiles first, so that the last piece handed out is a short one.
        let tile = tiles - 1 - local / heads
        let rows = tile * tileRows..<min(run.count, (tile + 1) * tileRows)
        attend(step, run, firstRow: firstRow, rows: rows, head: local % heads, context)
        wanted = counter.pointee.next.wrappingAdd(1, ordering: .relaxed).oldValue
      }
      unit += tiles * heads
      firstRow += run.count
    }
  }

  private func attend(
    _ step: AttentionStep, _ run: Run, firstRow: Int, rows: Range<Int>, head: Int, _ context: ThreadContext
  ) {
    var shared = Self.attentionShape(step, program)
    let group = shared.groupHeads
    shared.sinks = step.sinks.map { UnsafePointer(pointer($0, row: 0, context) + head * group) }
    shared.scratch = context.scratch
    memory(step, run, firstRow: firstRow, head: head, &shared)
    withUnsafeTemporaryAllocation(of: attention_query.self, capacity: attentionTile) { queries in
      for (index, row) in rows.enumerated() {
        let position = run.start + row
        queries[index] = attention_query(
          query: pointer(step.query, row: firstRow + row, context) + head * group * step.query.groupStride,
          output: pointer(step.output, row: firstRow + row, context) + head * group * step.output.groupStride,
          firstVisible: step.mask.firstVisible(from: position), lastVisible: position)
      }
      attentionKernels.attention_rows(&shared, queries.baseAddress!, rows.count)
    }
  }

  // MARK: The unfused pieces, for observation

  /// Calls `body` for each row of each run that falls to this thread.
  private func forEachRow(
    _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext, _ body: (Run, Int, Int) -> Void
  ) {
    share(tokenCount, by: 1, isStatic: false, counter, context) { range in
      for row in range {
        let run = runs[rowRun[row]]
        body(run, row - (rowPosition[row] - run.start), row)
      }
    }
  }

  func scores(_ step: AttentionStep, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext) {
    forEachRow(counter, context) { run, firstRow, row in
      var shape = Self.attentionShape(step, program)
      let group = shape.groupHeads
      shape.scratch = context.scratch
      shape.lastVisible = run.start + row - firstRow
      shape.firstVisible = step.mask.firstVisible(from: shape.lastVisible)
      for head in 0..<step.keys.heads {
        memory(step, run, firstRow: firstRow, head: head, &shape)
        shape.query = UnsafePointer(pointer(step.query, row: row, context) + head * group * step.query.groupStride)
        for member in 0..<group {
          let out = pointer(step.output, row: row, context) + (head * group + member) * step.output.groupStride
          attentionKernels.attention_scores(&shape, member, 0, run.start + run.count, out)
        }
      }
    }
  }

  func pattern(
    _ scores: Operand, _ sinks: Operand?, _ output: Operand, _ counter: UnsafeMutablePointer<Counter>,
    _ context: ThreadContext
  ) {
    forEachRow(counter, context) { run, _, row in
      let count = run.start + run.count
      for head in 0..<scores.groups {
        let x = pointer(scores, row: row, context) + head * scores.groupStride
        let out = pointer(output, row: row, context) + head * output.groupStride
        if let sinks {
          rowKernels.softmax_sink(x, pointer(sinks, row: 0, context)[head], count, out)
        } else {
          rowKernels.softmax(x, count, out)
        }
      }
    }
  }

  func mix(_ step: AttentionStep, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext) {
    guard let pattern = step.pattern else { return }
    forEachRow(counter, context) { run, firstRow, row in
      var shape = Self.attentionShape(step, program)
      shape.scratch = context.scratch
      shape.lastVisible = run.start + row - firstRow
      let group = max(1, pattern.groups / step.values.heads)
      let end = step.values.chunk == nil ? shape.lastVisible + 1 : run.start
      let first = max(0, end - states.layout(step.values.state).rows)
      for head in 0..<step.values.heads {
        memory(step, run, firstRow: firstRow, head: head, &shape)
        for member in head * group..<(head + 1) * group {
          let weights = pointer(pattern, row: row, context) + member * pattern.groupStride
          let out = pointer(step.output, row: row, context) + member * step.output.groupStride
          attentionKernels.attention_mix(&shape, weights + first, first, shape.lastVisible + 1 - first, out)
        }
      }
    }
  }
}
