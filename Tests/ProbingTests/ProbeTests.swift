import Architectures
import Checkpoints
import Foundation
import GraphIR
import Probing
import Quantization
import Reference
import TensorCore
import TestSupport
import Testing

/// A tiny model of the fixtures and a text.
struct ProbedModel {
  let graph: Graph
  let weights: [String: [Double]]
  let probe: Probe

  static let sequence: [Int32] = [3, 17, 5, 5, 14, 9, 12, 1]
  static let counts = [false, false, true, true, false, true, true]

  init(_ family: String) throws { try self.init(at: TestData.fixture("gradients/\(family)")) }

  init(at folder: URL) throws {
    let model = try ModelFile(path: folder.path)
    let stored = try model.weights()
    graph = model.graph
    weights = try stored.names.reduce(into: [:]) { $0[$1] = try stored.tensor($1).floats().map { Double($0) } }
    probe = try Probe(graph, sequence: Self.sequence, counts: Self.counts, context: 64) { _ in true }
  }

  func load(_ name: String) -> [Double] { weights[name] ?? [] }
}

@Suite struct ProbeTests {
  @Test(arguments: ["gpt2", "llama"])
  func `attention and the last reading are the model's own`(family: String) throws {
    let model = try ProbedModel(family)
    let look = try model.probe.look(model.load)
    let rows = model.probe.tokens.count
    for layer in look.attention {
      #expect(layer.pattern.count == layer.heads * rows * rows)
      for row in 0..<layer.heads * rows {
        let shares = layer.pattern[row * rows..<(row + 1) * rows]
        #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
        #expect(shares.dropFirst(row % rows + 1).allSatisfy { $0 == 0 }, "a row sees what comes later")
      }
    }
    // The same model with caches, as it runs; its stream gives the middle depths by the graph's own tail.
    var streams: [String: HostArray<Double>] = [:]
    var evaluator = try PreciseEvaluator(graph: model.graph, weights: model.load, context: 64)
    let logits = try evaluator.step(tokens: model.probe.tokens) { node, value in streams[node.name] = value }
    let layers = look.attention.count
    #expect(look.readings.count == layers + 1)
    for row in 0..<rows {
      let reading = look.readings[layers][row]
      let powers = logits.row(row).map { exp($0) }
      let share = powers[Int(model.probe.targets[row])] / powers.reduce(0, +)
      #expect(abs(reading.target - share) < 1e-12)
      #expect(Int(reading.token) == powers.indices.max { powers[$0] < powers[$1] })
      #expect(abs(reading.probability - (powers.max() ?? 0) / powers.reduce(0, +)) < 1e-12)
    }
    let stream = try #require(streams["blocks.0.resid_post"])
    let head = model.weights["output.weight"] ?? model.load("token_embd.weight")
    let middle = look.readings[1][rows - 1]
    let scores = score(Array(stream.row(rows - 1)), model, isCentred: family == "gpt2", head)
    let powers = scores.map { exp($0) }
    #expect(abs(middle.target - powers[Int(model.probe.targets[rows - 1])] / powers.reduce(0, +)) < 1e-12)
  }

  /// The final norm and the head, written out.
  private func score(_ x: [Double], _ model: ProbedModel, isCentred: Bool, _ head: [Double]) -> [Double] {
    let mean = isCentred ? x.reduce(0, +) / Double(x.count) : 0
    let spread = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
    var epsilon = 0.0
    for node in model.graph.nodes {
      switch node.op {
      case .layerNorm(let value), .rmsNorm(let value): epsilon = Double(value)
      default: break
      }
    }
    let (weight, bias) = (model.load("output_norm.weight"), model.weights["output_norm.bias"])
    let y = x.indices.map { (x[$0] - mean) / (spread + epsilon).squareRoot() * weight[$0] + (bias?[$0] ?? 0) }
    return (0..<head.count / x.count).map { row in y.indices.reduce(0) { $0 + y[$1] * head[row * x.count + $1] } }
  }

  @Test(arguments: ["gpt2", "llama", "gemma3", "mixtral"])
  func `gradients are what small changes of the weights show`(family: String) throws {
    let model = try ProbedModel(family)
    let pass = try model.probe.pass(model.load)
    #expect(pass.loss > 0)
    let blocks = pass.blocks.filter { $0.isWeight }
    #expect(Set(blocks.map(\.name)) == Set(model.graph.weights.map(\.name)))
    #expect(!pass.blocks.contains { $0.name.contains("slice_") || $0.name.contains("reshape_") })
    for block in blocks {
      let gradient = try #require(pass.values[block.gradient ?? -1], "\(block.name)")
      let place = try #require(gradient.values.indices.max { abs(gradient.values[$0]) < abs(gradient.values[$1]) })
      func loss(_ change: Double) throws -> Double {
        try model.probe.pass { name in
          var values = model.load(name)
          if name == block.name { values[place] += change }
          return values
        }.loss
      }
      let slope = (try loss(1e-5) - loss(-1e-5)) / 2e-5
      #expect(abs(slope - gradient.values[place]) <= 1e-6 * max(1, abs(slope)), "\(block.name)")
    }
  }

