import Foundation

/// SplitMix64 (Steele, Lea and Flood 2014): numbers that follow from a few words alone, the same on every system.
///
/// What a step draws depends on the seed and the step's number, never on what was drawn before, so a run goes on
/// anywhere without a state to restore.
public struct TrainingRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(_ words: UInt64...) {
    state = 0x243F_6A88_85A3_08D3
    for word in words { state = Self.mixed(state ^ word) &+ 0x9E37_79B9_7F4A_7C15 }
  }

  /// Numbers of their own for a name.
  public init(seed: UInt64, name: String) {
    self.init(seed, name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 })
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  private static func mixed(_ word: UInt64) -> UInt64 {
    var word = word
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// A number below `count`, which is above 0.
  public mutating func below(_ count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }

  /// Above 0 and at most 1.
  private mutating func uniform() -> Double { (Double(next() >> 11) + 1) * 0x1p-53 }

  /// Two independent normal numbers (Box and Muller 1958).
  public mutating func normals() -> (Double, Double) {
    let (radius, angle) = ((-2 * log(uniform())).squareRoot(), 2 * Double.pi * uniform())
    return (radius * cos(angle), radius * sin(angle))
  }
}
