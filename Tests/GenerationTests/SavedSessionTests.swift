import Checkpoints
import Foundation
import Generation
import Kernels
import TensorCore
import TestSupport
import Testing

/// Sessions on disk: the same tokens after a load, and nothing lost to a bad file.
@Suite(.enabled(if: TestData.isExpected)) struct SavedSessionTests {
  private static func model(
    _ name: String, cache: BlockFormat = .f16, context: Int = 100, exact: Bool = false
  ) throws -> LanguageModel {
    var options = ModelOptions()
    (options.threads, options.cacheFormat, options.context, options.chunk) = (2, cache, context, 16)
    if exact { options.arithmetic = .float32 }
    return try LanguageModel(path: TestData.url(name).path, options: options)
  }

  private static func inFile(_ body: (String) throws -> Void) throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.appending(path: "a.session").path)
  }

  private static func prompt(_ count: Int) -> [Int32] {
    var random = Generator(seed: 12)
    return (0..<count).map { _ in Int32(random.word() % 90) }
  }

  /// Logits after each of a few more tokens.
  private static func logits(_ session: Session) throws -> [[Float]] {
    try ([3, 14, 15, 9] as [Int32]).map { token in
      try session.append([token])
      return session.logits
    }
  }

  @Test(arguments: OracleTests.families, [BlockFormat.f32, .f16, .q8_0, .q4_0])
  func `a loaded session goes on as the saved one`(family: String, cache: BlockFormat) throws {
    let model = try Self.model("oracles/\(family)", cache: cache)
    for count in [1, 7, 60] {
      let session = try model.session()
      try session.append(Self.prompt(count))
      try Self.inFile { path throws in
        try session.save(to: path)
        // A longer context, and a session that holds something else.
        let other = try Self.model("oracles/\(family)", cache: cache, context: 128).session()
        try other.append([8, 8, 8])
        try other.load(from: path)
        #expect(other.tokens == session.tokens && other.logits == session.logits)
        let before = other.logits
        try other.replace(with: Self.prompt(count))
        #expect(other.logits == before)
        #expect(try Self.logits(other) == Self.logits(session))
      }
    }
  }

  @Test func `a session of another kind is refused and the one in hand stays`() throws {
    let session = try Self.model("oracles/gemma3").session()
    try session.append(Self.prompt(60))
    try Self.inFile { path throws in
      try session.save(to: path)
      for other in [
        try Self.model("oracles/gemma2"), try Self.model("oracles/gemma3", cache: .q8_0),
        try Self.model("oracles/gemma3", context: 59), try Self.model("oracles/gemma3", exact: true),
      ] {
        let victim = try other.session()
        try victim.append([1, 2, 3])
        let logits = victim.logits
        #expect(throws: CheckpointError.self) { try victim.load(from: path) }
        #expect(victim.tokens == [1, 2, 3] && victim.logits == logits)
        let fresh = try other.session()
        try fresh.append([1, 2, 3])
        #expect(try Self.logits(victim) == Self.logits(fresh))
      }
      #expect(throws: SessionError.self) { try Self.model("oracles/gemma3").session().save(to: path) }
      try session.load(from: path)
    }
  }

  @Test(arguments: ["llama", "gemma3", "qwen3-next"]) func `a damaged file is refused`(family: String) throws {
    let model = try Self.model("oracles/\(family)", context: 64)
    let session = try model.session()
    try session.append(Self.prompt(20))
    try Self.inFile { path throws in
      try session.save(to: path)
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      let victim = try model.session()
      try victim.append([4, 5])
      var random = Generator(seed: 77)
      for round in 0..<160 {
        var damaged = bytes
        if round % 4 == 0 {
          damaged.removeLast(1 + Int(random.word()) % (bytes.count - 1))
        } else {
          // Half of the changes fall into the header.
          let limit = round % 2 == 0 ? bytes.count : min(1200, bytes.count)
          damaged[Int(random.word()) % limit] ^= 1 << UInt8(random.word() % 8)
        }
        try Data(damaged).write(to: URL(filePath: path))
        do {
          try victim.load(from: path)
          // What changed was no part of the content, as a blank of the header.
          #expect(victim.tokens == session.tokens && victim.logits == session.logits)
          try victim.replace(with: [4, 5])
        } catch {
          #expect(error is CheckpointError || error is FileError, "\(error)")
          #expect(victim.tokens == [4, 5])
        }
      }
    }
  }

  @Test func `a file that is no session is refused`() throws {
    let session = try Self.model("oracles/llama").session()
    for path in [TestData.url("oracles/llama/model.safetensors").path, "/nowhere", "/dev/null", "/"] {
      #expect(throws: (any Error).self) { try session.load(from: path) }
    }
    #expect(session.tokens.isEmpty)
  }

  @Test func `what ends reading between chunks leaves a good session`() throws {
    struct Stop: Error {}
    let model = try Self.model("oracles/llama", context: 100)
    let session = try model.session()
    #expect(throws: Stop.self) { try session.append(Self.prompt(60)) { if $0 >= 32 { throw Stop() } } }
    #expect(session.tokens == Array(Self.prompt(60)[..<32]))
    try session.replace(with: Self.prompt(60))
    let other = try model.session()
    try other.append(Self.prompt(60))
    #expect(session.logits == other.logits)
  }
}
