import Foundation
import Generation
import Kernels
import Lens
import Reference
import TensorCore
import TestSupport
import Testing

@Suite(.enabled(if: TestData.isExpected)) struct ComparisonTests {
  @Test func `a run equals itself and parts where the prompts part`() throws {
    let tokens = try Models.tokens("llama")
    let model = try Models.exact(Models.oracle("llama"))
    var others = tokens
    others[4] = (others[4] + 1) % 50
    let (first, second) = (try Models.recording(model, tokens), try Models.recording(model, others))
    let comparison = try Comparison(first, second)
    #expect(comparison.parting == 4)
    let streams = try #require(try comparison.streams(tokens.indices))
    #expect(streams.cosine.count == first.map.layers.count + 1)
    for depth in streams.cosine.indices {
      for position in tokens.indices {
        // Before the first layer only the token that was changed differs; later ones see it from then on.
        let isSame = depth == 0 ? position != 4 : position < 4
        #expect((streams.distance[depth][position] == 0) == isSame)
        if position < 4 { #expect(abs(streams.cosine[depth][position] - 1) < 1e-12) }
      }
    }
    let lens = try LogitLens(first.session.model)
    let last = first.map.layers.count
    let gaps = try #require(
      try comparison.divergence(lens, lens, depths: [0, last], positions: 2..<6, urgency: .view))
    #expect(gaps[1][0] == 0 && gaps[1][1] == 0 && gaps[1][2] > 0)
    #expect(try #require(try comparison.attention(layer: 1)).contains { $0 > 0 })
    let same = try Comparison(first, first)
    #expect(try #require(try same.attention(layer: 1)).allSatisfy { $0 == 0 })
    #expect(same.parting == nil)
  }

  @Test func `two quantisations of one model compare`() throws {
    let tokens: [Int32] = [1, 9, 44, 100, 9, 44, 301]
    let (exact, coarse) = (
      try Models.recording(LanguageModel(path: TestData.url("quantised/tiny-f32.gguf").path), tokens),
      try Models.recording(LanguageModel(path: TestData.url("quantised/tiny-q4_0.gguf").path), tokens)
    )
    let streams = try #require(try Comparison(exact, coarse).streams(tokens.indices))
    for row in streams.cosine { for cosine in row { #expect(cosine > 0.9 && cosine < 1) } }
  }

  @Test func `models of other shapes are refused`() throws {
    let a = try Models.recording(Models.exact(Models.oracle("llama")), [1, 2, 3])
    let b = try Models.recording(LanguageModel(path: TestData.url("quantised/tiny-f32.gguf").path), [1, 2, 3])
    #expect(throws: LensError.self) { try Comparison(a, b) }
  }

  @Test func `scores of heads are sums over their pattern`() throws {
    let tokens: [Int32] = [5, 9, 5, 9, 5, 9, 2, 5]
    let recording = try Models.recording(Models.exact(Models.oracle("gpt2")), tokens)
    let glance = try #require(try recording.glance(layer: 1))
    #expect(glance.positions == Array(tokens.indices))
    for head in glance.scores.indices {
      let rows = try #require(try recording.attention(layer: 1, head: head, rows: tokens.indices)).values
      func at(_ row: Int, _ column: Int) -> Double { Double(rows[row * 8 + column]) }
      let scores = glance.scores[head]
      #expect(abs(scores.previous - (1..<8).reduce(0) { $0 + at($1, $1 - 1) } / 7) < 1e-9)
      #expect(abs(scores.first - (1..<8).reduce(0) { $0 + at($1, 0) } / 7) < 1e-9)
      #expect(abs(scores.local - 1) < 1e-5)
      // Rows 2…5 and 7 have seen their token before.
      let following = at(2, 1) + at(3, 2) + at(4, 1) + at(4, 3) + at(5, 2) + at(5, 4) + at(7, 1) + at(7, 3) + at(7, 5)
      #expect(abs(try #require(scores.induction) - following / 5) < 1e-6)
      #expect((0...1).contains(scores.entropy))
      #expect(glance.pictures[head].count == 64)
      let cells = try #require(
        try recording.matrix(layer: 1, head: head, rows: 0..<8, columns: 0..<8, height: 8, width: 8))
      #expect(cells == rows)
      let halves = try #require(
        try recording.matrix(layer: 1, head: head, rows: 0..<8, columns: 0..<8, height: 4, width: 4))
      #expect(halves[0] == max(rows[0], rows[8], rows[9]))
    }
  }

  @Test func `a score is its query's and key's product`() throws {
    for (family, format) in [("gpt2", "f32"), ("gemma2", "f32"), ("deepseek-v2", "f32")] {
      let tokens = try Models.tokens(family)
      let recording = try Models.recording(Models.exact(Models.oracle(family)), tokens)
      let expected = try Models.reference(Models.oracle(family), tokens)
      let site = try recording.site(1)
      let scores = try #require(expected[String(site.mixed.dropLast()) + "scores"])
      let parts = try #require(try recording.score(layer: 1, head: 1, from: 5, to: 3))
      #expect(parts.query.count == site.width && parts.key.count == site.width)
      let theirs = scores.values[(5 * site.heads + 1) * tokens.count + 3]
      #expect(abs(parts.capped - theirs) <= 1e-4 * max(1, abs(theirs)), "\(family) \(format)")
    }
  }
}
