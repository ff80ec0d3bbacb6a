/// Which numbers dropout keeps (arXiv 1207.0580): a hash of a row's key, a salt and a place decides.
///
/// So nothing is drawn in order and nothing is stored: whoever asks again, in whatever order, gets the same answer.
public struct DropoutMask: Hashable, Sendable {
  /// The share that is dropped, from 0 to below 1.
  public let rate: Float
  /// Each operation has its own.
  public let salt: UInt32

  public init(rate: Float, salt: UInt32) { (self.rate, self.salt) = (rate, salt) }

  /// What kept numbers are multiplied with, so that their mean stays.
  public var scale: Float { 1 / (1 - rate) }

  /// Draws of 24 bits below it are dropped.
  public var threshold: UInt32 { UInt32(max(0, min(0x1p24, rate * 0x1p24)).rounded()) }

  /// Whether the number at `place` of a row with that key is kept; `head` counts attention's heads.
  public func keeps(key: UInt32, place: Int, head: Int = 0) -> Bool {
    let start = Self.mixed(key ^ ((salt &+ UInt32(truncatingIfNeeded: head)) &* 0x9E37_79B9))
    return Self.mixed(start &+ UInt32(truncatingIfNeeded: place) &* 0x9E37_79B9) >> 8 >= threshold
  }

  /// A bijection of 32 bits in which every bit depends on every other (lowbias32, Wellons 2018).
  private static func mixed(_ word: UInt32) -> UInt32 {
    var word = word
    word = (word ^ (word >> 16)) &* 0x7FEB_352D
    word = (word ^ (word >> 15)) &* 0x846C_A68B
    return word ^ (word >> 16)
  }
}
