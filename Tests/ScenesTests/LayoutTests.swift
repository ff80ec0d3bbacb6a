import GraphIR
import JSON
import Scenes
import TensorCore
import TestSupport
import Testing

/// Every family's graph in space: complete, without overlaps, the same each time.
@Suite(.enabled(if: TestData.isExpected, "shared test data is not here")) struct LayoutTests {
  @Test(arguments: SceneModels.families) func `every node of a family has its place`(family: String) throws {
    let graph = try SceneModels.graph(family)
    for tokens in [1, 9, 100] { try check(Scene(graph, sizes: .init(tokens: tokens))) }
    try check(Scene(graph, sizes: .init(tokens: 20, rows: 1)))
  }

  @Test(arguments: SceneModels.published) func `every node of a published model has its place`(name: String) throws {
    try check(Scene(SceneModels.published(name), sizes: .init(tokens: 12)))
  }

  private func check(_ scene: Scene) throws {
    let folded = Dictionary(grouping: scene.folded, by: \.node)
    for (index, node) in scene.graph.nodes.enumerated() {
      let own = scene.blocks(of: index).filter { scene.blocks[$0].node == index }
      #expect(own.isEmpty != (folded[index] == nil), "\(node.name)")
      #expect(folded[index].map { !$0[0].reason.isEmpty } ?? true)
      if own.isEmpty { continue }
      let cells = own.reduce(0) { $0 + Self.cells(scene.blocks[$1]) }
      #expect(cells == scene.shape(index).reduce(1, *), "\(node.name) \(scene.shape(index)) has \(cells) cells")
    }
    let overlap = Self.overlap(scene)
    #expect(overlap == nil, "\(overlap.map { "\(scene.blocks[$0.0].name) and \(scene.blocks[$0.1].name)" } ?? "")")
    #expect(Scene(scene.graph, sizes: scene.sizes).blocks == scene.blocks)
    for wire in scene.wires { #expect(scene.blocks[wire.from].order < scene.blocks[wire.to].order) }
  }

  /// Cells of all copies, found by both directions of the block's index map at the corners.
  static func cells(_ block: Block) -> Int {
    var total = 0
    for copy in 0..<(block.fan?.count ?? 1) {
      var (rows, columns) = (block.rows.count, block.columns.count)
      while rows > 0, block.index(copy: copy, row: rows - 1, column: 0) == nil { rows -= 1 }
      while columns > 0, block.index(copy: copy, row: 0, column: columns - 1) == nil { columns -= 1 }
      for (row, column) in [(0, 0), (rows - 1, columns - 1)] {
        guard let index = block.index(copy: copy, row: row, column: column), let cell = block.cell(index) else {
          return -1
        }
        if cell != (copy, row, column) { return -1 }
      }
      total += rows * columns
    }
    return total
  }

  /// Two blocks of which copies meet in space.
  static func overlap(_ scene: Scene) -> (Int, Int)? {
    struct Box { let block: Int, x: ClosedRange<Double>, y: ClosedRange<Double>, z: Double }
    var boxes: [Box] = []
    for block in scene.blocks {
      for copy in 0..<(block.fan?.count ?? 1) {
        let step = block.fan?.step ?? Point(0, 0, 0)
        let (x, y) = (block.origin.x + step.x * Double(copy), block.origin.y + step.y * Double(copy))
        boxes.append(
          Box(
            block: block.id, x: x...x + Double(block.columns.count), y: y...y + Double(block.rows.count),
            z: block.origin.z + step.z * Double(copy)))
      }
    }
    boxes.sort { $0.y.lowerBound < $1.y.lowerBound }
    // No two blocks meet in front view, save copies of one that lie behind one another.
    for (place, box) in boxes.enumerated() {
      for other in boxes[(place + 1)...] {
        if other.y.lowerBound >= box.y.upperBound { break }
        if other.x.lowerBound < box.x.upperBound, box.x.lowerBound < other.x.upperBound,
          box.block != other.block || box.z == other.z
        {
          return (box.block, other.block)
        }
      }
    }
    return nil
  }

  @Test func `the spine runs down and attention hangs left of it`() throws {
    let scene = Scene(try SceneModels.graph("llama"), sizes: .init(tokens: 9))
    func block(_ name: String) throws -> Block {
      let node = try #require(scene.graph.node(named: name))
      return scene.blocks[try #require(scene.blocks(of: node).first)]
    }
    let stream = try ["embed", "blocks.0.resid_mid", "blocks.0.resid_post", "blocks.1.resid_mid", "logits"].map(block)
    #expect(stream.map(\.origin.y) == stream.map(\.origin.y).sorted())
    let spine = stream[0]
    for name in ["blk.0.attn_q.weight", "blocks.0.attn.rot_q", "blocks.1.attn.pattern", "blocks.0.attn.v"] {
      let part = try block(name)
      let width = Double((part.fan?.count ?? 1) - 1) * (part.fan?.step.x ?? 0) + Double(part.columns.count)
      #expect(part.origin.x + width < spine.origin.x, "\(name)")
      #expect(part.part == .attention)
    }
    #expect(try block("blocks.0.attn.pattern").fan?.count == 4)
    for name in ["blk.0.ffn_up.weight", "blocks.0.mlp.post", "blk.1.ffn_down.weight"] {
      #expect(try block(name).origin.x > spine.origin.x + Double(spine.columns.count), "\(name)")
    }
    let experts = Scene(try SceneModels.graph("mixtral"), sizes: .init(tokens: 9))
    let bank = try #require(experts.blocks.first { $0.name == "blk.0.ffn_gate_exps.weight" })
    #expect(bank.part == .experts)
    #expect(bank.fan.map { $0.step.z < 0 && $0.step.x == 0 } == true)
  }

  @Test func `a fused projection is drawn as its parts`() throws {
    let scene = Scene(try SceneModels.graph("gpt2"), sizes: .init(tokens: 5))
    let weights = scene.blocks.filter { $0.name == "blk.0.attn_qkv.weight" }
    #expect(weights.map(\.columns.first) == [0, 64, 128])
    let fused = try #require(scene.graph.node(named: "blocks.0.attn.qkv"))
    let key = try #require(scene.graph.node(named: "blocks.0.attn.k"))
    let cell = try #require(scene.drawn(fused, [3, 64 + 35]))
    #expect(cell.node == key)
    #expect(cell.index == [3, 2, 3])
  }

  @Test func `the JSON holds every block`() throws {
    let scene = Scene(try SceneModels.graph("gpt2"), sizes: .init(tokens: 5))
    let json = try JSON(parsing: [UInt8](scene.json.text().utf8))
    #expect(json["blocks"]?.array?.count == scene.blocks.count)
    #expect(json["blocks"]?.array?[3]["name"]?.string == scene.blocks[3].name)
    #expect(json["wires"]?.array?.count == scene.wires.count * 2)
  }
}
