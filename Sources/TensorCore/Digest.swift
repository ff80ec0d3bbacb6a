/// A hash of bytes that tells different contents apart; it is no protection from one who makes them equal on purpose.
///
/// Pieces count as pieces: the same bytes cut elsewhere give another digest.
public struct Digest: Sendable {
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

  public init() {}

  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var lanes = SIMD4<UInt64>(0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344, 0xA409_3822_299F_31D0, state)
    let whole = bytes.count / 32
    for index in 0..<whole {
      let words = bytes.loadUnaligned(fromByteOffset: index * 32, as: SIMD4<UInt64>.self)
      lanes = (lanes ^ words) &* SIMD4(repeating: 0xD6E8_FEB8_6659_FD93)
      lanes ^= lanes &>> SIMD4(repeating: 32)
    }
    var hash = UInt64(bytes.count)
    for lane in 0..<4 { hash = Self.mixed(hash ^ lanes[lane]) }
    for byte in bytes[(whole * 32)...] { hash = Self.mixed(hash ^ UInt64(byte)) }
    state = hash
  }

  public mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
  }

  /// 16 hexadecimal digits.
  public var text: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The finalizer of SplitMix64, a bijection.
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
