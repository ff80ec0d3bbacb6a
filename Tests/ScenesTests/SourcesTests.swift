import GraphIR
import Reference
import Scenes
import TestSupport
import Testing

/// A cell recomputed from exactly the cells that the index map names has the value that `Reference` gives.
@Suite(.enabled(if: TestData.isExpected, "shared test data is not here")) struct SourcesTests {
  @Test func `every cell of nano-sort comes from the cells it names`() throws {
    try check(SceneModels.nanoSort(), every: 1)
  }

  @Test(arguments: SceneModels.families) func `cells of a family come from the cells they name`(family: String) throws {
    try check(SceneModels.run(family), every: ["llama", "gpt2"].contains(family) ? 1 : 37)
  }

  private func check(_ run: SceneModels.Run, every step: Int) throws {
    let tokens = run.values["tokens"]?.values.count ?? 1
    let scene = Scene(run.graph, sizes: .init(tokens: tokens))
    var checked: Set<String> = []
    for (index, node) in run.graph.nodes.enumerated() {
      guard let value = run.values[node.name], !scene.graph.nodes[index].inputs.isEmpty else { continue }
      for flat in stride(from: 0, to: value.values.count, by: step) {
        let place = Self.index(flat, value.shape)
        let found = try #require(
          scene.explanation(of: index, at: place, context: run.context, read: run.read), "\(node.name) \(place)")
        let expected = value.values[flat]
        let isEqual = found.value == expected || abs(found.value - expected) <= 1e-9 * max(1, abs(expected))
        if !isEqual {
          Issue.record("\(node.name) \(place): \(found.value), Reference says \(expected)")
          return
        }
        if flat == 0 {
          #expect(!found.words.isEmpty && !found.symbols.isEmpty && !found.numbers.isEmpty)
          try checkPlaces(scene, found.sources)
        }
      }
      checked.insert(node.op.mnemonic)
    }
    #expect(checked.count > 5)
  }

  /// Every cell of a source is on a block.
  private func checkPlaces(_ scene: Scene, _ sources: Sources) throws {
    for cells in sources.operands.joined() where cells.size > 0 {
      if case .input(let name, _, _) = scene.graph.nodes[cells.node].op, name != "tokens" { continue }
      let places = scene.places(of: cells, limit: .max)
      #expect(places.reduce(0) { $0 + $1.rows * $1.columns } == cells.size, "\(scene.graph.nodes[cells.node].name)")
    }
  }

  private static func index(_ flat: Int, _ shape: [Int]) -> [Int] {
    var (rest, result) = (flat, [Int](repeating: 0, count: shape.count))
    for dimension in shape.indices.reversed() {
      result[dimension] = rest % shape[dimension]
      rest /= shape[dimension]
    }
    return result
  }

  @Test func `numbers have four digits`() {
    let cases: [(Double, String)] = [
      (0, "0"), (1, "1"), (-3, "−3"), (0.5, "0.5000"), (12.3456, "12.35"), (-0.000123456, "−0.0001235"),
      (123456.7, "1.235e5"), (0.00001234, "1.234e-5"), (.infinity, "∞"), (.nan, "NaN"), (1234.56, "1235"),
    ]
    for (value, expected) in cases { #expect(Explanation.text(value) == expected) }
  }
}
