public import Generation
public import GraphIR
public import Runtime
import Synchronization

/// One change to a running model.
public enum Edit: Hashable, Sendable {
  /// A head's mixed values times `by`; 0 silences it.
  case head(layer: Int, head: Int, by: Float)
  /// What a layer's attention, its network or both add to the stream, times `by`.
  case layer(Int, part: Part, by: Float)
  /// The weight of an expert times `by`; the others keep theirs.
  case expert(layer: Int, expert: Int, by: Float)
  /// A neuron's activation times `by`.
  case neuron(layer: Int, neuron: Int, by: Float)
  /// `vector · strength` added to the stream before a layer, at positions from `from` on.
  case steering(layer: Int, vector: [Float], strength: Float, from: Int)
  /// The stream before a layer at one position replaced by `vector`.
  case patch(layer: Int, position: Int, vector: [Float])

  public enum Part: String, Hashable, Sendable, CaseIterable { case attention, network, both }
}

/// A set of edits of one model: the graph's edits, which are planned, and their numbers, which are not.
public final class EditSet: RowInputs, Sendable {
  public let graphEdits: [GraphEdit]
  private let map: LayerMap
  private let numbers: Mutex<Numbers>

  private struct Numbers {
    /// By input: rows that are the same at every position, then changes by position.
    var factors: [String: [Float]] = [:]
    var terms: [String: [(vector: [Float], from: Int)]] = [:]
    var patches: [String: [Int: [Float]]] = [:]
  }

  /// Throws `LensError` for a layer, head, expert, neuron or width that the model does not have.
  public init(_ edits: [Edit], of graph: Graph) throws(LensError) {
    map = try LayerMap(graph)
    var numbers = Numbers()
    var graphEdits: [String: GraphEdit] = [:]
    for edit in edits { try Self.add(edit, map, graph, &graphEdits, &numbers) }
    self.graphEdits = graphEdits.values.sorted { $0.value < $1.value }
    self.numbers = Mutex(numbers)
  }

  /// Takes the numbers of other edits of the same places: strengths change without planning.
  ///
  /// Returns false, changing nothing, where the places differ.
  public func take(_ other: EditSet) -> Bool {
    guard other.graphEdits == graphEdits else { return false }
    let new = other.numbers.withLock { $0 }
    numbers.withLock { $0 = new }
    return true
  }

  public func fill(_ input: String, position: Int, row: UnsafeMutableBufferPointer<Float>) {
    numbers.withLock { numbers in
      if let factors = numbers.factors[input] {
        for index in row.indices { row[index] = factors[min(index, factors.count - 1)] }
      } else if input.hasPrefix("edit.factor.") {
        let value = String(input.dropFirst("edit.factor.".count))
        row.update(repeating: numbers.patches[value]?[position] == nil ? 1 : 0)
      } else {
        row.update(repeating: 0)
        let value = String(input.dropFirst("edit.term.".count))
        if let patch = numbers.patches[value]?[position] {
          for index in row.indices { row[index] = patch[index] }
          return
        }
        for term in numbers.terms[value] ?? [] where position >= term.from {
          for index in row.indices { row[index] += term.vector[index] }
        }
      }
    }
  }

  private static func add(
    _ edit: Edit, _ map: LayerMap, _ graph: Graph, _ edits: inout [String: GraphEdit], _ numbers: inout Numbers
  ) throws(LensError) {
    func layer(_ index: Int) throws(LensError) -> LayerMap.Layer {
      guard map.layers.indices.contains(index) else {
        throw .range("layer \(index) is asked for; the model has \(map.layers.count)")
      }
      return map.layers[index]
    }
    /// Sets one of `count` factors of a value.
    func scale(
      _ value: String, _ factor: GraphEdit.Factor, _ index: Int, of count: Int, by: Float, what: String
    ) throws(LensError) {
      guard (0..<count).contains(index) else { throw .range("\(what) \(index) is asked for; there are \(count)") }
      guard by.isFinite else { throw .range("a factor must be a number") }
      if let known = edits[value]?.factor, known != factor {
        throw .unsupported("\(value) is edited in two ways at once")
      }
      let edit = GraphEdit(value, factor: factor, hasTerm: edits[value]?.hasTerm ?? false)
      edits[value] = edit
      numbers.factors[edit.factorInput, default: [Float](repeating: 1, count: count)][index] *= by
    }
    switch edit {
    case .head(let index, let head, let by):
      guard let site = try layer(index).attention else { throw .unsupported("layer \(index) has no attention heads") }
      try scale(site.mixed, .head, head, of: site.heads, by: by, what: "head")
    case .layer(let index, let part, let by):
      let additions = try layer(index).additions.filter { name in
        part == .both || name.hasSuffix("attn_out") == (part == .attention)
      }
      guard !additions.isEmpty else {
        throw .unsupported("layer \(index) adds to the stream in a way that has no name to scale")
      }
      for name in additions { try scale(name, .row, 0, of: 1, by: by, what: "layer") }
    case .expert(let index, let expert, let by):
      guard let site = try layer(index).experts else { throw .unsupported("layer \(index) has no experts") }
      try scale(
        site.weights, .expert(count: site.count, choice: site.choice), expert, of: site.count, by: by, what: "expert")
    case .neuron(let index, let neuron, let by):
      guard let site = try layer(index).neurons else { throw .unsupported("layer \(index) has no dense network") }
      try scale(site.name, .element, neuron, of: site.count, by: by, what: "neuron")
    case .steering(let index, let vector, let strength, let from):
      let name = try layer(index).before
      try check(vector, map)
      guard strength.isFinite else { throw .range("a strength must be a number") }
      edits[name] = GraphEdit(name, factor: edits[name]?.factor, hasTerm: true)
      numbers.terms[name, default: []].append((vector.map { $0 * strength }, from))
    case .patch(let index, let position, let vector):
      let name = try layer(index).before
      try check(vector, map)
      guard position >= 0 else { throw .range("position \(position) is asked for") }
      edits[name] = GraphEdit(name, factor: .row, hasTerm: true)
      numbers.patches[name, default: [:]][position] = vector
    }
  }

  private static func check(_ vector: [Float], _ map: LayerMap) throws(LensError) {
    guard vector.count == map.hiddenSize, vector.allSatisfy(\.isFinite) else {
      throw .range("a vector of \(vector.count) numbers is given; the stream has \(map.hiddenSize)")
    }
  }
}

extension EditSet {
  /// A recordable model beside `model` with these edits; its sessions want `inputs` to be this set.
  public func model(beside model: LanguageModel) throws -> LanguageModel {
    try Recording.recordable(model, graph: model.graph.edited(graphEdits))
  }
}

extension Recording {
  /// The stream before a layer at a position less that of another run: a steering vector.
  public func steering(layer: Int, position: Int, less other: Recording, at otherPosition: Int) throws -> [Float]? {
    guard map.layers.indices.contains(layer), other.map.hiddenSize == map.hiddenSize else {
      throw LensError.range("layer \(layer) is asked for; the model has \(map.layers.count)")
    }
    let name = map.layers[layer].before
    guard let a = try values(name, position..<position + 1),
      let b = try other.values(other.map.layers[layer].before, otherPosition..<otherPosition + 1)
    else { return nil }
    return zip(a, b).map { $0 - $1 }
  }
}
