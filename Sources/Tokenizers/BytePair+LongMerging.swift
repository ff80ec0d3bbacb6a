extension BytePair {
  /// Merges by a heap over a linked list: n log n, for texts that no splitter cut.
  func mergeLong(_ base: UnsafePointer<UInt8>, _ vocabulary: Vocabulary, _ buffers: inout BytePairBuffers) {
    let count = buffers.symbols.count
    for index in 0..<count {
      buffers.symbols[index].previous = Int32(index - 1)
      buffers.symbols[index].next = index + 1 < count ? Int32(index + 1) : -1
    }
    buffers.heap.removeAll(keepingCapacity: true)
    for index in 0..<Int32(count - 1) { offer(index, base, vocabulary, &buffers) }
    while let best = pop(&buffers.heap) {
      let left = Int(best.left)
      let next = buffers.symbols[left].next
      guard buffers.symbols[left].end == best.middle, next >= 0, buffers.symbols[Int(next)].end == best.end,
        buffers.symbols[left].start < best.middle
      else { continue }
      buffers.log?.merges.append(
        .init(
          rank: best.rank, left: buffers.symbols[left].start, middle: best.middle, end: best.end, id: best.id))
      buffers.symbols[left].end = best.end
      buffers.symbols[left].id = best.id
      let after = buffers.symbols[Int(next)].next
      buffers.symbols[left].next = after
      buffers.symbols[Int(next)].start = best.end
      if after >= 0 {
        buffers.symbols[Int(after)].previous = best.left
        offer(best.left, base, vocabulary, &buffers)
      }
      let previous = buffers.symbols[left].previous
      if previous >= 0 { offer(previous, base, vocabulary, &buffers) }
    }
  }

  /// Adds the merge of a symbol with its next one, if there is one.
  private func offer(
    _ left: Int32, _ base: UnsafePointer<UInt8>, _ vocabulary: Vocabulary, _ buffers: inout BytePairBuffers
  ) {
    let symbol = buffers.symbols[Int(left)]
    guard symbol.next >= 0 else { return }
    let right = buffers.symbols[Int(symbol.next)]
    let merge = candidate(symbol, right, base, vocabulary)
    guard merge.id >= 0 else { return }
    note(merge.id, symbol.end - symbol.start, &buffers)
    push(.init(rank: merge.rank, left: left, middle: symbol.end, end: right.end, id: merge.id), &buffers.heap)
  }

  private func push(_ candidate: BytePairBuffers.Candidate, _ heap: inout [BytePairBuffers.Candidate]) {
    heap.append(candidate)
    var index = heap.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      if !BytePairBuffers.Candidate.precedes(candidate, heap[parent]) { break }
      heap[index] = heap[parent]
      index = parent
    }
    heap[index] = candidate
  }

  private func pop(_ heap: inout [BytePairBuffers.Candidate]) -> BytePairBuffers.Candidate? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    let count = heap.count
    if count == 0 { return first }
    var index = 0
    while true {
      var child = index * 2 + 1
      if child >= count { break }
      if child + 1 < count, BytePairBuffers.Candidate.precedes(heap[child + 1], heap[child]) { child += 1 }
      if !BytePairBuffers.Candidate.precedes(heap[child], last) { break }
      heap[index] = heap[child]
      index = child
    }
    heap[index] = last
    return first
  }
}
