import GraphIR
import Kernels
import TensorCore

extension Lowering {
  /// Items of the operations that see other rows.
  mutating func mixing(_ node: Node) throws -> Result {
    switch node.op {
    case .append(let state): return .state(try append(node, state))
    case .attentionScores(let scale, let softcap, let mask):
      let part = try statePart(node.inputs[1])
      return .view(try scores(node, part, scale: scale, softcap: softcap, mask: mask))
    case .attentionPattern: return .view(try pattern(node))
    case .attentionMix: return .view(try mix(node))
    case .shortConvolution(let state): return .view(try convolution(node, state))
    case .recurrence(let rule, let state): return .view(try recurrence(node, rule, state))
    default: preconditionFailure("\(node.op.mnemonic) mixes no rows")
    }
  }

  private mutating func state(_ state: State) -> Int {
    program.states.append(state)
    return program.states.count - 1
  }

  private func statePart(_ node: Int) throws -> StatePart {
    guard case .state(let part) = results[node] else {
      throw PlanError(name: graph.nodes[node].name, reason: "is no kept state")
    }
    return part
  }

  /// A mask must not see more rows than the state keeps.
  private func check(_ mask: AttentionMask, _ part: StatePart, name: String) throws {
    guard case .keyValue(_, _, _, .last(let kept)) = program.states[part.state] else { return }
    let seen =
      switch mask {
      case .causal: options.context
      case .window(let count), .chunk(let count): min(count, options.context)
      }
    if seen > kept { throw PlanError(name: name, reason: "sees \(seen) rows of a state that keeps \(kept)") }
  }

  private mutating func append(_ node: Node, _ state: State) throws -> StatePart {
    let index = self.state(state)
    let (heads, width) =
      switch state {
      case .keyValue(_, let heads, let width, _): (heads, width)
      default: (1, state.rowWidth)
      }
    guard let input = try view(node.inputs[0]).reshaped([heads, width]) else {
      throw PlanError(name: node.name, reason: "rows for a state must be contiguous")
    }
    var part = StatePart(state: index, offset: 0, width: width, heads: heads, item: items.count, chunk: nil)
    var chunkView: View?
    if case .keyValue(_, _, _, .last) = state, capacity > 1 {
      let words = (State.rowBytes(width, headWidth: width, format: options.cacheFormat) + 3) / 4
      values.append(
        PlannedValue(
          domain: .tokens, rowWords: words, totalWords: heads * words * capacity, producer: items.count))
      part.chunk = values.count - 1
      chunkView = View(root: values.count - 1, groups: heads, width: words)
    }
    items.append(
      Item(
        work: .row(.append(state: index, chunk: nil)), domain: .tokens, inputs: [.view(input)], output: chunkView,
        name: node.name))
    return part
  }

  /// Notes that `item` reads a ring and this step's own rows beside it.
  private mutating func read(_ parts: [StatePart], by item: Int) {
    for part in parts where part.chunk != nil { ringReaders[part.state, default: (part, [])].items.append(item) }
  }

  /// Moves each ring's new rows from their chunk into the ring, once everything has read both.
  mutating func commitRings() {
    for (state, (part, readers)) in ringReaders.sorted(by: { $0.key < $1.key }) {
      guard let chunk = part.chunk else { continue }
      let view = View(root: chunk, groups: part.heads, width: values[chunk].rowWords)
      items.append(
        Item(
          work: .row(.commit(state: state)), domain: .tokens, inputs: [.view(view)], after: readers,
          crossRow: [chunk], output: nil, name: "\(program.states[state].name).commit"))
    }
  }

  private func stateView(_ part: StatePart, _ place: Placement) -> StateView {
    var chunk = part.chunk.map { place(View(root: $0, groups: part.heads, width: values[$0].rowWords)) }
    if let words = chunk?.width {
      chunk?.rowStride = words
      chunk?.groupStride = words * capacity
    }
    return StateView(state: part.state, offset: part.offset, width: part.width, heads: part.heads, chunk: chunk)
  }

