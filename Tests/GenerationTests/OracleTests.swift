import Checkpoints
import Foundation
import Generation
import Kernels
import Quantization
import Runtime
import TensorCore
import TestSupport
import Testing

/// Planned programs against the logits of transformers, for every family.
@Suite(.enabled(if: TestData.isExpected)) struct OracleTests {
  static let families = [
    "deepseek-v2", "deepseek-v3", "gemma2", "gemma3", "gpt-oss", "gpt2", "llama", "llama-yarn", "llama3-rope", "llama4",
    "mamba2", "mistral-window", "mixtral", "olmoe", "phi3", "qwen2", "qwen3", "qwen3-moe", "qwen3-next", "smollm3-nope",
  ]

  struct Oracle {
    let tokens: [Int32]
    let logits: [Float]
    let hidden: [[Float]]
    let greedy: [Int32]

    init(_ family: String) throws {
      let file = try SafetensorsFile(path: TestData.url("oracles/\(family)/oracle.safetensors").path)
      tokens = try file.tensor("tokens").floats().map { Int32($0) }
      logits = try file.tensor("logits").floats()
      greedy = try file.tensor("greedy").floats().map { Int32($0) }
      hidden = try (0..<1000).lazy.map { "hidden.\($0)" }.prefix { file.has($0) }.map { try file.tensor($0).floats() }
    }
  }

  static func model(_ family: String, threads: Int = 2, chunk: Int = 512, taps: Set<String> = []) throws
    -> LanguageModel
  {
    var options = ModelOptions()
    (options.threads, options.cacheFormat, options.arithmetic) = (threads, .f32, .float32)
    (options.chunk, options.taps, options.context, options.outputRows) = (chunk, taps, 128, 512)
    return try LanguageModel(path: TestData.url("oracles/\(family)").path, options: options)
  }

  static func logits(_ model: LanguageModel, _ tokens: [Int32], stepwise: Bool) throws -> [Float] {
    let session = try model.session()
    var result: [Float] = []
    for part in stepwise ? tokens.map({ [$0] }) : [tokens] {
      try session.step(part, rows: .all) { executor, count in
        for row in 0..<count { result += executor.output(row: row) }
      }
    }
    return result
  }

  @Test(arguments: families) func `logits equal those of transformers`(family: String) throws {
    let oracle = try Oracle(family)
    let model = try Self.model(family)
    let prefill = try Self.logits(model, oracle.tokens, stepwise: false)
    #expect(prefill.count == oracle.logits.count)
    let worst = zip(prefill, oracle.logits).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst <= 1e-4)
    #expect(try Self.logits(model, oracle.tokens, stepwise: true) == prefill)
    #expect(try Self.logits(Self.model(family, threads: 1), oracle.tokens, stepwise: false) == prefill)
    #expect(try Self.logits(Self.model(family, chunk: 7), oracle.tokens, stepwise: false) == prefill)
  }

  @Test(arguments: families) func `hidden states and greedy tokens equal those of transformers`(family: String) throws {
    let oracle = try Oracle(family)
    let last = oracle.hidden.count - 1
    // Transformers lists Mamba's states from after the first block on.
    let first = family == "mamba2" ? 1 : 0
    let names = (0...last).map { index in
      index == last
        ? "ln_final.normalized" : index + first == 0 ? "blocks.0.resid_pre" : "blocks.\(index + first - 1).resid_post"
    }
    let model = try Self.model(family, taps: Set(names))
    let session = try model.session()
    try session.step(oracle.tokens, rows: .last) { executor, _ in
      for (name, expected) in zip(names, oracle.hidden) {
        let values = try #require(executor.tap(name)).values
        #expect(values.count == expected.count)
        let worst = zip(values, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= 1e-4, "\(name)")
      }
    }
    session.reset()
    try session.append(oracle.tokens)
    var greedy: [Int32] = []
    while greedy.count < oracle.greedy.count {
      let best = Int32(session.logits.indices.max { session.logits[$0] < session.logits[$1] }!)
      greedy.append(best)
      try session.append([best])
    }
    #expect(greedy == oracle.greedy)
  }
}
