import Foundation
import TestSupport
import Testing

/// Damaged and missing models: a message that names the file, an exit code, no crash.
@Suite(.enabled(if: TestData.isExpected)) struct FaultTests {
  private func story() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: Command.story))) }

  /// Every verb that opens a model, on these bytes.
  private func verbs(_ bytes: [UInt8], _ check: (Command.Result, String) -> Void) throws {
    try Command.inFolder { folder throws in
      let path = folder.appending(path: "bad.gguf").path
      try Data(bytes).write(to: URL(filePath: path))
      for arguments in [
        ["run", path, "hi", "--max-tokens", "2"], ["verify", path, "--weights"], ["plan", path], ["show", path],
        ["inspect", path], ["logits", path, "--tokens", "1", "--output", "/dev/null", "--reference"],
      ] {
        check(try Command.run(arguments), arguments[0])
      }
    }
  }

  private func replacing(_ old: String, _ new: String, after mark: String? = nil) throws -> [UInt8] {
    var bytes = Data(try story())
    let start = try mark.map { try #require(bytes.range(of: Data($0.utf8))).upperBound } ?? bytes.startIndex
    let range = try #require(bytes[start...].range(of: Data(old.utf8)))
    bytes.replaceSubrange(range, with: Data(new.utf8))
    return [UInt8](bytes)
  }

  @Test(arguments: [0, 1, 7, 24, 100, 5000, 20_000, 100_000, 1_000_000]) func `truncated files`(length: Int) throws {
    try verbs([UInt8](try story().prefix(length))) { result, verb in
      #expect(result.refuses("Error: ", "bad.gguf"), "\(verb): \(result.status) \(result.errors.prefix(300))")
    }
  }

  @Test(arguments: [8, 16]) func `absurd counts`(offset: Int) throws {
    for count: [UInt8] in [
      [255, 255, 255, 255, 255, 255, 255, 255], [0, 0, 0, 0, 0, 0, 0, 16], [0, 0, 0, 0, 1, 0, 0, 0],
    ] {
      var bytes = try story()
      bytes.replaceSubrange(offset..<offset + 8, with: count)
      try verbs(bytes) { result, verb in
        #expect(result.refuses("Error: ", "bad.gguf"), "\(verb): \(result.status) \(result.errors.prefix(300))")
      }
    }
  }

  @Test func `an unknown architecture is named`() throws {
    try verbs(try replacing("llama", "lxxma", after: "general.architecture")) { result, verb in
      #expect(result.refuses("Error: ", "lxxma"), "\(verb): \(result.status) \(result.errors.prefix(300))")
    }
  }

  @Test func `a missing weight is named`() throws {
    let bytes = try replacing("blk.2.ffn_down.weight", "blk.2.ffn_dxwn.weight")
    try Command.inFolder { folder throws in
      let path = folder.appending(path: "bad.gguf").path
      try Data(bytes).write(to: URL(filePath: path))
      for arguments in [["run", path, "hi"], ["verify", path]] {
        let result = try Command.run(arguments)
        #expect(result.refuses("Error: ", "blk.2.ffn_down"), "\(result.errors.prefix(300))")
      }
    }
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")),
    arguments: [["show", Command.story], ["show", Command.story, "--metadata"], ["run", Command.story, ""]])
  func `output that cannot be written is an error`(arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "\"$0\" \"$@\" >/dev/full", TestData.executable.path] + arguments
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 1)
    #expect(text.contains("standard output"), "\(text)")
  }

  @Test func `weights that are no numbers`() throws {
    var bytes = try story()
    // The last four floats of the last tensor.
    for index in 1...4 {
      let end = bytes.count - 4 * index
      bytes.replaceSubrange(end..<end + 4, with: [0, 0, 0xC0, 0x7F])
    }
    try Command.inFolder { folder throws in
      let path = folder.appending(path: "bad.gguf").path
      try Data(bytes).write(to: URL(filePath: path))
      let verified = try Command.run("verify", path)
      #expect(verified.refuses("Error: ", ".weight"), "\(verified.status) \(verified.errors)")
      for options in [[], ["--temperature", "0"], ["--kv", "q8_0"]] {
        let run = try Command.run(["run", path, "hi", "--max-tokens", "4"] + options)
        #expect(!run.crashed, "\(run.errors)")
      }
    }
  }

  @Test(arguments: ["/nowhere.gguf", "/", "/dev/null", "/nowhere/folder"]) func `paths that hold no model`(path: String)
    throws
  {
    for verb in [["run", path, "hi"], ["plan", path], ["show", path], ["verify", path], ["inspect", path]] {
      let result = try Command.run(verb)
      #expect(result.refuses("Error: ", path), "\(verb): \(result.status) \(result.errors)")
    }
  }

  @Test func `a prompt that is too long, and one that is not UTF-8`() throws {
    let long = String(repeating: "once upon a time ", count: 200)
    #expect(try Command.run("run", Command.story, long, "--context", "64").refuses("Error: ", "do not fit", "64"))
    let bytes = try Command.run(["run", Command.story], input: [0x4F, 0xFF, 0xFE])
    #expect(bytes.refuses("Error: ", "UTF-8"))
  }

  @Test func `a folder without weights, and one with damaged JSON`() throws {
    try Command.inFolder { folder throws in
      let config = folder.appending(path: "config.json")
      try FileManager.default.copyItem(at: URL(filePath: Command.storyFolder + "/config.json"), to: config)
      #expect(try Command.run("run", folder.path, "hi").refuses("Error: ", "safetensors"))
      try Data("{\"model_type\": ".utf8).write(to: config)
      #expect(try Command.run("run", folder.path, "hi").refuses("Error: ", "config.json"))
    }
  }
}
