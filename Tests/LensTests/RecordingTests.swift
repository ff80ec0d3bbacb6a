import Checkpoints
import Conversion
import Foundation
import Generation
import Kernels
import Lens
import Quantization
import Reference
import TensorCore
import TestSupport
import Testing

@Suite(.enabled(if: TestData.isExpected)) struct RecordingTests {
  @Test(arguments: Models.families) func `kept values and attention equal double precision`(family: String) throws {
    let path = Models.oracle(family)
    let tokens = try Models.tokens(family)
    let recording = try Models.recording(Models.exact(path), tokens)
    let expected = try Models.reference(path, tokens)
    for name in recording.keptNames {
      let values = try #require(try recording.values(name, tokens.indices))
      #expect(Models.worst(values, try #require(expected[name]).values) <= 1e-4, "\(name)")
    }
    for layer in recording.map.layers {
      let site = try recording.site(layer.index)
      let pattern = try #require(expected[String(site.mixed.dropLast()) + "pattern"])
      for head in 0..<site.heads {
        let rows = try #require(try recording.attention(layer: layer.index, head: head, rows: tokens.indices))
        for row in tokens.indices {
          let ours = rows.values[row * tokens.count..<(row + 1) * tokens.count]
          let sum = ours.reduce(0.0) { $0 + Double($1) } + Double(rows.sinks[row])
          #expect(abs(sum - 1) <= 1e-6)
          #expect(site.hasSinks || rows.sinks[row] == 0)
          let theirs = (0..<tokens.count).map { pattern.values[(row * site.heads + head) * tokens.count + $0] }
          #expect(Models.worst(Array(ours), theirs) <= 1e-4, "layer \(layer.index), head \(head), row \(row)")
        }
      }
    }
  }

  @Test func `what was dropped or never kept is read again`() throws {
    let path = Models.oracle("llama")
    let tokens = try Models.tokens("llama")
    let model = try Models.exact(path)
    let full = try Models.recording(model, tokens)
    let poor = try Models.recording(model, tokens, budget: 1)
    #expect(poor.memory.dropped == 0..<tokens.count)
    #expect(poor.memory.bytes == 0)
    for name in full.keptNames {
      #expect(try poor.values(name, 1..<tokens.count) == full.values(name, 1..<tokens.count))
    }
    let expected = try Models.reference(path, tokens)
    for name in ["blocks.0.mlp.post", "blocks.1.attn.rot_k", "ln_final.normalized"] {
      let values = try #require(try full.values(name, tokens.indices))
      #expect(Models.worst(values, try #require(expected[name]).values) <= 1e-4, "\(name)")
    }
    #expect(throws: LensError.self) { try full.values("blocks.9.mlp.post", 0..<1) }
    #expect(throws: LensError.self) { try full.values("blk.0.attn_q.weight", 0..<1) }
    #expect(throws: LensError.self) { try full.values("embed", 0..<tokens.count + 1) }
  }

  @Test func `a recorded run writes the same text and leaves the model as it was`() throws {
    let model = try LanguageModel(path: TestData.url("stories260K/stories260K.gguf").path)
    let before = model.programDescriptions
    let recorded = try Recording.recordable(model)
    #expect(model.programDescriptions == before)
    #expect(recorded.programDescriptions != before)
    #expect(try model.variant().programDescriptions == before)
    var texts: [[Int32]] = []
    for model in [model, recorded] {
      let session = try model.session()
      let recording = model === recorded ? try Recording(session) : nil
      try session.append(model.encode("Once upon a time"))
      var options = GenerationOptions()
      (options.maximumTokens, options.sampling.temperature) = (40, 0)
      var generator = try TextGenerator(session, options: options)
      while try generator.next() != nil {}
      texts.append(session.tokens)
      #expect(recording.map { $0.tokens == session.tokens } ?? true)
    }
    #expect(texts[0] == texts[1])
  }

  @Test func `a sequence that goes back forgets what was kept after`() throws {
    let tokens = try Models.tokens("gpt2")
    let recording = try Models.recording(Models.exact(Models.oracle("gpt2")), tokens)
    let first = try recording.values("blocks.0.resid_pre", 0..<2)
    let version = recording.version
    try recording.session.replace(with: Array(tokens.prefix(2)) + [tokens[0]])
    #expect(recording.tokens == Array(tokens.prefix(2)) + [tokens[0]])
    #expect(recording.version > version)
    #expect(try recording.values("blocks.0.resid_pre", 0..<2) == first)
  }

  @Test func `models without attention say so`() throws {
    let recording = try Models.recording(Models.exact(Models.oracle("mamba2")), Models.tokens("mamba2"))
    #expect(try recording.values(recording.streamNames[1], 0..<3) != nil)
    #expect(throws: LensError.self) { try recording.attention(layer: 0, head: 0, rows: 0..<2) }
  }

  @Test func `a quantised model is recorded in its own formats`() throws {
    let path = TestData.url("quantised").path
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: path).first { $0.contains("q4_k_m") })
    let model = try LanguageModel(path: path + "/" + name)
    let recording = try Models.recording(model, [1, 5, 9, 33, 7, 200, 5, 9])
    for head in 0..<(try recording.site(1).heads) {
      let rows = try #require(try recording.attention(layer: 1, head: head, rows: 0..<8))
      for row in 0..<8 {
        #expect(abs(rows.values[row * 8..<row * 8 + 8].reduce(0.0) { $0 + Double($1) } - 1) <= 1e-6)
      }
    }
  }

  @Test func `nano-sort shows llm-viz's intermediates`() throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try MinGPT(JSONTensors(path: TestData.url("nano-sort/gpt-nano-sort-model.json").path)).write(folder: folder.path)
    let partials = try JSONTensors(path: TestData.url("nano-sort/gpt-nano-sort-t0-partials.json").path)
    var options = ModelOptions()
    (options.arithmetic, options.cacheFormat) = (.float32, .f32)
    let model = try LanguageModel(path: folder.path, options: options)
    for input in 0..<3 {
      let tokens = try partials.tensor("idx").floats(rows: input..<input + 1).map { Int32($0) }
      let recording = try Models.recording(model, tokens)
      for (ours, theirs) in [
        ("embed", "tok_emb"), ("blocks.0.resid_pre", "x"), ("blocks.0.ln1.normalized", "ln1"),
        ("blocks.0.attn.qkv", "qkv"), ("blocks.0.attn_out", "yProj"), ("blocks.0.resid_mid", "attnResid"),
        ("blocks.0.mlp.pre", "fc"), ("blocks.0.mlp.post", "gelu"), ("blocks.0.mlp_out", "mlp"),
        ("blocks.1.resid_pre", "block0"), ("blocks.2.resid_pre", "block1"), ("blocks.2.resid_post", "block2"),
        ("ln_final.normalized", "ln_f"), ("logits", "lm_head"),
      ] {
        let values = try #require(try recording.values(ours, tokens.indices))
        let all = try partials.tensor(theirs).floats()
        let expected = all[input * values.count..<(input + 1) * values.count].map { Double($0) }
        #expect(Models.worst(values, expected) < 1e-5, "\(ours)")
      }
      let pattern = try partials.tensor("attSm")
      let all = pattern.floats()
      let (heads, count) = (pattern.shape[1], tokens.count)
      for head in 0..<heads {
        let rows = try #require(try recording.attention(layer: 0, head: head, rows: tokens.indices))
        let start = (input * heads + head) * count * count
        #expect(Models.worst(rows.values, all[start..<start + count * count].map { Double($0) }) < 1e-5)
      }
    }
  }
}
