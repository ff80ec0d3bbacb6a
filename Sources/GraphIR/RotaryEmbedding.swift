/// Rotary position embedding (arXiv 2104.09864): pair `i` of a head turns by `position · frequency[i]`.
public struct RotaryEmbedding: Hashable, Sendable {
  /// Elements of each head that turn; the rest pass through.
  public var width: Int
  public var base: Double
  /// Pairs are `(2i, 2i + 1)` where true, `(i, i + width / 2)` otherwise.
  public var interleaved: Bool
  public var scaling: Scaling
  /// Multiplies cosine and sine (YaRN's and LongRoPE's attention factor).
  public var magnitude: Float
  /// Turns back instead: the gradient of a rotation.
  public var isReversed = false

  public enum Scaling: Hashable, Sendable {
    case none
    case linear(factor: Double)
    case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalContext: Int)
    /// arXiv 2309.00071.
    case yarn(factor: Double, originalContext: Int, betaFast: Double, betaSlow: Double, truncate: Bool)
    /// arXiv 2402.13753: one divisor a pair, `long` ones for contexts beyond the original.
    case longRope(short: [Double], long: [Double], originalContext: Int)
    /// One divisor a pair, as GGUF's `rope_freqs` gives them.
    case divisors([Double])
  }

  public init(
    width: Int, base: Double, interleaved: Bool = false, scaling: Scaling = .none, magnitude: Float = 1
  ) {
    (self.width, self.base, self.interleaved) = (width, base, interleaved)
    (self.scaling, self.magnitude) = (scaling, magnitude)
  }
}
