import GraphIR

extension TrainingPlan {
  /// The sizes of a batch that fits; throws `TrainingEngineError.batch` for another.
  func check(_ batch: TrainingBatch, _ options: TrainingEngineOptions) throws(TrainingEngineError) -> Sizes {
    func require(_ fits: Bool, _ reason: @autoclosure () -> String) throws(TrainingEngineError) {
      if !fits { throw .batch(reason: reason()) }
    }
    let tokens = batch.tokens.count
    try require(tokens > 0, "has no tokens")
    try require(tokens <= options.maximumTokens, "has \(tokens) tokens; the plan is for \(options.maximumTokens)")
    var end = 0
    for sequence in batch.sequences {
      try require(
        sequence.start == end && sequence.count > 0 && sequence.count <= tokens - end,
        "has a sequence of \(sequence.count) tokens at \(sequence.start) where \(end) of \(tokens) are taken")
      try require(sequence.count <= context, "has a sequence of \(sequence.count) tokens; the context is \(context)")
      end += sequence.count
    }
    try require(end == tokens, "has \(tokens) tokens, of which \(end) are in sequences")
    for (row, token) in batch.tokens.enumerated() {
      try require(token >= 0 && token < vocabulary, "has token \(token) at row \(row), not below \(vocabulary)")
    }
    try require(options.choosesRows || batch.rows == nil, "asks for some rows of an engine that gives all")
    for row in batch.rows ?? [] {
      try require(row >= 0 && row < tokens, "asks for row \(row) of \(tokens)")
    }
    let rows = batch.rows?.count ?? tokens
    try require(rows > 0 && rows <= options.maximumTokens, "asks for \(rows) rows")
    if inputs["targets"] != nil {
      try require(batch.targets.count == rows, "has \(batch.targets.count) targets for \(rows) rows")
      for (row, target) in batch.targets.enumerated() {
        try require(target >= 0 && target < classes, "has target \(target) at row \(row), not below \(classes)")
      }
    }
    if inputs["target_weights"] != nil {
      try require(batch.targetWeights.count == rows, "has \(batch.targetWeights.count) target weights for \(rows) rows")
    }
    if inputs["token_weights"] != nil {
      try require(batch.tokenWeights.count == tokens, "has \(batch.tokenWeights.count) weights for \(tokens) tokens")
    }
    if inputs["dropout_keys"] != nil {
      try require(batch.dropoutKeys.count == tokens, "has \(batch.dropoutKeys.count) dropout keys for \(tokens) tokens")
      try require(batch.dropoutKeys.allSatisfy { (0..<1 << 24).contains($0) }, "has dropout keys beyond 24 bits")
    }
    return Sizes(
      tokens: tokens, rows: rows, sequences: batch.sequences.count,
      longest: batch.sequences.reduce(0) { max($0, $1.count) })
  }
}
