import Foundation
import Generation
import GraphIR
import Lens
import Reference
import TensorCore
import TestSupport
import Testing

@Suite(.enabled(if: TestData.isExpected)) struct AttributionTests {
  static let families = Models.families + ["deepseek-v3", "phi3", "qwen2", "qwen3"]

  @Test(arguments: families) func `parts sum to the logit before capping`(family: String) throws {
    let path = Models.oracle(family)
    let tokens = try Models.tokens(family)
    let model = try Models.exact(path)
    let recording = try Models.recording(model, tokens)
    let lens = try LogitLens(recording.session.model)
    let attribution = try Attribution(recording.session.model, lens: lens)
    let expected = try Models.reference(path, tokens)
    for position in [1, tokens.count - 1] {
      for token: Int32 in [0, 7, tokens[0]] {
        let all = try #require(try attribution.contributions(of: recording, position: position, token: token))
        let sum = all.parts.reduce(0) { $0 + $1.value }
        #expect(all.magnitude > 0)
        #expect(abs(sum - all.logit) <= 1e-3 * all.magnitude, "\(position) \(token): \(sum), \(all.logit)")
        let logit = try Self.uncapped(family, expected, position, Int(token))
        #expect(abs(sum - logit) <= 1e-3 * all.magnitude)
        #expect(abs(all.logit - logit) <= 1e-4)
        for layer in recording.map.layers {
          let heads = all.parts.filter { $0.layer == layer.index && $0.kind == .head }
          #expect(heads.count == layer.attention?.heads)
          #expect(all.parts.contains { $0.layer == layer.index && $0.kind == .feedForward })
        }
        #expect(all.parts.contains { $0.kind == .embedding })
      }
    }
  }

  /// Gemma 2 caps its logits at 30 and the rest do not.
  private static func uncapped(
    _ family: String, _ values: [String: HostArray<Double>], _ position: Int, _ token: Int
  ) throws -> Double {
    let logits = try #require(values["logits"])
    let value = logits.values[position * logits.columns + token]
    return family == "gemma2" ? 30 * atanh(value / 30) : value
  }

  @Test func `a head's part is what goes missing with its output, the norms' scales held`() throws {
    // One part by hand: the head's columns of the output projection, in double precision.
    let path = Models.oracle("llama")
    let tokens = try Models.tokens("llama")
    let recording = try Models.recording(Models.exact(path), tokens)
    let attribution = try Attribution(recording.session.model, lens: LogitLens(recording.session.model))
    let position = tokens.count - 1
    let all = try #require(try attribution.contributions(of: recording, position: position, token: 3))
    let values = try Models.reference(path, tokens)
    let embedding = try #require(all.parts.first { $0.kind == .embedding })
    let (embed, stream, final) = (
      try #require(values["embed"]), try #require(values[recording.map.finalStream]),
      try #require(values["ln_final.normalized"])
    )
    let width = embed.columns
    let row = position * width..<(position + 1) * width
    // Root-mean-square norms are linear in the stream once their scale is held: the same share of each element.
    let scales = row.map { final.values[$0] / stream.values[$0] }
    let weights = try TestWeights(path: path).row(3, of: recording.session.model.graph)
    let expected = row.enumerated().reduce(0.0) {
      $0 + embed.values[$1.element] * scales[$1.offset] * weights[$1.offset]
    }
    #expect(abs(embedding.value - expected) <= 1e-4 * max(1, all.magnitude))
  }

  @Test func `the lens after the last layer is the model's own prediction`() throws {
    for family in ["gpt2", "gemma2", "llama", "mixtral"] {
      let path = Models.oracle(family)
      let tokens = try Models.tokens(family)
      let recording = try Models.recording(Models.exact(path), tokens)
      let lens = try LogitLens(recording.session.model)
      let depth = recording.map.layers.count
      let readings = try #require(
        try recording.lens(lens, depths: [0, depth], positions: tokens.indices, urgency: .view))
      let logits = try #require(try Models.reference(path, tokens)["logits"])
      for position in tokens.indices {
        let row = logits.values[position * logits.columns..<(position + 1) * logits.columns]
        let largest = try #require(row.max())
        let sum = row.reduce(0) { $0 + exp($1 - largest) }
        let reading = readings[1][position]
        let token = try #require(row.firstIndex(of: largest)) - row.startIndex
        #expect(reading.top[0].token == Int32(token))
        #expect(abs(reading.top[0].probability - 1 / sum) <= 1e-4)
        if position + 1 < tokens.count {
          let chosen = row[row.startIndex + Int(tokens[position + 1])]
          #expect(abs(reading.probability - exp(chosen - largest) / sum) <= 1e-4)
          #expect(reading.rank == row.count { $0 > chosen })
        } else {
          #expect(reading.rank == 0)
        }
      }
    }
  }

  @Test func `tokens and positions out of range are errors`() throws {
    let tokens = try Models.tokens("llama")
    let recording = try Models.recording(Models.exact(Models.oracle("llama")), tokens)
    let lens = try LogitLens(recording.session.model)
    let attribution = try Attribution(recording.session.model, lens: lens)
    #expect(throws: LensError.self) { try attribution.contributions(of: recording, position: 0, token: -1) }
    #expect(throws: LensError.self) {
      try attribution.contributions(of: recording, position: 0, token: Int32(lens.vocabularySize))
    }
    #expect(throws: LensError.self) {
      try attribution.contributions(of: recording, position: tokens.count, token: 0)
    }
    #expect(throws: LensError.self) { try recording.lens(lens, depths: [99], positions: 0..<1) }
  }
}
