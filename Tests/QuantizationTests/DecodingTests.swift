import JSON
import Quantization
import TensorCore
import TestSupport
import Testing

@Suite struct DecodingTests {
  static let formats = BlockFormat.allCases.filter { !$0.isInteger && $0 != .f32 && $0 != .f64 }

  /// The bytes that `Scripts/fixtures/decoded.py` made.
  static func generated(_ format: BlockFormat) throws -> Tensor {
    let blocks = format.blockWidth == 1 ? 65536 : 64
    var generator = Generator(seed: 1000 + UInt64(format.rawValue))
    var bytes = generator.bytes(blocks * format.blockBytes)
    if format == .f16 { bytes = (0..<65536).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] } }
    let buffer = try Buffer(count: bytes.count)
    buffer.bytes.copyBytes(from: bytes)
    return Tensor(shape: [4, blocks * format.blockWidth / 4], format: format, buffer: buffer)
  }

  @Test(arguments: formats)
  func `random blocks decode as the gguf package decodes them`(format: BlockFormat) throws {
    let expected = try #require(try TestData.json(fixture: "decoded.json")["random"]?["\(format)"]?.string)
    #expect(try digest(Self.generated(format).floats()) == expected)
  }

  @Test(arguments: formats)
  func `rows equal the same part of the whole`(format: BlockFormat) throws {
    let tensor = try Self.generated(format)
    let all = tensor.floats()
    let part = tensor.floats(rows: 1..<3)
    #expect(part.map(\.bitPattern) == all[tensor.columns..<3 * tensor.columns].map(\.bitPattern))
  }

  @Test func `wide numbers round to nearest`() throws {
    let doubles: [Double] = [0.1, -1e300, 1e-50, .infinity, 16_777_217]
    let buffer = try Buffer(count: doubles.count * 8)
    doubles.withUnsafeBytes { buffer.bytes.copyMemory(from: $0) }
    #expect(Tensor(shape: [5], format: .f64, buffer: buffer).floats() == doubles.map { Float($0) })
    let integers: [Int64] = [.min, -1, 0, 16_777_217, .max]
    integers.withUnsafeBytes { buffer.bytes.copyMemory(from: $0) }
    #expect(Tensor(shape: [5], format: .i64, buffer: buffer).floats() == integers.map { Float($0) })
    let bytes = try Buffer(count: 4)
    bytes.bytes.copyBytes(from: [0xFF, 0x80, 0x7F, 0x00])
    #expect(Tensor(shape: [4], format: .i8, buffer: bytes).floats() == [-1, -128, 127, 0])
    #expect(Tensor(shape: [2], format: .i16, buffer: bytes).floats() == [-32513, 127])
    #expect(Tensor(shape: [1], format: .i32, buffer: bytes).floats() == [8_356_095])
  }

  @Test func `a tensor without elements decodes to nothing`() {
    #expect(Tensor([], shape: [0, 4]).floats().isEmpty)
    #expect(Tensor([], shape: [4, 0]).floats().isEmpty)
    #expect(Tensor([], shape: [4, 0]).firstNotFinite() == nil)
  }

  @Test(arguments: [0, 1023, 1024, 5000, 29_999])
  func `the first value that is not finite is found`(place: Int) {
    var values = [Float](repeating: 1, count: 30_000)
    #expect(Tensor(values, shape: [3, 10_000]).firstNotFinite() == nil)
    values[place] = .nan
    values[29_999] = .infinity
    #expect(Tensor(values, shape: [3, 10_000]).firstNotFinite() == place)
    #expect(Tensor(values, shape: [30_000]).firstNotFinite() == place)
  }
}
