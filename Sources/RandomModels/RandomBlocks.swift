import Quantization
import TensorCore

/// Random blocks of one format whose values have a given root mean square around their centre.
struct RandomBlocks {
  private let format: BlockFormat
  private let spread: Float
  private let centre: Float
  /// The float16 of a block's scale, and of a Q4_K block's offset.
  private let scale: UInt16
  private let offset: UInt16
  /// What 16-bit floats get added to their random low bits.
  private let exponent: UInt16
  /// Packed scales of Q4_K, 12 bytes each.
  private let scales: [UInt8]

  init(_ format: BlockFormat, spread: Float, centre: Float) {
    (self.format, self.spread, self.centre) = (format, spread, centre)
    // Root mean squares of the codes, which are evenly spread, with the mean square of scales within a block.
    let codes: Float =
      switch format {
      case .q8_0: 73.3
      case .q4_0: 4.64
      case .q4_k: 4.61 * 45.4
      case .q6_k: 18.48 * 48.4
      default: 1
      }
    scale = Self.half(spread / codes)
    offset = Self.half(7.5 * spread / codes)
    // Four neighbouring powers of two, equally often, have a root mean square of 7.04 times the smallest.
    let bias = format == .bf16 ? 127 : 15
    exponent = UInt16(max(1, bias + Int((spread / 7.04).exponent))) << (format == .bf16 ? 7 : 10)
    var generator = RandomWords(seed: 0)
    scales = format == .q4_k ? (0..<64).flatMap { _ in Self.packedScales(&generator) } : []
  }

  private static func half(_ value: Float) -> UInt16 {
    var bits: UInt16 = 0
    withUnsafeMutableBytes(of: &bits) { target in
      withUnsafePointer(to: value) { BlockFormat.f16.encode(UnsafeBufferPointer(start: $0, count: 1), into: target) }
    }
    return bits
  }

  /// Eight scales of 6 bits in 24...63, each with an offset of the same number, as Q4_K stores them.
  private static func packedScales(_ generator: inout RandomWords) -> [UInt8] {
    let random = generator.next()
    let values = (0..<8).map { UInt8(24 + (random[$0] >> 20) % 40) }
    let low = (0..<4).map { values[$0] | (values[$0 + 4] >> 4) << 6 }
    return low + low + (4..<8).map { values[$0] & 15 | (values[$0] << 4) }
  }

  /// Fills whole blocks.
  func fill(_ bytes: UnsafeMutableRawBufferPointer, from generator: inout RandomWords) {
    if format == .f32 { return fillFloats(bytes, from: &generator) }
    randomise(bytes, from: &generator)
    guard let base = bytes.baseAddress else { return }
    switch format {
    case .f16: fillHalves(bytes, mantissaBits: 10)
    case .bf16: fillHalves(bytes, mantissaBits: 7)
    case .q4_0, .q8_0:
      for start in stride(from: 0, to: bytes.count, by: format.blockBytes) {
        let sign = base.loadUnaligned(fromByteOffset: start, as: UInt16.self) & 0x8000
        base.storeBytes(of: scale | sign, toByteOffset: start, as: UInt16.self)
        // Rounding never gives the lowest code of a byte.
        if format == .q8_0 {
          for index in start + 2..<start + 34 where bytes[index] == 0x80 { bytes[index] = 0x81 }
        }
      }
    case .q4_k:
      for start in stride(from: 0, to: bytes.count, by: format.blockBytes) {
        let pattern = Int(bytes[start] & 63) * 12
        base.storeBytes(of: scale, toByteOffset: start, as: UInt16.self)
        base.storeBytes(of: offset, toByteOffset: start + 2, as: UInt16.self)
        for index in 0..<12 { bytes[start + 4 + index] = scales[pattern + index] }
      }
    case .q6_k:
      for start in stride(from: 0, to: bytes.count, by: format.blockBytes) {
        for index in start + 192..<start + 208 {
          let size = Int8(bytes[index] & 31 | 32)
          bytes[index] = UInt8(bitPattern: bytes[index] & 0x80 == 0 ? size : -size)
        }
        base.storeBytes(of: scale, toByteOffset: start + 208, as: UInt16.self)
      }
    default: preconditionFailure("no random blocks of \(format)")
    }
  }

  private func randomise(_ bytes: UnsafeMutableRawBufferPointer, from generator: inout RandomWords) {
    guard let base = bytes.baseAddress else { return }
    var place = 0
    while place + 64 <= bytes.count {
      base.storeBytes(of: generator.next(), toByteOffset: place, as: SIMD8<UInt64>.self)
      place += 64
    }
    if place < bytes.count {
      withUnsafeBytes(of: generator.next()) {
        (base + place).copyMemory(from: $0.baseAddress!, byteCount: bytes.count - place)
      }
    }
  }

  /// Keeps a random sign, mantissa and two bits of the exponent.
  private func fillHalves(_ bytes: UnsafeMutableRawBufferPointer, mantissaBits: UInt16) {
    let kept: UInt16 = 0x8000 | ((4 << mantissaBits) - 1)
    for index in stride(from: 0, to: bytes.count - 1, by: 2) {
      let bits = bytes.loadUnaligned(fromByteOffset: index, as: UInt16.self) & kept
      bytes.storeBytes(of: bits &+ exponent, toByteOffset: index, as: UInt16.self)
    }
  }

  /// Evenly spread values; an even spread's root mean square is its half width over the square root of 3.
  private func fillFloats(_ bytes: UnsafeMutableRawBufferPointer, from generator: inout RandomWords) {
    let values = bytes.bindMemory(to: Float.self)
    var random = SIMD8<UInt64>()
    for index in values.indices {
      if index % 8 == 0 { random = generator.next() }
      let share = Float(random[index % 8] >> 40) / Float(1 << 23) - 1
      values[index] = centre + share * spread * 1.732
    }
  }
}
