public import Generation
public import GraphIR
public import Runtime
import Synchronization
import TensorCore

/// A run of a model with what was kept of it: tokens, the residual stream and the queries at every position.
///
/// Attention patterns are not kept: a head's row is worked out again, exactly, from its query and the session's keys.
/// What the budget made it drop, or what was never kept, is read again from the session's states: see `values`.
public final class Recording: SessionObserver, Sendable {
  public let session: Session
  public let map: LayerMap
  /// Bytes that kept values may take.
  public let budget: Int
  /// Names kept of every step.
  public let keptNames: [String]
  let kept: Mutex<KeptValues>
  private let replays = Mutex<[String: LanguageModel]>([:])

  /// Kept values take at most so much unless a caller says otherwise.
  public static let standardBudget = 1 << 30

  /// Records `session` from now on; its model must be one of `recordable`. Throws `LensError`.
  public init(_ session: Session, budget: Int = standardBudget) throws {
    (self.session, self.budget) = (session, budget)
    map = try LayerMap(session.model.graph)
    keptNames = Self.names(map)
    let widths = keptNames.map { name in
      session.model.graph.node(named: name).map { node in
        session.model.graph.nodes[node].shape.dropFirst().reduce(1) { $0 * $1.size() }
      } ?? 0
    }
    guard Set(keptNames).isSubset(of: session.model.options.taps) else {
      throw LensError.unsupported("the session's model keeps nothing to record; make it with `recordable`")
    }
    kept = Mutex(KeptValues(names: keptNames, widths: widths, budget: budget))
    session.observer = self
  }

  /// What is kept by default: the stream before and within every layer and after the last, queries, and experts.
  static func names(_ map: LayerMap) -> [String] {
    var names: [String] = []
    for layer in map.layers {
      names +=
        [layer.before]
        + [layer.middle, layer.attention?.query, layer.experts?.choice, layer.experts?.weights].compactMap(\.self)
    }
    names.append(map.finalStream)
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }

  /// Rows of one step of a recordable model: what they keep stays in the arena until it is copied.
  static let chunk = 128

  /// A model beside `model` whose sessions can be recorded; `graph` for an edited one.
  public static func recordable(_ model: LanguageModel, graph: Graph? = nil) throws -> LanguageModel {
    let map = try LayerMap(graph ?? model.graph)
    return try model.variant(
      graph: graph, keeping: Set(names(map)), chunk: min(model.options.chunk, chunk), keepsAllRows: true)
  }

  public func took(_ tokens: UnsafeBufferPointer<Int32>, at position: Int, from executor: Executor) {
    kept.withLock { $0.take(tokens, at: position, from: executor) }
  }

  /// The tokens whose values are there.
  public var tokens: [Int32] { kept.withLock { $0.tokens } }

  /// Rises whenever positions are forgotten, so that a reader sees that what it read is of another text.
  public var version: Int { kept.withLock { $0.version } }

  /// What is held, and what the budget made it drop.
  public var memory: RecordingMemory {
    kept.withLock {
      RecordingMemory(
        bytes: $0.bytes, budget: budget, positions: $0.tokens.count, dropped: $0.dropped, perPosition: $0.rowBytes)
    }
  }

  /// Values of a name at some positions, `[positions, width]`: kept ones, or read again.
  ///
  /// Nil where reading again must wait for other work. Throws `LensError` for names and ranges that are not there, and
  /// for a model whose states cannot go back.
  public func values(
    _ name: String, _ positions: Range<Int>, urgency: Urgency = .view
  ) throws -> [Float]? {
    try values([name], positions, urgency: urgency)?[name]
  }

  /// The same for several names, read together.
  public func values(
    _ names: [String], _ positions: Range<Int>, urgency: Urgency = .view
  ) throws -> [String: [Float]]? {
    try check(positions)
    var result: [String: [Float]] = [:]
    var missing: [String] = []
    var tokens: ArraySlice<Int32> = []
    kept.withLock { kept in
      tokens = kept.tokens[positions.clamped(to: 0..<kept.tokens.count)]
      for name in Set(names) {
        if let values = kept.values(name, positions) { result[name] = values } else { missing.append(name) }
      }
    }
    if missing.isEmpty { return result }
    let model = try replay(of: missing.sorted())
    for name in missing { result[name] = [] }
    let graph = session.model.graph
    let areAsked = missing.contains { name in
      graph.node(named: name).map { graph.nodes[$0].shape.first == .rows } ?? false
    }
    guard tokens.count == positions.count else { throw LensError.range("the run went back meanwhile") }
    let done = try session.replay(
      Array(tokens), at: positions.lowerBound, through: model, rows: areAsked ? .all : nil, urgency: urgency
    ) { executor, _ in
      for name in missing { result[name]? += executor.tap(name)?.values ?? [] }
    }
    return done ? result : nil
  }

  /// Numbers of one position's row of a value.
  ///
  /// Throws `LensError` for a name that the model does not have, and for rows as long as the text, which attention reads.
  public func width(of name: String) throws(LensError) -> Int {
    guard let node = session.model.graph.node(named: name) else {
      throw .unknown("the model has no value named \(name)")
    }
    let shape = session.model.graph.nodes[node].shape
    guard shape.first == .tokens || shape.first == .rows, !shape.contains(.context) else {
      throw .unsupported("\(name) has no rows of a fixed width")
    }
    return shape.dropFirst().reduce(1) { $0 * $1.size() }
  }

  func check(_ positions: Range<Int>) throws(LensError) {
    let count = kept.withLock { $0.tokens.count }
    guard positions.lowerBound >= 0, positions.upperBound <= count else {
      throw .range("positions \(positions) are asked for; the run has \(count)")
    }
  }

  /// A model of the same graph that keeps `names`; the last few are held on to.
  private func replay(of names: [String]) throws -> LanguageModel {
    let key = names.joined(separator: "\n")
    if let known = replays.withLock({ $0[key] }) { return known }
    for name in names {
      guard let node = session.model.graph.node(named: name) else {
        throw LensError.unknown("the model has no value named \(name)")
      }
      if case .weight = session.model.graph.nodes[node].op {
        throw LensError.unknown("\(name) is a weight, not a value of the run")
      }
    }
    guard session.canReplay else {
      throw LensError.unsupported(
        "\(names[0]) was not kept, and this architecture's states cannot go back to read it again")
    }
    let model = try session.model.variant(keeping: Set(names), chunk: 32, outputRows: 32)
    replays.withLock { replays in
      if replays.count >= 4 { replays.removeAll() }
      replays[key] = model
    }
    return model
  }
}

/// What a recording holds.
public struct RecordingMemory: Sendable {
  public let bytes: Int
  public let budget: Int
  public let positions: Int
  /// Positions whose kept values made room for later ones; they are read again when asked for.
  public let dropped: Range<Int>
  public let perPosition: Int
}
