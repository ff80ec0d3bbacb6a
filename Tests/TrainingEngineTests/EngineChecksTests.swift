import Architectures
import GradientFixtures
import Gradients
import GraphIR
import Reference
import TensorCore
import TestSupport
import Testing
import TrainingEngine

/// What a batch and a plan must be, and what an engine says of itself.
@Suite struct EngineChecksTests {
  static func batch(_ step: TorchStep) -> TrainingBatch {
    TrainingBatch(sequences: step.sequences, inputs: step.inputs)
  }

  @Test func `a batch that does not fit is refused`() throws {
    let step = try TorchStep("gpt2")
    var run = try EngineTorchTests.run(step)
    func refused(_ change: (inout TrainingBatch) -> Void) {
      var batch = Self.batch(step)
      change(&batch)
      let error = #expect(throws: TrainingEngineError.self) { try run.run(batch) }
      if case .batch = error {} else { Issue.record("\(String(describing: error))") }
    }
    refused { $0.tokens[3] = 1 << 20 }
    refused { $0.tokens[3] = -1 }
    refused { $0.targets[0] = 1 << 20 }
    refused { $0.targets.removeLast() }
    refused { $0.targetWeights = [] }
    refused { $0.sequences[0].count += 1 }
    refused { $0.sequences[1].start = .max }
    refused { $0.sequences[1].count = .max }
    refused { $0.sequences.removeLast() }
    refused { $0.rows = [0] }
    refused { $0 = TrainingBatch(tokens: [], sequences: [], targets: [], targetWeights: []) }
    refused {
      let count = $0.tokens.count
      $0.tokens += $0.tokens
      $0.sequences.append(TrainingBatch.Sequence(start: count, count: count))
    }
    _ = try run.run(Self.batch(step))
  }

  @Test func `a NaN is reported, and the next run is whole`() throws {
    let step = try TorchStep("llama")
    var run = try EngineTorchTests.run(step)
    let loss = try run.run(Self.batch(step))
    for tensor in run.layout.tensors {
      let kept = run.parameters[tensor.offset]
      run.parameters[tensor.offset] = .nan
      // A row of the embedding that no token reads is no part of the loss.
      if tensor.name != "token_embd.weight" {
        let error = #expect(throws: TrainingEngineError.self, "\(tensor.name)") { try run.run(Self.batch(step)) }
        if case .lossNotFinite = error {} else { Issue.record("\(tensor.name): \(String(describing: error))") }
      }
      run.parameters[tensor.offset] = kept
    }
    #expect(try run.run(Self.batch(step)) == loss)
  }

  @Test func `taps hold what the reference computes`() throws {
    let step = try TorchStep("llama")
    let taps: Set = [
      "blocks.0.resid_mid", "grad.blocks.0.resid_mid", "blocks.1.attn.pattern", "blocks.1.attn.z", "logits",
      "grad.blocks.1.attn.v",
    ]
    var run = try EngineTorchTests.run(step, taps: taps)
    _ = try run.run(Self.batch(step))
    let weights = try step.weights()
    let graph = try step.model.graph.differentiated(step.objective)
    var seen: Set<String> = []
    let wanted = Dictionary(uniqueKeysWithValues: taps.map { ($0, graph.node(named: $0)) })
    var values: [String: HostTensor] = [:]
    _ = try ReferenceEvaluator(graph: graph, weights: { weights[$0] ?? [] }, context: 32)
      .evaluate(sequences: step.sequences, inputs: step.inputs) { node, value in values[node.name] = value }
    for (name, node) in wanted {
      let index = try #require(node)
      let expected = try #require(values[graph.nodes[index].name])
      let found = try #require(run.engine.value(name))
      #expect(found.shape == expected.shape)
      for (a, b) in zip(found.values, expected.values) { #expect(abs(a - b) <= 1e-5 * max(1, abs(b)), "\(name)") }
      seen.insert(name)
    }
    #expect(seen == taps)
    #expect(run.engine.value("blocks.0.resid_post") == nil)
    #expect(throws: TrainingEngineError.unknownTap("nothing")) { try EngineTorchTests.run(step, taps: ["nothing"]) }
  }

  @Test func `weights that are not trained are frozen`() throws {
    let step = try TorchStep("gpt2")
    let isWanted = { (name: String) in name.hasPrefix("blk.1.attn") }
    var whole = try EngineTorchTests.run(step)
    var few = try EngineTorchTests.run(step, wanting: isWanted)
    #expect(try whole.run(Self.batch(step)) == (try few.run(Self.batch(step))))
    #expect(few.layout.tensors.count == 6 && few.engine.memory.frozenBytes > 0)
    for tensor in few.layout.tensors {
      let (a, b) = (try few.gradient(tensor.name), try whole.gradient(tensor.name))
      let error = EngineTorchTests.norm(zip(a, b).map { $0 - $1 })
      #expect(error <= 1e-6 * EngineTorchTests.norm(b), "\(tensor.name)")
    }
  }

  @Test func `memory is bounded, and less when layers are computed again`() throws {
    let step = try TorchStep("llama")
    let (kept, again) = (try EngineTorchTests.run(step), try EngineTorchTests.run(step, recomputing: .layers))
    #expect(kept.engine.memory.arenaBytes < kept.engine.memory.valueBytes)
    #expect(again.engine.memory.arenaBytes < kept.engine.memory.arenaBytes)
    #expect(kept.engine.work > 0 && again.engine.work > kept.engine.work)
    #expect(kept.engine.listing.contains("attention gradient"))
    #expect(!kept.engine.listing.contains("~"), "\(kept.engine.listing)")
  }

  @Test(arguments: TorchStep.families) func `nothing of a family is computed by plain loops`(family: String) throws {
    let run = try EngineTorchTests.run(TorchStep(family))
    #expect(run.engine.listing.split(separator: "\n").filter { $0.contains("~") } == [])
  }

  @Test func `only weights of a layout are laid out, each at 64 bytes`() throws {
    let graph = try TorchStep("gpt2").model.graph.differentiated()
    let layout = ParameterLayout(graph) { !$0.hasSuffix("bias") }
    #expect(layout.tensors.map(\.name) == graph.weights.map(\.name).filter { !$0.hasSuffix("bias") })
    #expect(layout.tensors.allSatisfy { $0.offset % 16 == 0 && $0.count == $0.shape.reduce(1, *) })
    #expect(zip(layout.tensors, layout.tensors.dropFirst()).allSatisfy { $0.range.upperBound <= $1.offset })
    #expect(layout.count % 16 == 0)
  }
}
