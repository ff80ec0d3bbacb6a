import Foundation
import TestSupport
import Testing

/// `orrery run --lookup`, `--draft` and `--prompt-cache`: faster ways to the same text.
@Suite(.enabled(if: TestData.isExpected)) struct SpeculationCommandTests {
  private static let prompt = "One day, Lily saw a big red ball. She liked it. One day, Lily saw"

  private func text(_ options: String...) throws -> Command.Result {
    try Command.run(["run", Command.story, Self.prompt, "--max-tokens", "60", "--seed", "5"] + options)
  }

  @Test(arguments: ["0", "0.8"]) func `guesses change no byte and are told`(temperature: String) throws {
    let plain = try text("--temperature", temperature)
    #expect(plain.status == 0 && !plain.output.isEmpty)
    let tiny = TestData.url("quantised/tiny-q8_0.gguf").path
    for options in [["--lookup"], ["--draft", Command.storyFolder], ["--draft", tiny]] {
      let guessed = try Command.run(
        ["run", Command.story, Self.prompt, "--max-tokens", "60", "--seed", "5", "--temperature", temperature, "-v"]
          + options)
      #expect(guessed.output == plain.output, "\(guessed.errors)")
      #expect(guessed.errors.contains("guessed"))
    }
  }

  @Test func `a draft with other tokens, and two ways to guess, are refused`() throws {
    try Command.inFolder { folder throws in
      var bytes = try Data(contentsOf: URL(filePath: Command.story))
      bytes.replaceSubrange(try #require(bytes.range(of: Data("▁time".utf8))), with: Data("▁tixe".utf8))
      let other = folder.appending(path: "other.gguf")
      try bytes.write(to: other)
      #expect(try text("--draft", other.path).refuses("Error: ", "draft", "▁tixe"))
    }
    #expect(try text("--draft", "/nowhere.gguf").refuses("Error: ", "/nowhere.gguf"))
    #expect(try text("--draft", Command.story, "--lookup").refuses("Error: ", "--lookup"))
  }

  @Test(arguments: ["f16", "q8_0", "q4_0"]) func `a prompt cache changes no byte`(kv: String) throws {
    let plain = try text("--kv", kv)
    try Command.inFolder { folder throws in
      let file = folder.appending(path: "a.session").path
      #expect(try text("--kv", kv, "--prompt-cache", file).output == plain.output)
      let again = try text("--kv", kv, "--prompt-cache", file, "-v")
      #expect(again.output == plain.output)
      #expect(again.errors.contains("known"))
      // Another ending of the same beginning, which the file then holds.
      let options = ["--kv", kv, "--max-tokens", "30", "--temperature", "0", "--lookup"]
      let other = ["run", Command.story, Self.prompt + " a dog"] + options
      #expect(try Command.run(other + ["--prompt-cache", file]).output == Command.run(other).output)
      #expect(try text("--kv", kv, "--prompt-cache", file).output == plain.output)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.session"])
    }
  }

  @Test func `a cache that does not belong is refused and stays`() throws {
    try Command.inFolder { folder throws in
      let file = folder.appending(path: "a.session")
      #expect(try text("--prompt-cache", file.path).status == 0)
      let bytes = try Data(contentsOf: file)
      #expect(try text("--prompt-cache", file.path, "--kv", "q8_0").refuses("Error: ", "a.session", "cache"))
      let tiny = TestData.url("quantised/tiny-q8_0.gguf").path
      #expect(try Command.run("run", tiny, "a", "--prompt-cache", file.path).refuses("Error: ", "a.session", "model"))
      #expect(try Data(contentsOf: file) == bytes)
      try bytes.dropLast(5).write(to: file)
      #expect(try text("--prompt-cache", file.path).refuses("Error: ", "a.session"))
      #expect(try Data(contentsOf: file) == bytes.dropLast(5))
      try Data("{}".utf8).write(to: file)
      #expect(try text("--prompt-cache", file.path).refuses("Error: ", "a.session"))
      #expect(
        try text("--prompt-cache", folder.appending(path: "no/a.session").path).refuses("Error: ", "no/a.session"))
    }
  }
}
