public import GraphIR
public import Runtime

extension LanguageModel {
  /// A model beside this one that shares its packed weights, threads and texts: other values kept, or an edited graph.
  ///
  /// Costs the planning and an arena of its own; steps of both take turns. `chunk` bounds the rows of a step, and so the
  /// arena. With `keepsAllRows` states forget nothing, which windows do otherwise. Throws `PlanError` for a name that the
  /// graph lacks and for weights that this model does not hold.
  public func variant(
    graph: Graph? = nil, keeping taps: Set<String> = [], chunk: Int? = nil, outputRows: Int? = nil,
    keepsAllRows: Bool = false
  ) throws -> LanguageModel {
    var options = options
    (options.taps, options.sequences) = (taps, 1)
    if let chunk { options.chunk = max(1, chunk) }
    if let outputRows { options.outputRows = outputRows }
    let graph = graph ?? self.graph
    return try LanguageModel(sharing: self, graph: keepsAllRows ? graph.keepingAllRows : graph, options: options)
  }

  /// The printed programs, for comparing what two models run.
  package var programDescriptions: [String] { engine.programDescriptions }
}

extension Session {
  /// Whether positions that were read can be read again: no state of the model is recurrent, and none has wrapped.
  public var canReplay: Bool { !states.isRecurrent && states.leastRing == nil }

  /// Runs `tokens`, which the session holds from `position` on, once more through `variant`, a variant of this session's
  /// model with the same states, and shows what it keeps.
  ///
  /// A row's result depends on nothing beside its own sequence, so values are those of the first time. Rows come in steps
  /// of at most the variant's chunk. Returns false where idle work must wait and some rows were not read; asks for
  /// `canReplay`.
  public func replay(
    _ all: [Int32], at position: Int, through variant: LanguageModel, rows: Rows? = nil, urgency: Urgency,
    read: (Executor, Range<Int>) throws -> Void
  ) throws -> Bool {
    guard canReplay, position >= 0, position + all.count <= model.context else {
      throw SessionError.missing("\(all.count) tokens at \(position) cannot be read again")
    }
    var start = 0
    while start < all.count {
      let count = min(
        rows == .all ? min(variant.engine.chunk, variant.engine.outputRows) : variant.engine.chunk,
        all.count - start)
      let first = position + start
      let wanted = rows == .all ? (0..<count).map { Int32($0) } : []
      let done: Void? = try all.withUnsafeBufferPointer { all in
        try wanted.withUnsafeBufferPointer { wanted in
          try variant.engine.idleStep(
            UnsafeBufferPointer(rebasing: all[start..<start + count]), at: first, rows: wanted, states: states,
            inputs: inputs, urgency: urgency
          ) { try read($0, first..<first + count) }
        }
      }
      if done == nil { return false }
      start += count
    }
    return true
  }

  /// Attention of one head at one position, from its query; see `Executor.attentionRow`.
  public func attentionRow(
    of site: String, head: Int, position: Int, query: UnsafePointer<Float>, isPattern: Bool = true,
    into row: UnsafeMutableBufferPointer<Float>
  ) -> Float? {
    guard canReplay, position < model.context else { return nil }
    return model.engine.smallest.attentionRow(
      of: site, head: head, position: position, query: query, states: states, isPattern: isPattern, into: row)
  }

  /// A kept key `[width]` as a head's attention reads it.
  public func key(of site: String, head: Int, position: Int) -> [Float]? {
    guard canReplay, position < model.context else { return nil }
    return model.engine.smallest.key(of: site, head: head, position: position, states: states)
  }
}
