import Foundation
import TestSupport
import Testing

/// MODEL is the same in every command: a path, a run's name, or the name of a model of the package.
@Suite struct ModelNameTests {
  /// Commands that read a model of the letters A and B, as they are typed.
  private func commands(_ model: String, _ folder: URL) -> [(arguments: [String], input: String)] {
    func path(_ name: String) -> String { folder.appending(path: name).path }
    return [
      (["run", model, "BAB", "--temperature", "0"], ""), (["show", model], ""), (["inspect", model], ""),
      (["inspect", model, "--program", "--context", "9"], ""), (["plan", model], ""), (["verify", model], ""),
      (["tokenize", model], "AB"), (["eval", model, "--text", path("text.txt"), "--context", "8"], ""),
      (["logits", model, "--tokens", "0 1", "--output", path("logits.bin")], ""),
      (["trace", model, "AB", "--output", path("trace.safetensors")], ""),
      (["bench", model, "-p", "4", "-n", "2", "-r", "1"], ""), (["bench", model, "--train", "2", "-p", "4"], ""),
      (["pack", model], ""), (["pack", model, "--remove"], ""),
      (["train", model, "--data", path("text.txt"), "--show"], ""),
    ]
  }

  private func check(_ model: String, _ folder: URL, data: String = "data") throws {
    let places = [
      "ORRERY_DATA": folder.appending(path: data).path, "ORRERY_CACHE": folder.appending(path: "cache").path,
    ]
    for (arguments, input) in commands(model, folder) {
      let result = try Command.run(arguments, input: [UInt8](input.utf8), folder: folder, environment: places)
      #expect(result.status == 0 && !result.crashed, "\(arguments): \(result.errors.suffix(300))")
      if arguments.last == "--remove" { #expect(result.text.contains("removed"), "\(result.text)") }
    }
    // What is missing here is the adapter, not the model.
    let merged = try Command.run(
      ["merge", model, "nothing", "--output", "merged"], folder: folder, environment: places)
    #expect(merged.refuses("nothing/adapter_config.json"), "\(merged.errors)")
  }

  @Test func `the sorting model prints the sorted word and nothing else`() throws {
    let result = try Command.run("run", "sort", "CBABBC", "--temperature", "0")
    #expect(result.status == 0 && result.output == Array("ABBBCC".utf8) && result.errors.isEmpty, "\(result)")
  }

  @Test func `a model of the package`() throws {
    try Command.inFolder { folder in
      try Data(String(repeating: "ABBA", count: 40).utf8).write(to: folder.appending(path: "text.txt"))
      try check("sort", folder)
      let smaller = try Command.run("quantize", "sort", "Q8_0", "--output", "small.gguf", folder: folder)
      #expect(smaller.status == 0, "\(smaller.errors)")
      #expect(try Command.run("run", "small.gguf", "CAB", "--temperature", "0", folder: folder).text == "ABC")
      #expect(try Command.run("convert", "sort", "--output", "x.gguf", folder: folder).refuses("a GGUF file already"))
    }
  }

  @Test func `a run`() throws {
    try Command.inFolder { folder in
      try Data(String(repeating: "ABBA", count: 40).utf8).write(to: folder.appending(path: "text.txt"))
      try Data(TrainTests.recipe(steps: 3).utf8).write(to: folder.appending(path: "recipe.json"))
      let places = ["ORRERY_DATA": folder.appending(path: "data").path]
      let trained = try Command.run(["train", "--recipe", "recipe.json"], folder: folder, environment: places)
      #expect(trained.status == 0, "\(trained.errors)")
      try check("small-1", folder)
      let converted = try Command.run(
        ["convert", "small-1", "--output", "x.gguf"], folder: folder, environment: places)
      #expect(converted.status == 0, "\(converted.errors)")
      let refused = try Command.run(
        ["quantize", "small-1", "Q8_0", "--output", "y.gguf"], folder: folder, environment: places)
      #expect(refused.refuses("small-1", "orrery convert"))
    }
  }

  @Test func `a name that nothing has`() throws {
    for arguments in [
      ["run", "nothing", "A"], ["plan", "nothing"], ["tokenize", "nothing"], ["inspect", "nothing"],
      ["quantize", "nothing", "Q8_0", "--output", "x"], ["convert", "nothing", "--output", "x"],
    ] { #expect(try Command.run(arguments).refuses("nothing"), "\(arguments)") }
  }
}
