public import Runtime

/// The precision in which matrix products read their operands; sums are float32 in both.
public enum ProductPrecision: String, Hashable, Sendable, CaseIterable {
  case float32
  /// Operands are rounded to bfloat16; only where the processor multiplies those.
  case bfloat16
}

/// How an engine is planned.
public struct TrainingEngineOptions: Sendable {
  /// The most rows of a batch, over all its sequences.
  public var maximumTokens: Int
  /// Threads of a team of its own, where `team` is nil; 0 means one for each processor.
  public var threads = 0
  /// Threads that the engine shares with others, who must not run at the same time.
  public var team: ThreadTeam?
  public var products = ProductPrecision.float32
  /// Names of values that are kept after a run: the forward pass's, and `grad.NAME` of their gradients.
  public var taps: Set<String> = []
  /// Whether batches say which rows' logits are asked for; without it all rows are.
  public var choosesRows = false
  /// The longest sequence, which some rotary embeddings depend on; nil for `maximumTokens`.
  public var context: Int?

  public init(maximumTokens: Int) { self.maximumTokens = maximumTokens }
}
