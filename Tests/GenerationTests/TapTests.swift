import Checkpoints
import Conversion
import Foundation
import Generation
import Kernels
import Quantization
import Runtime
import TensorCore
import TestSupport
import Testing

/// Every intermediate of llm-viz's sorting model, kept by a planned program, in one step and token by token.
@Suite(.enabled(if: TestData.isExpected)) struct TapTests {
  /// Our name, theirs, and whether theirs has heads outermost.
  static let names: [(ours: String, theirs: String, isPerHead: Bool)] = [
    ("embed", "tok_emb", false), ("blocks.0.resid_pre", "x", false), ("blocks.0.ln1.normalized", "ln1", false),
    ("blocks.0.attn.qkv", "qkv", false), ("blocks.0.attn.q", "q", true), ("blocks.0.attn.k", "k", true),
    ("blocks.0.attn.v", "v", true), ("blocks.0.attn.scores", "att", true), ("blocks.0.attn.pattern", "attSm", true),
    ("blocks.0.attn.z", "y", false), ("blocks.0.attn_out", "yProj", false), ("blocks.0.resid_mid", "attnResid", false),
    ("blocks.0.ln2.normalized", "ln2", false), ("blocks.0.mlp.pre", "fc", false),
    ("blocks.0.mlp.post", "gelu", false), ("blocks.0.mlp_out", "mlp", false),
    ("blocks.0.resid_post", "mlpResid", false), ("blocks.1.resid_pre", "block0", false),
    ("blocks.1.resid_post", "block1", false), ("blocks.2.resid_post", "block2", false),
    ("ln_final.normalized", "ln_f", false), ("logits", "lm_head", false),
  ]

  @Test func `a program's taps equal llm-viz's values`() throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try MinGPT(JSONTensors(path: TestData.url("nano-sort/gpt-nano-sort-model.json").path)).write(folder: folder.path)
    var options = ModelOptions()
    (options.arithmetic, options.cacheFormat, options.threads) = (.float32, .f32, 2)
    options.taps = Set(Self.names.map(\.ours))
    let model = try LanguageModel(path: folder.path, options: options)
    let partials = try JSONTensors(path: TestData.url("nano-sort/gpt-nano-sort-t0-partials.json").path)
    for input in 0..<3 {
      let tokens = try partials.tensor("idx").floats(rows: input..<input + 1).map { Int32($0) }
      let session = try model.session()
      try session.step(tokens, rows: .all) { executor, _ in
        for name in Self.names {
          let value = try #require(executor.tap(name.ours))
          let expected = try Self.expected(name.theirs, input, isPerHead: name.isPerHead, partials)
          #expect(Self.largestDifference(value.values, expected) < 1e-5, "\(name.ours)")
        }
      }
      session.reset()
      for (position, token) in tokens.enumerated() {
        try session.step([token], rows: .all) { executor, _ in
          for name in Self.names where name.ours != "blocks.0.attn.scores" && name.ours != "blocks.0.attn.pattern" {
            let value = try #require(executor.tap(name.ours))
            let all = try Self.expected(name.theirs, input, isPerHead: name.isPerHead, partials)
            let width = all.count / tokens.count
            let row = Array(all[position * width..<(position + 1) * width])
            #expect(Self.largestDifference(value.values, row) < 1e-5, "\(name.ours) at \(position)")
          }
        }
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

  /// Two −∞ are equal; anything else that is not finite is infinitely far.
  private static func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { largest, pair in
      if pair.0 == pair.1 { return largest }
      let difference = abs(pair.0 - pair.1)
      return difference.isFinite ? max(largest, difference) : .infinity
    }
  }
}
