import CKernels
import GraphIR
import Planning

extension Executor {
  /// Attention of one head at one position over the kept keys of slot 0, worked out again from its query.
  ///
  /// `site` is the name of the mixed value, as in `blocks.0.attn.z`; `query` are the head's numbers as the step had them.
  /// Writes the scores or, with `isPattern`, their softmax for positions `0...position` and returns what a sink takes of
  /// it. States must keep every row. Needs no team and runs beside a step that adds later positions.
  /// Returns nil where the program has no such attention.
  public func attentionRow(
    of site: String, head: Int, position: Int, query: UnsafePointer<Float>, states: StateStore, isPattern: Bool = true,
    into row: UnsafeMutableBufferPointer<Float>
  ) -> Float? {
    guard let step = attention(named: site), let out = row.baseAddress, row.count > position,
      position < states.context, head < step.query.groups
    else { return nil }
    var shape = Self.attentionShape(step, program)
    let group = shape.groupHeads
    let layout = states.layout(step.keys.state)
    precondition(!layout.isRing, "the state has forgotten rows")
    (shape.firstVisible, shape.lastVisible) = (step.mask.firstVisible(from: position), position)
    shape.memory.rows = layout.rows
    shape.memory.keys = UnsafeRawPointer(states.head(step.keys.state, slot: 0, head: head / group))
    shape.query = query
    let bytes = attention_scratch_bytes(&shape, attentionTile) + 64
    withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { scratch in
      if let base = scratch.baseAddress { shape.scratch = base }
      attentionKernels.attention_scores(&shape, 0, 0, position + 1, out)
    }
    guard isPattern else { return 0 }
    guard let sinks = step.sinks, case .constant(let index) = sinks.space else {
      rowKernels.softmax(out, position + 1, out)
      return 0
    }
    rowKernels.softmax_sink(out, (code.constants[index] + sinks.offset)[head], position + 1, out)
    return max(0, 1 - UnsafeBufferPointer(start: out, count: position + 1).reduce(0, +))
  }

  /// Numbers of one kept key `[width]` of a query head, as attention reads them; nil where there is no such attention.
  public func key(of site: String, head: Int, position: Int, states: StateStore) -> [Float]? {
    guard var step = attention(named: site), head < step.query.groups, position < states.context else { return nil }
    (step.scale, step.softcap, step.mask) = (1, nil, .causal)
    var shape = Self.attentionShape(step, program)
    shape.lastVisible = position
    shape.memory.rows = states.layout(step.keys.state).rows
    shape.memory.keys = UnsafeRawPointer(states.head(step.keys.state, slot: 0, head: head / shape.groupHeads))
    let width = step.keys.width
    let bytes = attention_scratch_bytes(&shape, attentionTile) + 64
    // A unit vector's score is the key's element.
    var unit = [Float](repeating: 0, count: width)
    var key = [Float](repeating: 0, count: width)
    withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { scratch in
      if let base = scratch.baseAddress { shape.scratch = base }
      for element in 0..<width {
        unit[element] = 1
        unit.withUnsafeBufferPointer { unit in
          if let base = unit.baseAddress { shape.query = base }
          attentionKernels.attention_scores(&shape, 0, position, 1, &key[element])
        }
        unit[element] = 0
      }
    }
    return key
  }

  private func attention(named site: String) -> AttentionStep? {
    for step in program.steps {
      guard case .tasks(let tasks) = step else { continue }
      for task in tasks {
        switch task {
        case .attention(let step) where step.name == site: return step
        default: break
        }
      }
    }
    return nil
  }
}
