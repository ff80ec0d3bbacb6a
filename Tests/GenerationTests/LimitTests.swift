import Foundation
import Generation
import GraphIR
import Kernels
import TensorCore
import TestSupport
import Testing

/// Requests that a model or a machine cannot meet end in an error and change nothing.
@Suite(.enabled(if: TestData.isExpected)) struct LimitTests {
  @Test func `a context that no machine holds is refused before memory is taken`() throws {
    for context in [1 << 30, Int.max] {
      var options = ModelOptions()
      (options.context, options.cacheFormat, options.taps) = (context, .f32, ["blocks.0.attn.scores"])
      #expect(throws: MemoryError.self) {
        try LanguageModel(path: TestData.url("oracles/llama").path, options: options)
      }
    }
  }

  @Test(arguments: ["llama", "mamba2", "gemma3"]) func `a replacement that does not fit leaves the session as it was`(
    family: String
  ) throws {
    let model = try OracleTests.model(family)
    let session = try model.session()
    try session.append([3, 1, 4])
    let before = session.logits
    #expect(throws: SessionError.self) { try session.replace(with: [3, 2, -1]) }
    #expect(throws: SessionError.self) { try session.replace(with: Array(repeating: 1, count: 129)) }
    #expect(session.tokens == [3, 1, 4])
    try session.replace(with: [3, 1, 4])
    #expect(session.logits == before)
    try session.replace(with: [3, 2])
    let other = try model.session()
    try other.append([3, 2])
    #expect(session.logits == other.logits)
  }

  @Test(arguments: ["mistral-window", "gemma3", "llama4", "mamba2", "qwen3-next"])
  func `a context shorter than the window gives the same logits`(family: String) throws {
    var options = ModelOptions()
    (options.threads, options.cacheFormat, options.arithmetic) = (2, .f32, .float32)
    let tokens: [Int32] = [5, 3, 8]
    func logits(context: Int, chunk: Int) throws -> [Float] {
      (options.context, options.chunk) = (context, chunk)
      let session = try LanguageModel(path: TestData.url("oracles/\(family)").path, options: options).session()
      try session.append(tokens)
      return session.logits
    }
    let expected = try logits(context: 64, chunk: 64)
    #expect(try logits(context: 3, chunk: 64) == expected)
    #expect(try logits(context: 3, chunk: 1) == expected)
  }
}
