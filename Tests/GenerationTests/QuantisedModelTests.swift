import Architectures
import Checkpoints
import Foundation
import Generation
import Kernels
import Quantization
import Reference
import Runtime
import TensorCore
import TestSupport
import Testing

/// One model in every format that llama.cpp writes: programs against the reference on the decoded weights.
@Suite(.enabled(if: TestData.isExpected)) struct QuantisedModelTests {
  static let formats = [
    "bf16", "f16", "f32", "iq4_nl", "iq4_xs", "q2_k", "q3_k_m", "q4_0", "q4_1", "q4_k_m", "q5_0", "q5_1", "q5_k_m",
    "q6_k", "q8_0",
  ]
  static let tokens: [Int32] = [1, 17, 400, 33, 5, 5, 260, 99, 301, 12, 77, 508, 3, 41, 222, 160]

  static func logits(_ path: String, _ change: (inout ModelOptions) -> Void) throws -> [Float] {
    var options = ModelOptions()
    (options.cacheFormat, options.context) = (.f32, 64)
    change(&options)
    var result: [Float] = []
    try LanguageModel(path: path, options: options).session().step(tokens, rows: .all) { executor, count in
      for row in 0..<count { result += executor.output(row: row) }
    }
    return result
  }

  @Test(arguments: formats) func `programs equal the reference on the decoded weights`(format: String) throws {
    let path = TestData.url("quantised/tiny-\(format).gguf").path
    let file = try ModelFile(path: path)
    let weights = try file.weights()
    var evaluator = try ReferenceEvaluator(
      graph: file.graph, weights: { try weights.tensor($0).floats() }, context: 64)
    let expected = try evaluator.step(tokens: Self.tokens).values

    let exact = try Self.logits(path) { $0.arithmetic = .float32 }
    #expect(zip(exact, expected).allSatisfy { abs($0 - $1) <= 2e-5 })
    let fast = try Self.logits(path) { $0.threads = 2 }
    #expect(fast.count == expected.count)
    let error = zip(fast, expected).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) } / Double(expected.count)
    // Logits have a root mean square of 1; llama.cpp is 0.016 to 0.023 away on these files (Scripts/compare-accuracy).
    #expect(error.squareRoot() < (["f32", "f16"].contains(format) ? 1e-5 : format == "bf16" ? 0.01 : 0.022))
    #expect(try Self.logits(path) { $0.threads = 1 } == fast)
    #expect(try Self.logits(path) { $0.chunk = 3 } == fast)
  }

  @Test(arguments: [BlockFormat.f16, .q8_0, .q4_0]) func `cache formats stay near float32`(cache: BlockFormat) throws {
    let path = TestData.url("quantised/tiny-f32.gguf").path
    let exact = try Self.logits(path) { $0.cacheFormat = .f32 }
    let logits = try Self.logits(path) { $0.cacheFormat = cache }
    let error = zip(logits, exact).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) } / Double(exact.count)
    #expect(error.squareRoot() < [.f16: 1e-3, .q8_0: 1e-2, .q4_0: 0.15][cache]!)
    #expect(error > 0)
    #expect(try Self.logits(path) { ($0.cacheFormat, $0.chunk) = (cache, 5) } == logits)
  }
}
