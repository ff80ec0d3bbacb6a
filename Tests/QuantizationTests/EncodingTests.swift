import JSON
import Quantization
import TensorCore
import TestSupport
import Testing

@Suite struct EncodingTests {
  /// The values that `Scripts/fixtures/encoded.py` made.
  static let sets: [(name: String, tensor: Tensor)] = {
    var generator = Generator(seed: 7)
    let base = generator.normal(16384)
    return [
      ("normal", base.map { $0 * 0.02 }), ("heavy", base.map { $0 * $0 * $0 }), ("shifted", base.map { $0 + 2 }),
    ].map { ($0.0, Tensor($0.1, shape: [16, 1024])) }
  }()

  static let formats = BlockFormat.allCases.filter { $0.canEncode && $0 != .f32 && $0 != .f64 }

  static func bytes(_ tensor: Tensor) -> [UInt8] { withExtendedLifetime(tensor) { Array(tensor.bytes) } }

  static func relativeError(_ tensor: Tensor, _ original: Tensor, weights: [Float]? = nil) -> Double {
    var (error, total) = (0.0, 0.0)
    for (index, (a, b)) in zip(tensor.floats(), original.floats()).enumerated() {
      let weight = Double(weights?[index % original.columns] ?? 1)
      error += weight * (Double(a) - Double(b)) * (Double(a) - Double(b))
      total += weight * Double(b) * Double(b)
    }
    return (error / total).squareRoot()
  }

  @Test(arguments: formats)
  func `errors are no larger than llama.cpp's`(format: BlockFormat) throws {
    let expected = try #require(try TestData.json(fixture: "encoded.json")["\(format)"])
    for (name, tensor) in Self.sets {
      let encoded = try tensor.encoded(as: format)
      let theirs = try #require(expected[name]?["error"]?.double)
      #expect(Self.relativeError(encoded, tensor) <= theirs * 1.01, "\(name)")
      if let bytes = expected[name]?["bytes"]?.string {
        #expect(digest(bytes: Self.bytes(encoded)) == bytes, "\(name)")
      }
    }
  }

  @Test(arguments: formats)
  func `the result does not depend on threads`(format: BlockFormat) throws {
    let tensor = Self.sets[0].tensor
    let (one, three) = try (tensor.encoded(as: format), tensor.encoded(as: format, threads: 3))
    #expect(Self.bytes(one) == Self.bytes(three))
  }

  @Test(arguments: formats.filter { $0.isQuantised && ![.q8_0, .mxfp4].contains($0) })
  func `importance lowers the error of important columns`(format: BlockFormat) throws {
    let tensor = Self.sets[0].tensor
    let importance = (0..<tensor.columns).map { $0 % 4 == 0 ? Float(1) : 0.01 }
    let plain = try Self.relativeError(tensor.encoded(as: format), tensor, weights: importance)
    let weighted = try Self.relativeError(
      tensor.encoded(as: format, importance: importance), tensor, weights: importance)
    #expect(weighted < plain)
    let none = try tensor.encoded(as: format, importance: [Float](repeating: 0, count: tensor.columns))
    #expect(try Self.bytes(none) == Self.bytes(tensor.encoded(as: format)))
  }

  @Test(arguments: formats)
  func `extreme values encode and decode without harm`(format: BlockFormat) throws {
    var generator = Generator(seed: 3)
    let base = generator.normal(256)
    let scales: [Float] = [0, Float.leastNonzeroMagnitude * 8, 1e-38, 1e-10, 1e9, 1e38]
    for scale in scales {
      let tensor = Tensor(base.map { $0 * scale }, shape: [1, 256])
      let decoded = try tensor.encoded(as: format).floats()
      if scale == 0 { #expect(decoded.allSatisfy { $0 == 0 }) }
      if format.isQuantised { #expect(decoded.allSatisfy { $0.isFinite }) }
    }
    var values = base
    (values[0], values[1], values[2]) = (.nan, .infinity, -.infinity)
    let decoded = try Tensor(values, shape: [1, 256]).encoded(as: format).floats()
    if format.isQuantised { #expect(decoded.allSatisfy { $0.isFinite }) }
  }

  @Test(arguments: formats)
  func `encoding what was decoded changes nothing much`(format: BlockFormat) throws {
    let once = try Self.sets[0].tensor.encoded(as: format)
    let again = try Tensor(once.floats(), shape: once.shape).encoded(as: format)
    let limit = format.isQuantised ? Self.relativeError(once, Self.sets[0].tensor) * 0.75 : 0
    #expect(Self.relativeError(again, once) <= limit)
  }
}