  /// The whole of attention in one task, where nothing else looks at scores or pattern.
  private mutating func mix(_ node: Node) throws -> View {
    let values = try statePart(node.inputs[1])
    let output = value(.tokens, sizes(node.shape), producer: items.count)
    guard case .fused = results[node.inputs[0]] else {
      let pattern = try view(node.inputs[0])
      let item = items.count
      task(
        reads: [pattern.root] + [values.chunk].compactMap(\.self), after: [values.item], output: output,
        domain: .tokens, name: node.name
      ) { [self] place in
        let view = stateView(values, place)
        return .mix(
          AttentionStep(
            query: place(pattern), keys: view, values: view, scale: 1, mask: .causal, pattern: place(pattern),
            output: place(output), name: node.name))
      }
      read([values], by: item)
      return output
    }
    let pattern = graph.nodes[node.inputs[0]]
    let scores = graph.nodes[pattern.inputs[0]]
    guard case .attentionScores(let scale, let softcap, let mask) = scores.op else {
      throw PlanError(name: node.name, reason: "mixes by a pattern without scores")
    }
    let query = try view(scores.inputs[0])
    let keys = try statePart(scores.inputs[1])
    try check(mask, keys, name: scores.name)
    let sinks = try sinkOperand(pattern)
    program.keyStates.insert(keys.state)
    let item = items.count
    task(
      reads: [query.root] + [keys.chunk, values.chunk].compactMap(\.self), after: [keys.item, values.item],
      output: output, domain: .tokens, name: node.name
    ) { [self] place in
      .attention(
        AttentionStep(
          query: place(query), keys: stateView(keys, place), values: stateView(values, place), sinks: sinks,
          scale: scale, softcap: softcap, mask: mask, pattern: nil, output: place(output), name: node.name))
    }
    read(keys.state == values.state ? [keys] : [keys, values], by: item)
    return output
  }

  private mutating func sinkOperand(_ pattern: Node) throws -> Operand? {
    guard pattern.inputs.count > 1, case .weight(let name, let sizes) = results[pattern.inputs[1]] else { return nil }
    return try constant(name, sizes)
  }

  private mutating func scores(
    _ node: Node, _ keys: StatePart, scale: Float, softcap: Float?, mask: AttentionMask
  ) throws -> View {
    try check(mask, keys, name: node.name)
    program.keyStates.insert(keys.state)
    let query = try view(node.inputs[0])
    let output = value(.tokens, sizes(node.shape), producer: items.count)
    let item = items.count
    task(
      reads: [query.root] + [keys.chunk].compactMap(\.self), after: [keys.item], output: output, domain: .tokens,
      name: node.name
    ) { [self] place in
      let view = stateView(keys, place)
      return .scores(
        AttentionStep(
          query: place(query), keys: view, values: view, scale: scale, softcap: softcap, mask: mask, pattern: nil,
          output: place(output), name: node.name))
    }
    read([keys], by: item)
    return output
  }

  private mutating func pattern(_ node: Node) throws -> View {
    let scores = try view(node.inputs[0])
    let sinks = try sinkOperand(node)
    let output = value(.tokens, sizes(node.shape), producer: items.count)
    task(reads: [scores.root], output: output, domain: .tokens, name: node.name) { place in
      .pattern(scores: place(scores), sinks: sinks, output: place(output))
    }
    return output
  }

  private mutating func convolution(_ node: Node, _ state: State) throws -> View {
    guard case .convolution(_, _, let taps) = state,
      case .constant(let weight) = try source(node.inputs[1])
    else { throw PlanError(name: node.name, reason: "a convolution wants a stored weight") }
    let index = self.state(state)
    let input = try view(node.inputs[0])
    var bias: Operand?
    if node.inputs.count > 2, case .constant(let operand) = try source(node.inputs[2]) { bias = operand }
    let output = value(.tokens, sizes(node.shape), producer: items.count)
    task(reads: [input.root], output: output, domain: .tokens, name: node.name) { place in
      .convolution(
        state: index, input: place(input), weight: weight, bias: bias, taps: taps, output: place(output))
    }
    return output
  }

  private mutating func recurrence(_ node: Node, _ rule: RecurrenceRule, _ state: State) throws -> View {
    let index = self.state(state)
    let operands = try node.inputs.map { input throws in try view(input) }
    let output = value(.tokens, sizes(node.shape), producer: items.count)
    task(reads: operands.map(\.root), output: output, domain: .tokens, name: node.name) { place in
      .recurrence(
        RecurrenceStep(
          rule: rule, state: index, query: place(operands[0]), keys: place(operands[1]), values: place(operands[2]),
          decay: place(operands[3]), rate: operands.count > 4 ? place(operands[4]) : nil, output: place(output),
          name: node.name))
    }
    return output
  }
}
