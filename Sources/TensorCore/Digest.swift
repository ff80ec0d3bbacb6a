/// 128 bits that tell contents apart which differ by accident; no protection against someone who wants them alike.
///
/// Words are mixed by multiplication as in wyhash (github.com/wangyi-fudan/wyhash), about 10 GB/s.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  private var low: UInt64 = 0x9E37_79B9_7F4A_7C15
  private var high: UInt64 = 0xD1B5_4A32_D192_ED03

  public init() {}

  private mutating func mix(_ word: UInt64) {
    let a = (low ^ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
    let b = (high &+ word).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
    low = a.high ^ a.low ^ high
    high = b.high ^ b.low
  }

  public mutating func combine(_ number: Int) { mix(UInt64(bitPattern: Int64(number))) }

  public mutating func combine(_ text: String) {
    var text = text
    text.withUTF8 { combine(UnsafeRawBufferPointer($0)) }
  }

  /// Mixes in bytes and how many they are.
  public mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    var offset = 0
    while offset + 8 <= bytes.count {
      mix(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      offset += 8
    }
    var last: UInt64 = 0
    for index in offset..<bytes.count { last = last << 8 | UInt64(bytes[index]) }
    mix(last)
    combine(bytes.count)
  }

  /// Mixes in 256 bytes at the start of each `stride` bytes, the last bytes, and the size.
  public mutating func combineSamples(of bytes: UnsafeRawBufferPointer, every stride: Int) {
    for start in Swift.stride(from: 0, to: bytes.count, by: stride) {
      combine(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 256, bytes.count)]))
    }
    combine(UnsafeRawBufferPointer(rebasing: bytes.suffix(256)))
    combine(bytes.count)
  }

  /// 32 hexadecimal digits.
  public var description: String {
    [high, low].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
