import Architectures
import Foundation
import Generation
import GraphIR
import Memory
import Runtime
import TensorCore
import TestSupport
import Testing

/// What is planned against what loading then takes.
@Suite(.enabled(if: TestData.isExpected, "shared test data is not here"))
struct FootprintTests {
  static let models =
    (try? FileManager.default.contentsOfDirectory(atPath: TestData.url("oracles").path))?.sorted().map {
      "oracles/\($0)"
    } ?? []

  @Test(arguments: models + ["stories260K/stories260K.gguf", "quantised/tiny-q4_k_m.gguf", "quantised/tiny-q8_0.gguf"])
  func `a loaded model takes what was planned`(name: String) throws {
    let path = TestData.url(name).path
    var options = ModelOptions()
    (options.threads, options.context, options.cacheFormat) = (2, 48, .q8_0)
    let model = try LanguageModel(path: path, options: options)

    let file = try ModelFile(path: path)
    let weights = try file.weights()
    let footprint = try ModelFootprint(of: file.graph, context: model.context, options: options) {
      try #require(weights.format($0))
    }
    #expect(footprint.activationBytes == model.memory.activations)
    #expect(try abs(footprint.stateBytes - model.session().stateBytes) <= 64 * file.graph.states.count)
    #expect(footprint.weightBytes == model.memory.weights + tableBytes(file.graph, weights))

    let use = try MemoryUse(file.graph, context: model.context, cacheFormat: .q8_0) { name, _ in
      try #require(weights.format(name))
    }
    #expect(use.stateBytes == footprint.stateBytes)
  }

  /// Bytes of weights whose rows are only looked up; they stay in their file.
  private func tableBytes(_ graph: Graph, _ weights: ModelWeights) -> Int {
    var readers: [Int: Set<String>] = [:]
    for node in graph.nodes { for input in node.inputs { readers[input, default: []].insert(node.op.mnemonic) } }
    return graph.nodes.enumerated().reduce(0) { sum, entry in
      guard case .weight(let name, let shape) = entry.element.op, readers[entry.offset] == ["gather"] else {
        return sum
      }
      return sum + shape[0] * (weights.format(name) ?? .f32).rowBytes(shape[1])
    }
  }
}
