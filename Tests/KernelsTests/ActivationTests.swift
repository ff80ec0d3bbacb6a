import CKernels
import Kernels
import TensorCore
import Testing

@Suite struct ActivationTests {
  @Test func `bytes are the nearest multiples of the largest magnitude over 127`() {
    var random = Randomness(state: 29)
    let values = random.floats(32 * 40, in: -5...5)
    let blocks: [matmul_q8_block] = Activations.blocks(
      Activations(.q8, tokens: 1, columns: values.count, values: values).stored)
    #expect(blocks.count == 40)
    for (index, block) in blocks.enumerated() {
      let part = values[32 * index..<32 * index + 32]
      let largest = part.map(abs).max() ?? 0
      #expect(block.scale == largest / 127)
      let bytes = withUnsafeBytes(of: block.values) { $0.map { Int(Int8(bitPattern: $0)) } }
      for (value, byte) in zip(part, bytes) {
        #expect(byte == Int((value * (127 / largest)).rounded(.toNearestOrEven)))
        #expect(abs(Double(value) - Double(block.scale) * Double(byte)) <= Double(block.scale) * 0.50001)
      }
      #expect(Int(block.negative8_sum) == -8 * bytes.reduce(0, +))
      #expect(Int(block.negative16_sum) == -16 * bytes.reduce(0, +))
      #expect(Int(block.negative128_sum) == -128 * bytes.reduce(0, +))
      #expect(block.scaled_sum == block.scale * Float(bytes.reduce(0, +)))
    }
  }

  @Test func `wide blocks hold 128 bytes and the sums of their parts`() {
    var random = Randomness(state: 31)
    let values = random.floats(128 * 10, in: -5...5)
    let blocks: [matmul_q8_wide] = Activations.blocks(
      Activations(.q8Wide, tokens: 1, columns: values.count, values: values).stored)
    #expect(blocks.count == 10)
    for (index, block) in blocks.enumerated() {
      let part = values[128 * index..<128 * index + 128]
      let largest = part.map(abs).max() ?? 0
      #expect(block.scale == largest / 127)
      let bytes = withUnsafeBytes(of: block.values) { $0.map { Int(Int8(bitPattern: $0)) } }
      for (value, byte) in zip(part, bytes) {
        #expect(byte == Int((value * (127 / largest)).rounded(.toNearestOrEven)))
      }
      let sixteens = (0..<8).map { bytes[16 * $0..<16 * $0 + 16].reduce(0, +) }
      let negatives = withUnsafeBytes(of: block.negative32_sums) { Array($0.bindMemory(to: Int32.self)) }
      #expect(negatives == sixteens.map { Int32(-32 * $0) })
      let stored = withUnsafeBytes(of: block.sums_16) { Array($0.bindMemory(to: Int16.self)) }
      #expect(stored == sixteens.map { Int16($0) })
      let pairs = withUnsafeBytes(of: block.sums_32) { Array($0.bindMemory(to: Int16.self)) }
      for (index, pair) in pairs.enumerated() {
        #expect(Int(pair) == sixteens[2 * index] + sixteens[2 * index + 1])
      }
    }
  }

  @Test func `bfloat16 is the nearest, ties to even, and keeps what is not finite`() {
    let values: [Float] = [1, -2.5, 0x1.01p0, 0x1.03p0, 0x1.02p0, .infinity, -.infinity, 0x1p-133, 3.4e38, 0, -0.0]
    let stored: [UInt16] = Activations.blocks(
      Activations(.bf16, tokens: 1, columns: values.count, values: values).stored)
    #expect(stored.count == 12)
    let expected: [UInt16] = [
      0x3f80, 0xc020, 0x3f80, 0x3f82, 0x3f81, 0x7f80, 0xff80, 0x0001, 0x7f80, 0, 0x8000, 0,
    ]
    #expect(stored == expected)
    let special: [UInt16] = Activations.blocks(
      Activations(.bf16, tokens: 1, columns: 2, values: [.nan, -.nan]).stored)
    for bits in special { #expect(Float(bitPattern: UInt32(bits) << 16).isNaN) }
  }

  @Test func `ties go to even`() {
    let values = [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5] + [Float](repeating: 0, count: 24)
    let block: matmul_q8_block = Activations.blocks(
      Activations(.q8, tokens: 1, columns: 32, values: values).stored)[0]
    let bytes = withUnsafeBytes(of: block.values) { $0.prefix(8).map { Int(Int8(bitPattern: $0)) } }
    #expect(bytes == [127, 0, 2, 2, 0, -2, -2, 126])
  }

  @Test(arguments: [0, Float.leastNonzeroMagnitude, 1e-38, 1e-36, 1e38, Float.greatestFiniteMagnitude])
  func `every magnitude gives finite numbers near it`(largest: Float) {
    let values = (0..<32).map { largest * (Float($0) / 31 * 2 - 1) }
    let block: matmul_q8_block = Activations.blocks(
      Activations(.q8, tokens: 1, columns: 32, values: values).stored)[0]
    withUnsafeBytes(of: block.values) { bytes in
      for (value, byte) in zip(values, bytes) {
        let restored = Double(block.scale) * Double(Int8(bitPattern: byte))
        #expect(abs(Double(value) - restored) <= max(Double(largest) / 127 * 0.50001, 0x1p-110))
      }
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func `what is not finite stays visible`(value: Float) {
    var values = [Float](repeating: 1, count: 64)
    values[37] = value
    let blocks: [matmul_q8_block] = Activations.blocks(
      Activations(.q8, tokens: 1, columns: 64, values: values).stored)
    #expect(blocks[0].scale.isFinite)
    #expect(!blocks[1].scale.isFinite)
  }

  @Test func `instruction sets give the same bytes`() {
    var random = Randomness(state: 37)
    var values = random.floats(32 * 64, in: -1e3...1e3)
    for index in 0..<512 { values[index] = Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random)) }
    for index in stride(from: 544, to: 800, by: 3) { values[index] = Float(index % 255) - 127 }
    let sets = catalogues.map(\.features.rawValue)
    for layout in [MATMUL_BF16, MATMUL_Q8, MATMUL_Q8_WIDE] {
      let (blockBytes, blockColumns) =
        switch layout {
        case MATMUL_BF16: (2, 1)
        case MATMUL_Q8: (MemoryLayout<matmul_q8_block>.stride, 32)
        default: (MemoryLayout<matmul_q8_wide>.stride, 128)
        }
      let size = values.count / blockColumns * blockBytes
      let rows = sets.map { features in
        [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
          matmul_quantiser_for(layout, features)?(values, values.count, buffer.baseAddress)
          initialized = size
        }
      }
      for row in rows.dropFirst() {
        for start in stride(from: 0, to: size, by: blockBytes) {
          let (first, second) = (rows[0][start..<start + blockBytes], row[start..<start + blockBytes])
          if layout != MATMUL_BF16 {
            // Where the scale is no number, neither is a product, whatever the bytes.
            let scales = [first, second].map { $0.withUnsafeBytes { $0.loadUnaligned(as: Float.self) } }
            if scales[0].isNaN && scales[1].isNaN { continue }
          }
          #expect(first == second)
        }
      }
    }
  }
}
