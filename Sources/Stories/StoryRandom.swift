/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every system.
struct StoryRandom: Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// Numbers of their own for one story of a collection.
  init(seed: UInt64, story: UInt64) {
    var mixed = StoryRandom(seed: seed ^ 0x5851_F42D_4C95_7F2D)
    let first = mixed.next()
    var own = StoryRandom(seed: first &+ story &* 0xD134_2543_DE82_EF95)
    state = own.next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number below `count`, which is above 0.
  mutating func below(_ count: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(count)).high)
  }
}
