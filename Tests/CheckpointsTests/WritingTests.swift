import Checkpoints
import Foundation
import Quantization
import TensorCore
import TestSupport
import Testing

@Suite struct WritingTests {
  /// The tensors of `Scripts/fixtures/containers.py`, in its order.
  static func tensors() throws -> MemoryTensors {
    func tensor<T>(_ values: [T], _ shape: [Int], _ format: BlockFormat) throws -> Tensor {
      let buffer = try Buffer(count: values.count * MemoryLayout<T>.stride)
      values.withUnsafeBytes { buffer.bytes.copyMemory(from: $0) }
      return Tensor(shape: shape, format: format, buffer: buffer)
    }
    let grid = (0..<96).map { Float($0) / 8 - 5 }
    let half = try Tensor((0..<3).flatMap { grid[$0 * 32..<$0 * 32 + 5] }, shape: [3, 5]).encoded(as: .f16)
    return try [
      "first.weight": Tensor(grid, shape: [3, 32]), "half.weight": half,
      "integers": tensor([Int32.min, .max, 7], [1, 3], .i32),
      "cube": Tensor((0..<24).map { Float($0) }, shape: [2, 3, 4]),
      "wide": tensor([0.1, -2.5, 1e300], [3], .f64), "bytes": tensor([Int8(-128), 127, 3], [3], .i8),
    ]
  }

  /// The metadata of `Scripts/fixtures/containers.py`, in its order.
  static let metadata: [GGUFEntry] = [
    GGUFEntry("general.architecture", .string("example")), GGUFEntry("test.uint8", .uint8(200)),
    GGUFEntry("test.int8", .int8(-100)), GGUFEntry("test.uint16", .uint16(65535)),
    GGUFEntry("test.int16", .int16(-32768)), GGUFEntry("test.uint32", .uint32(.max)),
    GGUFEntry("test.int32", .int32(.min)), GGUFEntry("test.uint64", .uint64(.max)),
    GGUFEntry("test.int64", .int64(.min)), GGUFEntry("test.float32", .float32(1.5)),
    GGUFEntry("test.float64", .float64(0.1)), GGUFEntry("test.bool", .bool(true)),
    GGUFEntry("test.string", .string("Größe 物理 🪐")), GGUFEntry("test.strings", .strings(["", "a", "▁b", "\n"])),
    GGUFEntry("test.int32s", .int32s([3, -1, 2])), GGUFEntry("test.float32s", .float32s([0.5, -1.25])),
    GGUFEntry("test.bools", .bools([true, false])),
    GGUFEntry("test.nested", .array(of: .array, [.int32s([1, 2]), .int32s([3])])),
  ]

  /// A folder that outlives the test where `ORRERY_KEEP_FILES` names one, so that other programs can read its files.
  func withFolder(_ body: (URL) throws -> Void) throws {
    if let kept = ProcessInfo.processInfo.environment["ORRERY_KEEP_FILES"] {
      try body(URL(filePath: kept))
    } else {
      let folder = try TestData.temporaryFolder()
      defer { try? FileManager.default.removeItem(at: folder) }
      try body(folder)
    }
  }

  @Test func `a GGUF file equals the gguf package's byte for byte`() throws {
    try withFolder { folder in
      let path = folder.appending(path: "ours.gguf").path
      var writer = GGUFWriter(metadata: Self.metadata)
      try writer.write(Self.tensors(), to: path)
      #expect(try Data(contentsOf: URL(filePath: path)) == Data(contentsOf: TestData.fixture("written.gguf")))
    }
  }

  @Test func `a file read and written again is the same`() throws {
    try withFolder { folder in
      let file = try GGUFFile(path: TestData.fixture("written.gguf").path)
      let path = folder.appending(path: "again.gguf").path
      var writer = GGUFWriter(metadata: file.metadata)
      try writer.write(file, to: path)
      #expect(try Data(contentsOf: URL(filePath: path)) == Data(contentsOf: TestData.fixture("written.gguf")))
    }
  }

  @Test func `safetensors round trip`() throws {
    try withFolder { folder in
      let path = folder.appending(path: "ours.safetensors").path
      let source = try Self.tensors()
      var writer = SafetensorsWriter(metadata: ["format": "pt", "note": "Größe \"1\""])
      try writer.write(source, to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.names == source.names)
      #expect(file.metadata.map(\.value) == ["pt", "Größe \"1\""])
      for name in source.names {
        let (a, b) = (try source.tensor(name), try file.tensor(name))
        #expect(a.shape == b.shape && a.format == b.format && a.bytes.elementsEqual(b.bytes))
      }
    }
  }

  @Test func `metadata keep their place`() {
    var writer = GGUFWriter(metadata: Self.metadata)
    writer["test.int8"] = .int8(5)
    writer["test.uint8"] = nil
    writer["new"] = .bool(false)
    #expect(writer.metadata.map(\.key).prefix(2) == ["general.architecture", "test.int8"])
    #expect(writer.metadata.last?.key == "new" && writer["test.int8"]?.integer == 5 && writer["test.uint8"] == nil)
  }

  @Test func `wrong tensors and broken writes leave no file`() throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "x.gguf").path
    var writer = GGUFWriter()
    #expect(throws: CheckpointError.self) { try writer.declare("a", shape: [33], format: .q8_0) }
    #expect(throws: CheckpointError.self) { try writer.declare("", shape: [32], format: .q8_0) }
    try writer.declare("a", shape: [2, 4], format: .f32)
    #expect(throws: CheckpointError.self) { try writer.declare("a", shape: [1], format: .f32) }
    #expect(throws: CheckpointError.self) {
      try writer.write(to: path) { _, output in try output.write([1, 2, 3]) }
    }
    #expect(throws: CheckpointError.self) {
      try writer.write(to: path) { _, output in try output.write([Float](repeating: 0, count: 9)) }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    #expect(throws: FileError.self) {
      try writer.write(to: folder.path + "/no/x.gguf") { _, output in try output.write([Float](repeating: 0, count: 8))
      }
    }
    var plain = SafetensorsWriter()
    #expect(throws: CheckpointError.self) { try plain.declare("q", shape: [32], format: .q8_0) }
  }
}
