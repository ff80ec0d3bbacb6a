import GraphIR
import Planning
import TensorCore

extension TrainingPlanner {
  /// Gives every value of the arena its place by lifetime, and finds what the loss needs.
  mutating func finish() {
    for view in plan.taps.values.map(\.view) + [plan.loss] { plan.regions[view.region].isPinned = true }
    markForLoss()
    findPhases()
    place()
    plan.scratchWords = plan.entries.map(\.step.scratchWords).max() ?? 0
    limit()
  }

  private mutating func place() {
    let end = (plan.entries.last?.phase ?? 0) + 1
    var first = [Int](repeating: end, count: plan.regions.count)
    var last = [Int](repeating: -1, count: plan.regions.count)
    for entry in plan.entries {
      for view in entry.step.writes { first[view.region] = min(first[view.region], entry.phase) }
      for view in entry.step.reads + entry.step.writes { last[view.region] = max(last[view.region], entry.phase) }
    }
    for view in Array(plan.inputs.values) + Array(plan.integers.values) { first[view.region] = 0 }
    var arena = ArenaPlan()
    let inArena = plan.regions.indices.filter { plan.regions[$0].space == .arena }
    for region in inArena.sorted(by: { (plan.regions[$1].words, $0) < (plan.regions[$0].words, $1) }) {
      let words = (plan.regions[region].words + ParameterLayout.alignment - 1) / ParameterLayout.alignment
      let until = plan.regions[region].isPinned ? end : max(first[region], last[region])
      plan.regions[region].offset = arena.place(
        words: words * ParameterLayout.alignment, steps: min(first[region], until)...until)
      plan.valueWords += words * ParameterLayout.alignment
    }
    plan.arenaWords = arena.words
  }

  /// Steps join the phase before them where they need nothing of it; packing may go one phase further ahead.
  private mutating func findPhases() {
    var written = [Int](repeating: -1, count: plan.regions.count)
    var read = written
    var current = 0
    for index in plan.entries.indices {
      let step = plan.entries[index].step
      var earliest = step is PackStep ? max(0, current - 1) : current
      for view in step.reads { earliest = max(earliest, written[view.region] + 1) }
      for view in step.writes {
        earliest = max(earliest, written[view.region] + 1, read[view.region] + 1)
      }
      plan.entries[index].phase = earliest
      current = max(current, earliest)
      for view in step.reads { read[view.region] = max(read[view.region], earliest) }
      for view in step.writes { written[view.region] = max(written[view.region], earliest) }
    }
    let order = plan.entries.indices.sorted { (plan.entries[$0].phase, $0) < (plan.entries[$1].phase, $1) }
    plan.entries = order.map { plan.entries[$0] }
    plan.phases = Dictionary(grouping: plan.entries.indices) { plan.entries[$0].phase }
      .sorted { $0.key < $1.key }.map { $0.value[0]..<$0.value[0] + $0.value.count }
  }

  private mutating func markForLoss() {
    var needed: Set<Int> = [plan.loss.region]
    for index in plan.entries.indices.reversed() {
      let step = plan.entries[index].step
      guard step.writes.contains(where: { needed.contains($0.region) }) else { continue }
      plan.entries[index].isForLoss = true
      needed.formUnion(step.reads.map(\.region))
    }
  }

  /// Counts that the batch's indices must stay below.
  private mutating func limit() {
    func inputName(_ node: Int) -> String? {
      if case .input(let name, _, _) = graph.nodes[node].op { name } else { nil }
    }
    plan.vocabulary = min(plan.vocabulary, graph.leastRows(chosenBy: "tokens") ?? plan.vocabulary)
    plan.context = min(plan.context, graph.leastRows(chosenBy: "positions") ?? plan.context)
    for (index, node) in graph.nodes.enumerated() where live[index] {
      switch node.op {
      case .training(.crossEntropy) where inputName(node.inputs[1]) == "targets":
        plan.classes = min(plan.classes, shape(node.inputs[0])[1].fixed ?? 1)
      default: break
      }
    }
  }
}
