import Generation
import Lens
import TestSupport
import Testing

@Suite(.enabled(if: TestData.isExpected)) struct MeaningTests {
  @Test func `neighbours are the rows of largest cosine`() throws {
    let model = try Models.exact(Models.oracle("gpt2"))
    let meaning = try Meaning(model)
    let rows = try (0..<meaning.vocabularySize).map { try meaning.embedding(of: Int32($0)).map { Double($0) } }
    func cosine(_ a: [Double], _ b: [Double]) -> Double {
      func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
      return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }
    let found = try meaning.neighbours(of: meaning.embedding(of: 7), count: 4, excluding: [7])
    let expected = rows.indices.filter { $0 != 7 }.map { ($0, cosine(rows[7], rows[$0])) }.sorted { $0.1 > $1.1 }
    #expect(found.map { Int($0.token) } == expected.prefix(4).map(\.0))
    for (ours, theirs) in zip(found, expected) { #expect(abs(ours.cosine - theirs.1) <= 1e-5) }
    let again = try meaning.neighbours(of: meaning.embedding(of: 7), count: 1)
    #expect(again[0].token == 7 && abs(again[0].cosine - 1) <= 1e-5)
    let analogy = try meaning.analogy(1, less: 2, plus: 3, count: 3)
    #expect(!analogy.contains { [1, 2, 3].contains($0.token) })
    #expect(throws: LensError.self) { try meaning.embedding(of: Int32(meaning.vocabularySize)) }
    #expect(throws: LensError.self) { try meaning.neighbours(of: [1], count: 1) }
  }
}
