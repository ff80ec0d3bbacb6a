/// Tokens in a row, and which of them are to be learnt.
public struct TrainingSequence: Hashable, Sendable {
  /// At least two: each is to be foretold from those before it.
  public var tokens: [Int32]
  /// Of each token after the first, whether its loss counts; empty where all count.
  public var counts: [Bool]

  public init(_ tokens: [Int32], counts: [Bool] = []) { (self.tokens, self.counts) = (tokens, counts) }

  /// Rows that the model reads: all tokens but the last.
  public var rowCount: Int { tokens.count - 1 }

  /// Rows whose loss counts.
  public var countedRows: Int { counts.isEmpty ? rowCount : counts.count { $0 } }
}

/// What a model learns from: sequences without end, and others kept apart.
///
/// The order is a pure function of seed and step, so a run that goes on needs nothing but its step's number.
public protocol TrainingData: Sendable {
  /// Different tokens.
  var vocabularySize: Int { get }
  /// The longest sequence's rows.
  var longestRows: Int { get }

  /// `count` sequences of one step.
  func sequences(step: Int, seed: UInt64, count: Int) throws -> [TrainingSequence]

  /// All that validation sees, none of which `sequences` gives.
  var heldOut: [TrainingSequence] { get }

  /// Whether a sequence has one right answer, so that the share of right ones can be counted.
  var hasAnswers: Bool { get }

  /// One line about it: how much there is.
  var summary: String { get }
}

/// Data that cannot be learnt from: which, and why.
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
  public let path: String
  public let reason: String

  public init(path: String, reason: String) { (self.path, self.reason) = (path, reason) }
  public var description: String { "\(path): \(reason)" }
}
