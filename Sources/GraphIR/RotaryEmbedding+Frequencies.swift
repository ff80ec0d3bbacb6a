#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension RotaryEmbedding {
  /// Radians a position, one a pair; `context` is the longest that will be used (LongRoPE chooses by it).
  public func frequencies(context: Int) -> [Double] {
    let forward = forwardFrequencies(context: context)
    return isReversed ? forward.map { -$0 } : forward
  }

  private func forwardFrequencies(context: Int) -> [Double] {
    let pairs = width / 2
    let plain = (0..<pairs).map { pow(base, -2 * Double($0) / Double(width)) }
    switch scaling {
    case .none: return plain
    case .linear(let factor): return plain.map { $0 / factor }
    case .llama3(let factor, let low, let high, let original):
      return plain.map { Self.llama3($0, factor: factor, low: low, high: high, original: Double(original)) }
    case .yarn(let factor, let original, let fast, let slow, let truncate):
      return yarn(plain, factor: factor, original: Double(original), fast: fast, slow: slow, truncate: truncate)
    case .longRope(let short, let long, let original):
      return Self.divide(plain, by: context > original ? long : short)
    case .divisors(let divisors): return Self.divide(plain, by: divisors)
    }
  }

  private static func divide(_ plain: [Double], by divisors: [Double]) -> [Double] {
    plain.enumerated().map { $1 / ($0 < divisors.count ? divisors[$0] : 1) }
  }

  /// Long wavelengths are slowed by `factor`, short ones kept, those between blended.
  private static func llama3(_ frequency: Double, factor: Double, low: Double, high: Double, original: Double) -> Double
  {
    let wavelength = 2 * Double.pi / frequency
    if wavelength < original / high { return frequency }
    if wavelength > original / low { return frequency / factor }
    let smooth = (original / wavelength - low) / (high - low)
    return (1 - smooth) * frequency / factor + smooth * frequency
  }

  private func yarn(
    _ plain: [Double], factor: Double, original: Double, fast: Double, slow: Double, truncate: Bool
  ) -> [Double] {
    func pair(turns: Double) -> Double {
      Double(width) * log(original / (turns * 2 * Double.pi)) / (2 * log(base))
    }
    var low = pair(turns: fast)
    var high = pair(turns: slow)
    if truncate { (low, high) = (low.rounded(.down), high.rounded(.up)) }
    (low, high) = (max(low, 0), min(high, Double(width - 1)))
    if low == high { high += 0.001 }
    return plain.enumerated().map { index, frequency in
      let ramp = min(max((Double(index) - low) / (high - low), 0), 1)
      return frequency / factor * ramp + frequency * (1 - ramp)
    }
  }
}
