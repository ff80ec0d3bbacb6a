#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a token was chosen from: the model's own logits at that step, before biases, penalties and temperature.
public struct TokenChoice: Hashable, Sendable {
  /// The token taken.
  public let token: Int32
  public let logit: Float
  /// 0 for the likeliest token; of equal logits the lower token comes first.
  public let rank: Int
  /// ln Σ exp(logit) over the whole vocabulary.
  public let logSum: Double
  /// Of the whole distribution, in nats.
  public let entropy: Double
  /// Tokens of the vocabulary.
  public let vocabulary: Int
  /// The tokens with the largest logits, largest first, and those logits.
  public let tokens: [Int32]
  public let logits: [Float]

  /// Reads logits `[vocabulary]`, which must hold a finite one and none that is NaN; `kept` is how many to keep.
  init(of token: Int32, in logits: UnsafeBufferPointer<Float>, keeping kept: Int) {
    self.token = token
    let own = logits[Int(token)]
    (logit, vocabulary) = (own, logits.count)
    var candidates = Candidates()
    candidates.take(logits, largest: max(1, kept))
    let largest = candidates.largestFirst
    (tokens, self.logits) = (largest.map(\.token), largest.map(\.logit))
    let peak = Double(largest.first?.logit ?? own)
    var (sum, weighted, better) = (0.0, 0.0, 0)
    for (index, value) in logits.enumerated() {
      if value > own || value == own && index < Int(token) { better += 1 }
      let distance = Double(value) - peak
      // Below this a share is no number any more, and −∞ × 0 would be none.
      guard distance > -700 else { continue }
      let share = exp(distance)
      sum += share
      weighted += share * distance
    }
    rank = better
    logSum = peak + log(sum)
    entropy = max(0, log(sum) - weighted / sum)
  }

  private init(_ other: TokenChoice, index: Int) {
    (token, logit, rank) = (other.tokens[index], other.logits[index], index)
    (logSum, entropy, vocabulary) = (other.logSum, other.entropy, other.vocabulary)
    (tokens, logits) = (other.tokens, other.logits)
  }

  /// The same step with another token taken; nil for one that is not among those kept.
  public func taking(_ token: Int32) -> TokenChoice? {
    tokens.firstIndex(of: token).map { TokenChoice(self, index: $0) }
  }

  /// The probability of `token` at temperature 1.
  public var probability: Double { exp(Double(logit) - logSum) }
}
