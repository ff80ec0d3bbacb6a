/// Some sequences and what should follow in them: what one forward and backward pass reads.
///
/// Sequences do not see each other; a row's position counts from its own sequence's start.
public struct TrainingBatch: Sendable, Equatable {
  /// A run of rows that see one another.
  public struct Sequence: Sendable, Hashable {
    public var start: Int
    public var count: Int
    public init(start: Int, count: Int) { (self.start, self.count) = (start, count) }

    public var range: Range<Int> { start..<start + count }
  }

  /// `[T]`, all sequences one after the other.
  public var tokens: [Int32]
  /// In order, each starts where the one before it ends.
  public var sequences: [Sequence]
  /// `[R]`, the token that each asked row should give.
  public var targets: [Int32]
  /// `[R]`; the loss is the sum of weighted row losses, so `1 / R` each makes it the mean, 0 leaves a row out.
  public var targetWeights: [Float]
  /// `[T]`, shares of rows in the load-balancing loss, with sum 1; may be empty where the graph has no such loss.
  public var tokenWeights: [Float]
  /// `[T]`, 24 random bits of each row's own, where the graph has dropout.
  public var dropoutKeys: [Int32]
  /// `[R]`, the rows whose logits are asked for; nil for all. Only engines with `choosesRows` take some.
  public var rows: [Int32]?

  public init(
    tokens: [Int32], sequences: [Sequence], targets: [Int32], targetWeights: [Float], tokenWeights: [Float] = [],
    dropoutKeys: [Int32] = [], rows: [Int32]? = nil
  ) {
    (self.tokens, self.sequences, self.targets) = (tokens, sequences, targets)
    (self.targetWeights, self.tokenWeights, self.rows) = (targetWeights, tokenWeights, rows)
    self.dropoutKeys = dropoutKeys
  }
}