  @Test(arguments: ["gpt2", "llama", "gemma3", "mixtral", "qwen3-next"])
  func `every formula gives the value that it explains`(family: String) throws {
    let pass = try pass(of: ProbedModel(family))
    #expect(pass.steps.map(\.phase.rawValue) == pass.steps.map(\.phase.rawValue).sorted(by: { order($0) < order($1) }))
    #expect(try check(pass).isEmpty)
    // Views too: a fused projection's queries are a step of their own.
    let made = Set(pass.steps.map(\.node))
    #expect(pass.blocks.allSatisfy { $0.isWeight || made.contains($0.node) })
  }

  /// Soft-capped scores, windows, attention sinks, experts with biases and bounds, recurrences without a correction.
  @Test(.enabled(if: TestData.isExpected), arguments: ["gemma2", "gpt-oss", "mamba2"])
  func `formulas hold in models that bound their scores, or fade`(family: String) throws {
    #expect(try check(pass(of: ProbedModel(at: TestData.url("oracles/\(family)")))).isEmpty)
  }

  private func pass(of model: ProbedModel) throws -> BackwardPass { try model.probe.pass(model.load) }

  /// Compares what the rules give, for many cells of every step, with the values; returns operations without a rule.
  private func check(_ pass: BackwardPass) throws -> Set<String> {
    var untold: Set<String> = []
    for step in pass.steps {
      let node = pass.graph.nodes[step.node]
      let value = try #require(pass.values[step.node])
      let count = value.values.count
      for place in Set(stride(from: 0, to: count, by: max(1, count / 61))).union([count - 1]) {
        var (index, rest) = ([Int](repeating: 0, count: value.shape.count), place)
        for dimension in index.indices.reversed() {
          index[dimension] = rest % value.shape[dimension]
          rest /= value.shape[dimension]
        }
        guard let told = pass.explanation(of: step.node, at: index) else {
          untold.insert(node.op.mnemonic)
          continue
        }
        let (own, real) = (told.value, value.values[place])
        #expect(own == real || abs(own - real) <= 1e-9 * max(1, abs(real)), "\(node.op.mnemonic) \(node.name) \(index)")
        #expect(!told.words.isEmpty && !told.symbols.isEmpty)
      }
    }
    return untold
  }

  @Test func `a turned number is told with its angle, and its gradient turns back`() throws {
    let pass = try pass(of: ProbedModel("llama"))
    for (name, sign) in [("blocks.1.attn.rot_q", "−"), ("grad.blocks.1.attn.q", "+")] {
      let node = try #require(pass.graph.node(named: name))
      let told = try #require(pass.explanation(of: node, at: [3, 1, 0]))
      #expect(told.numbers.hasPrefix("position 3: ") && told.symbols.contains("\(sign) "), "\(told)")
    }
  }

  private func order(_ phase: String) -> Int { ["forward", "loss", "backward"].firstIndex(of: phase) ?? 3 }

  @Test func `what cannot be followed is refused`() throws {
    let graph = try ProbedModel("gpt2").graph
    #expect(throws: ProbeError.self) { try Probe(graph, sequence: [1], context: 64) { _ in true } }
    #expect(throws: ProbeError.self) {
      try Probe(graph, sequence: [Int32](repeating: 1, count: 1 << 18), context: 64) { _ in true }
    }
    let pass = try ProbedModel("gpt2").probe.pass(ProbedModel("gpt2").load)
    #expect(pass.explanation(of: 1 << 20, at: [0]) == nil)
    #expect(pass.explanation(of: pass.steps[0].node, at: [-1, 0]) == nil)
  }

  @Test(arguments: [
    (0.0, "0"), (1234.5678, "1235"), (-0.012345, "−0.01235"), (1.5e-7, "1.5e−7"), (.infinity, "∞"), (2, "2"),
    (0.9999999, "1"), (-3.25e8, "−3.25e8"),
  ])
  func `numbers have four digits`(value: Double, text: String) {
    #expect(CellExplanation.text(value) == text)
  }
}
