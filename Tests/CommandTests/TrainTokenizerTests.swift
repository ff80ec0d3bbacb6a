import Foundation
import TestSupport
import Testing

/// `orrery train-tokenizer`, as scripts rely on it.
@Suite struct TrainTokenizerTests {
  @Test func `a tokenizer learnt from files encodes and decodes`() throws {
    try Command.inFolder { folder in
      try Data(String(repeating: "The fox had a lantern. ", count: 50).utf8).write(to: folder.appending(path: "a.txt"))
      try Data("The owl had none.\n".utf8).write(to: folder.appending(path: "b.txt"))
      let trained = try Command.run(
        "train-tokenizer", "a.txt", "b.txt", "--vocabulary", "266", "-o", "tokenizer.json", "--json", folder: folder)
      #expect(trained.status == 0 && trained.text.contains("\"tokens\": 266"), "\(trained.errors)")
      let text = Array("The fox had a lantern, the owl had none.".utf8)
      let ids = try Command.run("tokenize", "tokenizer.json", "--ids", input: text, folder: folder)
      let back = try Command.run("tokenize", "tokenizer.json", "--decode", input: ids.output, folder: folder)
      #expect(back.output == text && ids.text.filter { $0 == "," }.count < text.count - 8)
    }
  }

  @Test func `what cannot be learnt from is refused`() throws {
    try Command.inFolder { folder in
      try Data().write(to: folder.appending(path: "empty.txt"))
      try Data([0x61, 0xFF]).write(to: folder.appending(path: "wrong.txt"))
      try Data("abc".utf8).write(to: folder.appending(path: "good.txt"))
      func run(_ file: String, _ size: String, _ more: String...) throws -> Command.Result {
        try Command.run(["train-tokenizer", file, "--vocabulary", size, "-o", "out.json"] + more, folder: folder)
      }
      #expect(try run("empty.txt", "300").refuses("Error: ", "no text"))
      #expect(try run("wrong.txt", "300").refuses("Error: ", "wrong.txt", "byte 1"))
      #expect(try run("none.txt", "300").refuses("Error: ", "none.txt"))
      #expect(try run("good.txt", "100").refuses("Error: ", "257"))
      #expect(try run("good.txt", "300", "--pattern", "x").refuses("Error: ", "llama3"))
      #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "out.json").path))
      let nowhere = try Command.run(
        "train-tokenizer", "good.txt", "--vocabulary", "300", "-o", "none/out.json", folder: folder)
      #expect(nowhere.refuses("Error: ", "none/out.json"))
    }
  }

  @Test(.enabled(if: TestData.isExpected)) func `a GGUF file holds a learnt tokenizer`() throws {
    try Command.inFolder { folder in
      for name in ["config.json", "model.safetensors"] {
        try FileManager.default.copyItem(
          at: TestData.url("stories260K/\(name)"), to: folder.appending(path: name))
      }
      let text = TestData.url("text/tinyshakespeare.txt").path
      for pattern in ["gpt-2", "llama3", "qwen2", "gpt-4o"] {
        let trained = try Command.run(
          "train-tokenizer", text, "--vocabulary", "512", "--pattern", pattern, "-o", "tokenizer.json", folder: folder)
        #expect(trained.status == 0, "\(trained.errors)")
        let converted = try Command.run("convert", ".", "--output", "\(pattern).gguf", folder: folder)
        #expect(converted.status == 0, "\(converted.errors)")
        let input = Array("First Citizen:\nBefore we proceed any further, it's 1234  é 日本 🙂\n\n".utf8)
        let own = try Command.run(
          ["tokenize", "tokenizer.json", "--ids", "--no-special"], input: input, folder: folder)
        let file = try Command.run(
          ["tokenize", "\(pattern).gguf", "--ids", "--no-special"], input: input, folder: folder)
        #expect(own.output == file.output && own.output.count > 20, "\(pattern) \(file.errors)")
      }
    }
  }
}
