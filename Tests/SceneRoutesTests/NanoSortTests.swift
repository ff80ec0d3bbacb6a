import Checkpoints
import Conversion
import Foundation
import Generation
import GraphIR
import Kernels
import Quantization
import Scenes
import Serving
import TensorCore
import TestSupport
import Testing

/// What the anatomy shows of llm-viz's sorting model.
@Suite(.enabled(if: TestData.isExpected)) struct NanoSortTests {
  /// Our name, theirs, and whether theirs has heads outermost.
  static let names: [(ours: String, theirs: String, isPerHead: Bool)] = [
    ("embed", "tok_emb", false), ("blocks.0.resid_pre", "x", false), ("blocks.0.ln1.normalized", "ln1", false),
    ("blocks.0.attn.qkv", "qkv", false), ("blocks.0.attn.q", "q", true), ("blocks.0.attn.k", "k", true),
    ("blocks.0.attn.v", "v", true), ("blocks.0.attn.scores", "att", true), ("blocks.0.attn.pattern", "attSm", true),
    ("blocks.0.attn.z", "y", false), ("blocks.0.attn_out", "yProj", false), ("blocks.0.resid_mid", "attnResid", false),
    ("blocks.0.ln2.normalized", "ln2", false), ("blocks.0.mlp.pre", "fc", false), ("blocks.0.mlp.post", "gelu", false),
    ("blocks.0.mlp_out", "mlp", false), ("blocks.0.resid_post", "mlpResid", false),
    ("blocks.1.resid_post", "block1", false), ("blocks.2.resid_post", "block2", false),
    ("ln_final.normalized", "ln_f", false), ("logits", "lm_head", false),
  ]

  @Test(arguments: [SceneRun.standardBudget, 1024])
  func `every cell is llm-viz's intermediate`(budget: Int) throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try MinGPT(JSONTensors(path: TestData.url("nano-sort/gpt-nano-sort-model.json").path)).write(folder: folder.path)
    var options = ModelOptions()
    (options.arithmetic, options.cacheFormat) = (.float32, .f32)
    let app = AppModel(folder: ModelFolder(path: folder.path), options: options)
    try app.load(app.add(path: folder.path))
    let partials = try JSONTensors(path: TestData.url("nano-sort/gpt-nano-sort-t0-partials.json").path)
    for input in 0..<3 {
      let tokens = try partials.tensor("idx").floats(rows: input..<input + 1).map { Int32($0) }
      let cells = try app.sceneCells(tokens, budget: budget)
      for name in Self.names {
        let node = try #require(cells.scene.graph.node(named: name.ours))
        let shape = cells.scene.shape(node)
        let all = Cells(node: node, lower: shape.map { _ in 0 }, count: shape)
        let shown = try #require(cells.read(all), "\(name.ours)")
        let expected = try Self.expected(name.theirs, input, isPerHead: name.isPerHead, partials)
        #expect(shown.count == expected.count, "\(name.ours)")
        let worst = zip(shown, expected).reduce(0.0) { largest, pair in
          pair.0 == Double(pair.1) ? largest : max(largest, abs(pair.0 - Double(pair.1)))
        }
        #expect(worst < 1e-5, "\(name.ours)")
        #expect(!cells.scene.places(of: all).isEmpty, "\(name.ours)")
      }
    }
  }

  private static func expected(
    _ name: String, _ input: Int, isPerHead: Bool, _ partials: JSONTensors
  ) throws -> [Float] {
    let tensor = try partials.tensor(name)
    let count = tensor.elementCount / 3
    let values = Array(tensor.floats()[input * count..<(input + 1) * count])
    guard isPerHead else { return values }
    let (heads, tokens, width) = (tensor.shape[1], tensor.shape[2], tensor.shape[3])
    return (0..<tokens).flatMap { token in
      (0..<heads).flatMap { head in
        let start = (head * tokens + token) * width
        return values[start..<start + width]
      }
    }
  }
}
