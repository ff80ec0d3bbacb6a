import Generation
import GraphIR
import Lens
import Reference
import Runtime
import TestSupport
import Testing

@Suite(.enabled(if: TestData.isExpected)) struct EditTests {
  /// A run of an edited model beside `model`.
  static func edited(_ model: LanguageModel, _ edits: [Edit], _ tokens: [Int32]) throws -> Recording {
    let set = try EditSet(edits, of: model.graph)
    let session = try set.model(beside: model).session()
    session.inputs = set
    let recording = try Recording(session)
    try session.append(tokens)
    return recording
  }

  @Test func `edits without effect give the unedited numbers`() throws {
    for family in ["gpt2", "llama", "gemma3", "mixtral"] {
      let tokens = try Models.tokens(family)
      let model = try Models.exact(Models.oracle(family))
      let plain = try Models.recording(model, tokens)
      var edits: [Edit] = [.head(layer: 0, head: 1, by: 1), .layer(1, part: .both, by: 1)]
      edits.append(
        plain.map.layers[0].experts == nil
          ? .neuron(layer: 0, neuron: 3, by: 1) : .expert(layer: 0, expert: 2, by: 1))
      edits.append(
        .steering(layer: 1, vector: [Float](repeating: 1, count: plain.map.hiddenSize), strength: 0, from: 0))
      let edited = try Self.edited(model, edits, tokens)
      #expect(edited.session.logits == plain.session.logits, "\(family)")
    }
  }

  @Test func `a silenced head adds nothing and the others keep their part`() throws {
    let tokens = try Models.tokens("llama")
    let model = try Models.exact(Models.oracle("llama"))
    let plain = try Models.recording(model, tokens)
    let last = plain.map.layers.count - 1
    let edited = try Self.edited(model, [.head(layer: last, head: 1, by: 0)], tokens)
    let site = try plain.site(last)
    let before = try #require(try plain.values(site.mixed, tokens.indices))
    let after = try #require(try edited.values(site.mixed, tokens.indices))
    let width = before.count / tokens.count / site.heads
    for (index, value) in after.enumerated() {
      #expect(value == (index / width % site.heads == 1 ? 0 : before[index]))
    }
    #expect(edited.session.logits != plain.session.logits)
    let parts = try #require(
      try Attribution(edited.session.model, lens: LogitLens(edited.session.model)).contributions(
        of: edited, position: tokens.count - 1, token: 5))
    #expect(parts.parts.first { $0.kind == .head && $0.layer == last && $0.head == 1 }?.value == 0)
    #expect(abs(parts.rest) <= 1e-3 * parts.magnitude)
  }

  @Test func `a silenced network leaves the stream as it is, a silenced expert gives nothing`() throws {
    let tokens = try Models.tokens("mixtral")
    let model = try Models.exact(Models.oracle("mixtral"))
    let silent = try Self.edited(model, [.layer(0, part: .network, by: 0)], tokens)
    let layer = silent.map.layers[0]
    let middle = try #require(layer.middle)
    #expect(try silent.values(middle, tokens.indices) == silent.values(layer.after, tokens.indices))
    let plain = try Models.recording(model, tokens)
    let site = try #require(plain.map.layers[0].experts)
    let choice = try #require(try plain.values(site.choice, tokens.indices))
    let expert = Int(choice[0])
    let edited = try Self.edited(model, [.expert(layer: 0, expert: expert, by: 0)], tokens)
    let before = try #require(try plain.values(site.weights, tokens.indices))
    let after = try #require(try edited.values(site.weights, tokens.indices))
    for index in after.indices { #expect(after[index] == (Int(choice[index]) == expert ? 0 : before[index])) }
  }

  @Test func `a patched position has the other run's stream, and steering adds its vector`() throws {
    let tokens = try Models.tokens("gpt2")
    let model = try Models.exact(Models.oracle("gpt2"))
    let plain = try Models.recording(model, tokens)
    let other = try Models.recording(model, tokens.reversed())
    let name = plain.map.layers[1].before
    let vector = try #require(try other.values(name, 2..<3))
    let patched = try Self.edited(model, [.patch(layer: 1, position: 3, vector: vector)], tokens)
    let rows = try #require(try patched.values(name, tokens.indices))
    let before = try #require(try plain.values(name, tokens.indices))
    let width = plain.map.hiddenSize
    #expect(Array(rows[3 * width..<4 * width]) == vector)
    #expect(rows[..<(3 * width)] == before[..<(3 * width)])
    let direction = try #require(try plain.steering(layer: 1, position: 4, less: other, at: 4))
    let steered = try Self.edited(model, [.steering(layer: 1, vector: direction, strength: 2, from: 2)], tokens)
    let moved = try #require(try steered.values(name, tokens.indices))
    for index in moved.indices {
      let expected = before[index] + (index / width >= 2 ? 2 * direction[index % width] : 0)
      #expect(abs(moved[index] - expected) <= 1e-5)
    }
  }

  @Test func `strengths change without planning, places do not`() throws {
    let graph = try Models.exact(Models.oracle("llama")).graph
    let set = try EditSet([.head(layer: 0, head: 0, by: 0)], of: graph)
    #expect(try set.take(EditSet([.head(layer: 0, head: 1, by: 0.5)], of: graph)))
    #expect(try !set.take(EditSet([.head(layer: 1, head: 1, by: 0.5)], of: graph)))
  }

  @Test func `what the model does not have is an error`() throws {
    let graph = try Models.exact(Models.oracle("llama")).graph
    for edit: Edit in [
      .head(layer: 99, head: 0, by: 0), .head(layer: 0, head: 99, by: 0), .head(layer: 0, head: -1, by: 0),
      .expert(layer: 0, expert: 0, by: 0), .neuron(layer: 0, neuron: 1 << 20, by: 0),
      .head(layer: 0, head: 0, by: .nan), .steering(layer: 0, vector: [1], strength: 1, from: 0),
      .patch(layer: 0, position: 0, vector: []),
    ] {
      #expect(throws: LensError.self) { try EditSet([edit], of: graph) }
    }
    #expect(throws: GraphError.self) { try graph.edited([GraphEdit("nothing", factor: .row)]) }
    #expect(throws: GraphError.self) { try graph.edited([GraphEdit("blk.0.attn_q.weight", factor: .row)]) }
    #expect(throws: GraphError.self) { try graph.edited([GraphEdit("embed", factor: .head)]) }
  }

  @Test func `an edited graph is the edited model in double precision too`() throws {
    // A scaled network by hand: stream after the layer = stream between its halves + half of what the network gives.
    let path = Models.oracle("llama")
    let tokens = try Models.tokens("llama")
    let edited = try Self.edited(Models.exact(path), [.layer(0, part: .network, by: 0.5)], tokens)
    let values = try Models.reference(path, tokens)
    let layer = edited.map.layers[0]
    let name = try #require(layer.middle)
    let (middle, added) = (try #require(values[name]), try #require(values["blocks.0.mlp_out"]))
    let after = try #require(try edited.values(layer.after, tokens.indices))
    #expect(Models.worst(after, zip(middle.values, added.values).map { $0 + 0.5 * $1 }) <= 1e-4)
  }
}
