public import Kernels
public import Runtime

/// How an engine is planned.
public struct TrainingEngineOptions: Sendable {
  /// The most rows of a batch, over all its sequences.
  public var maximumTokens: Int
  /// Threads of a team of its own, where `team` is nil; 0 means one for each processor.
  public var threads = 0
  /// Threads that the engine shares with others, who must not run at the same time.
  public var team: ThreadTeam?
  /// How the factors of matrix products are rounded; parameters, gradients and sums stay float32.
  public var products = ProductPrecision.float32
  /// Names of values that are kept after a run: the forward pass's, and `grad.NAME` of their gradients.
  public var taps: Set<String> = []
  /// Whether batches say which rows' logits are asked for; without it all rows are.
  public var choosesRows = false
  /// The longest sequence, which some rotary embeddings depend on; nil for `maximumTokens`.
  public var context: Int?

  public init(maximumTokens: Int) { self.maximumTokens = maximumTokens }
}
