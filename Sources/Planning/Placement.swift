import GraphIR

/// Where each value lies once steps and lifetimes are known.
struct Placement {
  var offsets: [Int]
  var spaces: [Operand.Space]
  var rowWords: [Int]

  func offset(_ value: Int) -> Int { offsets[value] }

  /// A tile has the columns of one piece, so its rows' distance is known once the program runs.
  func callAsFunction(_ view: View) -> Operand {
    let isTile = spaces[view.root] == .tile
    return Operand(
      space: spaces[view.root], offset: offsets[view.root] + view.offset, rowStride: isTile ? 0 : rowWords[view.root],
      groups: view.groups, groupStride: view.groupStride, width: view.width)
  }

  func callAsFunction(_ source: Source) -> Operand {
    switch source {
    case .view(let view): self(view)
    case .constant(let operand): operand
    }
  }
}

/// Gives each item a step: row work as early as it can go, then all tasks that are ready, and so on.
struct Schedule {
  struct Step {
    /// The rows that it runs over; nil for tasks.
    var domain: Domain?
    /// In order; a cluster is there once, by its first product.
    var items: [Int]
    /// Row operations before tasks that every thread does for itself.
    var own: [Int] = []
  }
  var steps: [Step] = []
  var stepOf: [Int]
  private let clusters: [Cluster]

  init(_ items: [Item], values: [PlannedValue], clusters: [Cluster]) {
    self.clusters = clusters
    stepOf = [Int](repeating: -1, count: items.count)
    var remaining = Array(items.indices)
    while !remaining.isEmpty {
      let before = remaining.count
      for domain in [Domain.tokens, .rows] {
        take(&remaining, items, values, domain: domain)
      }
      take(&remaining, items, values, domain: nil)
      precondition(remaining.count < before, "items wait for one another")
    }
  }

  /// Takes what is ready into a new step: rows of a domain, or with nil tasks.
  private mutating func take(
    _ remaining: inout [Int], _ items: [Item], _ values: [PlannedValue], domain: Domain?
  ) {
    let step = steps.count
    var taken: [Int] = []
    for index in remaining {
      let item = items[index]
      if let cluster = item.cluster {
        guard domain == nil, clusters[cluster].head == index else { continue }
        let all = clusters[cluster].items
        guard all.allSatisfy({ isReady(items[$0], step: step, sharesStep: false, items, values) }) else { continue }
        for index in all { stepOf[index] = step }
        taken.append(index)
        continue
      }
      switch (item.work, domain) {
      case (.row, .some(let domain)) where item.domain == domain: break
      case (.task, .none): break
      default: continue
      }
      if isReady(item, step: step, sharesStep: domain != nil, items, values) {
        stepOf[index] = step
        taken.append(index)
      }
    }
    if taken.isEmpty { return }
    steps.append(Step(domain: domain, items: taken))
    remaining.removeAll { stepOf[$0] >= 0 }
  }

  private func isReady(
    _ item: Item, step: Int, sharesStep: Bool, _ items: [Item], _ values: [PlannedValue]
  ) -> Bool {
    func isDone(_ producer: Int, mayShare: Bool) -> Bool {
      if let cluster = item.cluster, items[producer].cluster == cluster { return true }
      let at = stepOf[producer]
      return at >= 0 && (at < step || mayShare)
    }
    for source in item.inputs {
      guard let root = source.root, let producer = values[root].producer else { continue }
      if !isDone(producer, mayShare: sharesStep && !item.crossRow.contains(root)) { return false }
    }
    for root in item.reads {
      guard let producer = values[root].producer else { continue }
      if !isDone(producer, mayShare: false) { return false }
    }
    return item.after.allSatisfy { isDone($0, mayShare: false) }
  }
}

extension Schedule {
  /// Joins rows to the tasks after them where every thread may as well do them itself: nothing else reads their results.
  mutating func shareRows(_ items: [Item], values: [PlannedValue]) {
    var readers = [Int: [Int]]()
    for (index, item) in items.enumerated() { for root in item.roots { readers[root, default: []].append(index) } }
    var kept: [Step] = []
    for (at, step) in steps.enumerated() {
      var step = step
      if let rows = kept.last, step.domain == nil, rows.domain == .tokens,
        rows.items.allSatisfy({ isOwn($0, before: at, items, values, readers) })
      {
        step.own = kept.removeLast().items
      }
      kept.append(step)
    }
    steps = kept
    for (at, step) in steps.enumerated() {
      for index in step.own { stepOf[index] = at }
      for index in step.items {
        for member in items[index].cluster.map({ clusters[$0].items }) ?? [index] { stepOf[member] = at }
      }
    }
  }

  /// Whether only products of step `next`, or rows before them, read the result of a row operation that touches no state.
  private func isOwn(
    _ index: Int, before next: Int, _ items: [Item], _ values: [PlannedValue], _ readers: [Int: [Int]]
  ) -> Bool {
    guard let root = items[index].output?.root, !values[root].isPinned, values[root].totalWords == nil else {
      return false
    }
    if case .row(.append) = items[index].work { return false }
    return (readers[root] ?? []).allSatisfy { reader in
      if stepOf[reader] == stepOf[index] { return true }
      if case .product = items[reader].work { return stepOf[reader] == next }
      return false
    }
  }
}
