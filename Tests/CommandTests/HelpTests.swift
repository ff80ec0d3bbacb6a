import TestSupport
import Testing

/// Help, completions, and arguments that are wrong.
@Suite struct HelpTests {
  private static let verbs = [
    "run", "train", "merge", "list", "show", "inspect", "plan", "tokenize", "train-tokenizer", "stories", "template",
    "convert",
    "quantize", "eval", "bench", "logits", "pack", "verify", "completions",
  ]

  @Test(arguments: verbs) func `every verb's help has an example`(verb: String) throws {
    let result = try Command.run(verb, "--help")
    #expect(result.status == 0)
    #expect(result.text.contains("Example"))
    #expect(result.text.contains("  orrery \(verb)") || result.text.contains("| orrery \(verb)"))
  }

  @Test func `the command's own help names every verb`() throws {
    let result = try Command.run("--help")
    #expect(result.status == 0 && result.text.contains("Example"))
    for verb in Self.verbs { #expect(result.text.contains("\n  \(verb) ")) }
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func `shells get completions`(shell: String) throws {
    let result = try Command.run("completions", shell)
    #expect(result.status == 0 && result.text.contains("quantize"))
  }

  @Test(arguments: [
    ["frob"], ["run"], ["run", "model.gguf", "hi", "--temperature=-1"], ["run", "model.gguf", "hi", "--stop", ""],
    ["run", "model.gguf", "hi", "--threads", "9999"], ["run", "model.gguf", "hi", "--kv", "q3"],
    ["run", "model.gguf", "hi", "--context", "0"], ["run", "model.gguf", "hi", "--max-tokens=-2"],
    ["plan", "model.gguf", "--context", "x"], ["completions", "cmd"], ["logits", "model.gguf", "--tokens", "1"],
  ])
  func `wrong arguments are refused`(arguments: [String]) throws {
    let result = try Command.run(arguments)
    #expect(result.refuses("Error: ") && result.status == 64, "\(result.status) \(result.errors)")
  }
}
