import Foundation
import Generation
import TestSupport
import Testing

/// Packed weights on disk give the same numbers as packing, and are not used where anything has changed.
@Suite(.enabled(if: TestData.isExpected)) struct PackedWeightsTests {
  static let models = [
    "quantised/tiny-q4_k_m.gguf", "quantised/tiny-q8_0.gguf", "stories260K/stories260K.gguf", "oracles/qwen3-moe",
    "oracles/gpt-oss", "oracles/mamba2",
  ]

  private func load(_ path: String, _ folder: PackedFolder?) throws -> LanguageModel {
    var options = ModelOptions()
    (options.threads, options.context, options.packed) = (2, 64, folder)
    return try LanguageModel(path: path, options: options)
  }

  private func logits(_ model: LanguageModel) throws -> [Float] {
    let session = try model.session()
    try session.append([3, 1, 4, 1, 5])
    try session.append(9)
    return session.logits
  }

  /// A folder for packed weights, and a model's files that may be changed.
  private func withCopy(of name: String, _ body: (String, PackedFolder) throws -> Void) throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let copy = folder.appending(path: URL(filePath: name).lastPathComponent)
    try FileManager.default.copyItem(at: TestData.url(name), to: copy)
    try body(copy.path, PackedFolder(path: folder.appending(path: "cache").path))
  }

  @Test(arguments: models) func `the same logits and the same memory`(name: String) throws {
    try withCopy(of: name) { path, folder in
      let packed = try load(path, folder)
      #expect(packed.packedNotice == nil && folder.files(of: path).isEmpty)
      let file = try packed.storePacked(in: folder)
      #expect(folder.files(of: path) == [file])
      // A file with other weights under the right name would show, so the weights do come from it.
      let mapped = try load(path, folder)
      #expect(mapped.packedNotice == nil)
      #expect(mapped.memory.weights == packed.memory.weights)
      #expect(try logits(mapped) == logits(packed))
      #expect(try mapped.storePacked(in: folder) == file)
      #expect(try folder.remove(path) > 2 << 20 && folder.files(of: path).isEmpty)
    }
  }

  @Test func `a damaged file is named and not used`() throws {
    try withCopy(of: "quantised/tiny-q8_0.gguf") { path, folder in
      let model = try load(path, folder)
      let expected = try logits(model)
      let file = try model.storePacked(in: folder)
      let whole = try Data(contentsOf: URL(filePath: file))
      for (place, length) in [
        (0, whole.count), (30, whole.count), (2 << 20, whole.count), (0, 100), (0, 0), (0, 3 << 20),
      ] {
        var bytes = whole.prefix(min(length, whole.count - (length == whole.count ? 0 : 1)))
        if length == whole.count { bytes[place] ^= 1 }
        try bytes.write(to: URL(filePath: file))
        let loaded = try load(path, folder)
        #expect(try #require(loaded.packedNotice).contains(file), "\(place) \(length)")
        #expect(try logits(loaded) == expected)
      }
      try whole.write(to: URL(filePath: file))
      #expect(try load(path, folder).packedNotice == nil)
    }
  }

  @Test func `weights come from the file`() throws {
    try withCopy(of: "quantised/tiny-q8_0.gguf") { path, folder in
      let model = try load(path, folder)
      let file = try model.storePacked(in: folder)
      var bytes = try Data(contentsOf: URL(filePath: file))
      // Between the samples that are compared.
      for index in stride(from: (2 << 20) + 300, to: bytes.count - 300, by: 1 << 16) {
        for byte in index..<min(index + 4096, bytes.count - 300) { bytes[byte] = 1 }
      }
      try bytes.write(to: URL(filePath: file))
      let loaded = try load(path, folder)
      #expect(loaded.packedNotice == nil)
      #expect(try logits(loaded) != logits(model))
    }
  }

  @Test func `a changed model is packed again`() throws {
    try withCopy(of: "quantised/tiny-q8_0.gguf") { path, folder in
      _ = try load(path, folder).storePacked(in: folder)
      let manager = FileManager.default
      try manager.removeItem(atPath: path)
      try manager.copyItem(at: TestData.url("quantised/tiny-q4_0.gguf"), to: URL(filePath: path))
      let changed = try load(path, folder)
      #expect(try #require(changed.packedNotice).contains("older state"))
      #expect(try logits(changed) == logits(load(TestData.url("quantised/tiny-q4_0.gguf").path, nil)))
      _ = try changed.storePacked(in: folder)
      #expect(folder.files(of: path).count == 1)
      #expect(try load(path, folder).packedNotice == nil)
    }
  }

  @Test func `a folder that cannot be made is an error`() throws {
    let model = try load(TestData.url("quantised/tiny-q8_0.gguf").path, nil)
    #expect(throws: (any Error).self) { try model.storePacked(in: PackedFolder(path: "/dev/null/packed")) }
  }
}
