/// Chooses tokens from logits, in the order of llama.cpp's sampler chain.
///
/// Logit bias → penalties → top-k → typical → top-p → min-p → temperature → one draw. Each filter's probabilities are
/// those of the tokens that the filters before it left. Once its buffers have grown to the vocabulary it allocates
/// nothing; the random numbers are its own, so a seed means the same on every machine.
public struct Sampler: Sendable {
  public let settings: SamplerSettings
  /// What the random numbers began with; given again as `settings.seed` it repeats the choices.
  public let seed: UInt64
  private var random: RandomNumbers
  private var recent: RecentTokens
  /// Logits after biases and penalties; empty where the settings have neither.
  private var changed: [Float] = []
  private var candidates = Candidates()

  public init(settings: SamplerSettings) {
    self.settings = settings
    seed = settings.seed ?? UInt64.random(in: 0...UInt64.max)
    random = RandomNumbers(seed: seed)
    recent = RecentTokens(window: settings.hasPenalties ? settings.penaltyWindow : 0)
  }

  /// Lets penalties see tokens: those of the prompt, and each one that was chosen and kept.
  public mutating func observe(_ tokens: some Sequence<Int32>) {
    for token in tokens { recent.append(token) }
  }

  /// Lets penalties see one token.
  public mutating func observe(_ token: Int32) { recent.append(token) }

  /// The next token of logits `[vocabulary]`. Throws `SamplerError` for a NaN, naming its token.
  public mutating func sample(_ logits: UnsafeBufferPointer<Float>) throws(SamplerError) -> Int32 {
    try withChanged(logits) { sampler, logits throws(SamplerError) in
      let largest = try Self.largest(logits)
      if sampler.settings.temperature <= 0 { return Self.first(largest, in: logits) }
      sampler.filter(logits)
      return sampler.candidates.draw(sampler.random.unit())
    }
  }

  /// The next token of logits `[vocabulary]`. Throws `SamplerError` for a NaN, naming its token.
  public mutating func sample(_ logits: [Float]) throws(SamplerError) -> Int32 {
    try logits.withUnsafeBufferPointer { logits throws(SamplerError) in try sample(logits) }
  }

  /// The tokens that `sample` would draw from with their probabilities, likeliest first. Allocates.
  public mutating func distribution(_ logits: [Float]) throws(SamplerError) -> [(token: Int32, probability: Double)] {
    try logits.withUnsafeBufferPointer { logits throws(SamplerError) in
      try withChanged(logits) { sampler, logits throws(SamplerError) in
        let largest = try Self.largest(logits)
        if sampler.settings.temperature <= 0 { return [(Self.first(largest, in: logits), 1)] }
        sampler.filter(logits)
        return sampler.candidates.probabilities
      }
    }
  }

  /// Calls `body` with the logits after biases and penalties: the given ones where the settings have neither.
  private mutating func withChanged<Result>(
    _ logits: UnsafeBufferPointer<Float>,
    _ body: (inout Sampler, UnsafeBufferPointer<Float>) throws(SamplerError) -> Result
  ) throws(SamplerError) -> Result {
    if settings.logitBias.isEmpty && !settings.hasPenalties { return try body(&self, logits) }
    var changed: [Float] = []
    swap(&changed, &self.changed)
    defer { swap(&changed, &self.changed) }
    if changed.count != logits.count { changed = [Float](repeating: 0, count: logits.count) }
    changed.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: logits) }
    for (token, bias) in settings.logitBias {
      guard changed.indices.contains(Int(token)) else {
        throw .biasOutOfRange(token: token, vocabulary: changed.count)
      }
      changed[Int(token)] += bias
    }
    recent.penalise(&changed, settings)
    return try changed.withUnsafeBufferPointer { changed throws(SamplerError) in try body(&self, changed) }
  }

  /// Takes over another's random numbers and what it has seen, so that alike logits give alike tokens.
  mutating func follow(_ other: Sampler) { (random, recent) = (other.random, other.recent) }

  private mutating func filter(_ logits: UnsafeBufferPointer<Float>) {
    candidates.take(logits, largest: settings.topK)
    if settings.typicalP < 1 { candidates.keepTypical(settings.typicalP) }
    if settings.topP < 1 { candidates.keepTop(settings.topP) }
    if settings.minP > 0 { candidates.keepAbove(settings.minP) }
    candidates.weigh(temperature: settings.temperature)
  }
}

/// xoshiro256** (Blackman and Vigna, 2018), its state from SplitMix64.
struct RandomNumbers: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  init(seed: UInt64) {
    var mixer = seed
    func next() -> UInt64 {
      mixer &+= 0x9E37_79B9_7F4A_7C15
      var z = mixer
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    state = (next(), next(), next(), next())
  }

  mutating func next() -> UInt64 {
    func rotate(_ x: UInt64, _ by: UInt64) -> UInt64 { (x << by) | (x >> (64 - by)) }
    let result = rotate(state.1 &* 5, 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = rotate(state.3, 45)
    return result
  }

  /// In [0, 1), 53 bits.
  mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
