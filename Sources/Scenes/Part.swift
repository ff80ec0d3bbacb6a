import GraphIR
import TensorCore

/// A run of a value's columns that is drawn as a later view of them: a fused projection's queries, one head beside
/// the other.
struct Part: Hashable {
  /// The view that is drawn; the value itself where it is drawn whole.
  let node: Int
  /// Columns of the value.
  let columns: Range<Int>
}

/// Which nodes are drawn, and as what: a value, its parts, or not at all.
struct DrawnNodes {
  let graph: Graph
  /// Later nodes that read each node.
  let readers: [[Int]]
  private(set) var parts: [Int: [Part]] = [:]
  /// Views that a part shows or passes through on the way.
  private(set) var absorbed: Set<Int> = []

  init(_ graph: Graph) {
    self.graph = graph
    var readers = [[Int]](repeating: [], count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      for input in Set(node.inputs) { readers[input].append(index) }
    }
    self.readers = readers
    for index in graph.nodes.indices where !isView(index) && graph.nodes[index].shape.count == 2 {
      if case .weight = graph.nodes[index].op { continue }
      var passed: Set<Int> = []
      let found = split(index, 0..<(graph.nodes[index].shape[1].fixed ?? 1), passing: &passed)
      if found != [Part(node: index, columns: 0..<(graph.nodes[index].shape[1].fixed ?? 1))] {
        parts[index] = found
        absorbed.formUnion(passed)
      }
    }
  }

  /// A view has another value's cells: a slice, a shape, rows of a state, the rows that are asked for.
  func isView(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    switch node.op {
    case .reshape, .slice, .append: return true
    case .gather:
      if case .input("rows", _, _) = graph.nodes[node.inputs[0]].op { return true }
      return false
    default: return false
    }
  }

  /// The operand whose cells a view has.
  func viewed(_ index: Int) -> Int {
    graph.nodes[index].op == .gather ? graph.nodes[index].inputs[1] : graph.nodes[index].inputs[0]
  }

  private func split(_ index: Int, _ columns: Range<Int>, passing: inout Set<Int>) -> [Part] {
    let whole = [Part(node: index, columns: columns)]
    let reading = readers[index]
    if reading.isEmpty || graph.outputs.contains(where: { $0.node == index }) { return whole }
    guard graph.nodes[index].shape.count == 2 else { return whole }
    if reading.count == 1, case .reshape = graph.nodes[reading[0]].op {
      passing.insert(reading[0])
      return split(reading[0], columns, passing: &passing)
    }
    var slices: [(index: Int, range: Range<Int>)] = []
    for reader in reading {
      guard case .slice(let range) = graph.nodes[reader].op else { return whole }
      slices.append((reader, range))
    }
    slices.sort { $0.range.lowerBound < $1.range.lowerBound }
    var end = 0
    for slice in slices {
      guard slice.range.lowerBound == end else { return whole }
      end = slice.range.upperBound
    }
    guard end == columns.count else { return whole }
    return slices.flatMap { slice in
      passing.insert(slice.index)
      let start = columns.lowerBound + slice.range.lowerBound
      return split(slice.index, start..<start + slice.range.count, passing: &passing)
    }
  }
}
