import Architectures
import GradientFixtures
import Gradients
import GraphIR
import Kernels
import Memory
import Planning
import Reference
import TensorCore
import TestSupport
import Testing

/// What a training graph is made of.
@Suite struct TrainingGraphTests {
  static func outputs(
    _ graph: Graph, _ step: TorchStep, sequences: [[Int32]]? = nil, inputs: [String: [Double]]? = nil
  ) throws -> [String: HostTensor] {
    let weights = try step.weights()
    return try ReferenceEvaluator(graph: graph, weights: { weights[$0] ?? [] }, context: 32)
      .evaluate(sequences: sequences ?? step.sequences, inputs: inputs ?? step.inputs)
  }

  @Test(arguments: TorchStep.families) func `what is computed again has the same bits`(family: String) throws {
    let step = try TorchStep(family)
    let plain = try step.model.graph.differentiated(step.objective)
    let expected = try Self.outputs(plain, step)
    for recomputation in [Recomputation.layers, .cheap] {
      let graph = try step.model.graph.differentiated(step.objective, recomputing: recomputation)
      #expect(graph.nodes.count > plain.nodes.count)
      #expect(try Self.outputs(graph, step) == expected)
    }
  }

  @Test func `of a layer that is computed again only its stream is kept`() throws {
    let step = try TorchStep("llama")
    let loss = try step.model.graph.trainingLoss()
    let graph = try loss.withGradients(recomputing: .layers)
    var kept: Set<String> = []
    for node in graph.nodes[loss.nodes.count...] {
      for input in node.inputs where input < loss.nodes.count {
        if case .weight = graph.nodes[input].op { continue }
        kept.insert(graph.nodes[input].name)
      }
    }
    #expect(kept.filter { $0.hasPrefix("blocks.") }.sorted() == ["blocks.0.resid_post", "blocks.1.resid_post"])
  }

  @Test func `computing layers again takes less memory`() throws {
    let g = GraphBuilder()
    var x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("table", [32, 16]))
    for layer in 0..<12 {
      x = g.scope("blocks.\(layer)", weights: "blk.\(layer)") {
        let normed = x.named("resid_pre").rmsNorm("norm", epsilon: 1e-5)
        return (x + normed.feedForward(FeedForward(.gated, inner: 64, activation: .silu))).named("resid_post")
      }
    }
    let model = try g.finish(g.input("rows", [.rows], .int32).gather(from: x).linear("output", 32))
    func bytes(_ recomputation: Recomputation) throws -> Int {
      try MemoryUse(
        model.differentiated(recomputing: recomputation), context: 64, cacheFormat: .f32, chunk: 64,
        weightFormat: MemoryUse.uniform(.f32)
      ).activationBytes
    }
    let (all, some, few) = (try bytes(.none), try bytes(.cheap), try bytes(.layers))
    #expect(some < all && few < some)
  }

  @Test func `attention's scores are never kept`() throws {
    let step = try TorchStep("llama")
    let loss = try step.model.graph.trainingLoss()
    let graph = try loss.withGradients()
    for (index, node) in loss.nodes.enumerated() where node.name.hasSuffix("scores") || node.name.hasSuffix("pattern") {
      #expect(graph.uses[index] == 1, "\(node.name)")
    }
  }

  @Test func `sequences in one step add up to steps of their own`() throws {
    for family in ["llama", "qwen3-next"] {
      let step = try TorchStep(family)
      let graph = try step.model.graph.differentiated()
      let both = try Self.outputs(graph, step)
      let length = step.sequences[0].count
      let parts = try step.sequences.indices.map { index in
        let inputs = step.inputs.mapValues { Array($0[index * length..<(index + 1) * length]) }
        return try Self.outputs(graph, step, sequences: [step.sequences[index]], inputs: inputs)
      }
      for (name, value) in both {
        for (index, sum) in value.values.enumerated() {
          let expected = parts.reduce(Float(0)) { $0 + ($1[name]?.values[index] ?? .nan) }
          #expect(abs(sum - expected) <= 1e-5 * max(1, abs(expected)), "\(name)[\(index)]")
        }
      }
    }
  }

  @Test func `only wanted weights have gradients`() throws {
    let step = try TorchStep("llama")
    let graph = try step.model.graph.differentiated { $0.hasPrefix("blk.1.attn_v") }
    #expect(graph.outputs.map(\.name) == ["loss", "grad.blk.1.attn_v.weight"])
    #expect(graph.node(named: "grad.blocks.0.resid_post") == nil)
    #expect(graph.node(named: "grad.blocks.1.attn.v") != nil)
    let all = try step.model.graph.differentiated()
    #expect(Set(all.outputs.dropFirst().map(\.name)) == Set(step.model.graph.weights.map { "grad.\($0.name)" }))
    let (few, whole) = (try Self.outputs(graph, step), try Self.outputs(all, step))
    #expect(few["grad.blk.1.attn_v.weight"] == whole["grad.blk.1.attn_v.weight"])
  }

  @Test(arguments: OpExamples.training) func `a plan refuses an operation of training by name`(example: OpExample)
    throws
  {
    var options = PlanOptions()
    options.context = OpExample.context
    let error = #expect(throws: PlanError.self) {
      try Program(planning: example.graph(), capacity: 8, options: options, catalogue: .current) { _ in .f32 }
    }
    #expect(error?.name.isEmpty == false)
  }

  @Test func `a plan refuses what it cannot run yet by name`() throws {
    let graph = try TorchStep("gpt2").model.graph.differentiated()
    var options = PlanOptions()
    options.context = 32
    #expect(throws: PlanError.self) {
      try Program(planning: graph, capacity: 32, options: options, catalogue: .current) { _ in .f32 }
    }
  }
}
