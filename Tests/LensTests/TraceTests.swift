import Architectures
import Checkpoints
import Foundation
import Generation
import GraphIR
import JSON
import Lens
import Quantization
import Reference
import TensorCore
import TestSupport
import Testing

@Suite(.enabled(if: TestData.isExpected)) struct TraceTests {
  @Test func `a trace holds the run's values and says what they are`() throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/run.safetensors"
    let tokens = Array(try Models.tokens("llama"))
    let model = try Models.exact(Models.oracle("llama"))
    try TraceWriter(model, values: ["blocks.*.attn.pattern", "blocks.1.resid_post", "logits"]).write(tokens, to: path)
    let trace = try Trace(path: path)
    #expect(trace.description["tokens"]?.array?.compactMap { $0["id"]?.int } == tokens.map { Int($0) })
    let values = try Models.reference(Models.oracle("llama"), tokens)
    for name in trace.file.names where name != "tokens" {
      let tensor = try trace.file.tensor(name)
      let node = try #require(model.graph.node(named: name))
      let expected = try #require(values[model.graph.nodes[node].name])
      #expect(tensor.shape == expected.shape)
      #expect(Models.worst(tensor.floats(), expected.values) <= 1e-4, "\(name)")
    }
    #expect(trace.file.names.count == 1 + model.config.layerCount + 2)
  }

  @Test func `long runs come in parts and patterns are widened`() throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/run.safetensors"
    let model = try LanguageModel(path: TestData.url("stories260K/stories260K.gguf").path)
    let tokens = try model.encode("Once upon a time there was a little dog who liked to run in the park with a ball.")
    try #require(tokens.count > 16)
    try TraceWriter(model, values: ["blocks.0.attn.pattern"]).write(tokens, to: path)
    let pattern = try Trace(path: path).file.tensor("blocks.0.attn.pattern")
    #expect(pattern.shape == [tokens.count, pattern.shape[1], tokens.count])
    let values = pattern.floats()
    for row in 0..<pattern.rowCount {
      let sum = values[row * tokens.count..<(row + 1) * tokens.count].reduce(0.0) { $0 + Double($1) }
      #expect(abs(sum - 1) <= 1e-6)
    }
  }

  @Test func `names that match nothing, too many values and files that are no traces are errors`() throws {
    let model = try Models.exact(Models.oracle("llama"))
    #expect(throws: LensError.self) { try TraceWriter(model, values: ["blocks.*.nothing"]) }
    #expect(try Trace.names(matching: ["blocks.*.resid_p*"], in: model.graph).count == 2 * model.config.layerCount)
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(throws: LensError.self) {
      try TraceWriter(model, values: ["logits"], limit: 100).write([1, 2, 3], to: folder.path + "/x")
    }
    #expect(throws: CheckpointError.self) { try Trace(path: Models.oracle("llama") + "/model.safetensors") }
  }
}
