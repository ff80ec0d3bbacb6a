import Foundation
import JSON
import TestSupport
import Testing

/// `orrery bench`, as scripts rely on it.
@Suite struct BenchTests {
  /// A model of the tiny shape, made here.
  private func withModel(_ format: String, _ body: (String) throws -> Void) throws {
    try Command.inFolder { folder throws in
      let path = folder.appending(path: "tiny.gguf").path
      let made = try Command.run("bench", "--make", "tiny:\(format)", "--output", path)
      #expect(made.status == 0 && made.output.isEmpty, "\(made.errors)")
      try body(path)
    }
  }

  @Test func `figures as JSON, for every test at every depth`() throws {
    try withModel("q4_0") { path throws in
      let result = try Command.run(
        "bench", path, "-p", "16,40", "-n", "3", "-d", "0,20", "-t", "2", "--kv", "q8_0", "-r", "2", "--json")
      #expect(result.status == 0, "\(result.errors)")
      let json = try JSON(parsing: result.output)
      let results = try #require(json["results"]?.array)
      let tests = results.map { [$0["test"]?.string, $0["tokens"]?.int?.description, $0["depth"]?.int?.description] }
      #expect(
        tests == [
          ["prefill", "16", "0"], ["prefill", "40", "0"], ["decode", "3", "0"],
          ["prefill", "16", "20"], ["prefill", "40", "20"], ["decode", "3", "20"],
        ])
      for result in results {
        for key in ["tokensPerSecond", "bytesPerSecond", "operationsPerSecond", "peakShare"] {
          #expect(try #require(result[key]?.double) > 0, "\(key)")
        }
        #expect(try #require(result["spread"]?.double) >= 0)
      }
      let machine = try #require(json["machine"])
      for key in ["peakBytesPerSecond", "peakOperationsPerSecond", "peakFloat32OperationsPerSecond"] {
        #expect(try #require(machine[key]?.double) > 1e8, "\(key)")
      }
      #expect(json["threads"]?.int == 2 && json["cacheFormat"]?.string == "q8_0")
    }
  }

  @Test(arguments: ["f16", "bf16", "q8_0", "q4_0", "q4_k_m"])
  func `a made model is sound, runs, and is the same every time`(format: String) throws {
    try withModel(format) { path throws in
      let bytes = try Data(contentsOf: URL(filePath: path))
      try withModel(format) { again throws in #expect(try Data(contentsOf: URL(filePath: again)) == bytes) }
      let verified = try Command.run("verify", path)
      #expect(verified.status == 0, "\(verified.errors)")
      let text = Array("hello banana, mötorhead".utf8)
      let ids = try Command.run(["tokenize", path, "--ids"], input: text)
      #expect(ids.status == 0)
      #expect(
        try Command.run(["tokenize", path, "--decode"], input: ids.output).text.contains("hello banana, mötorhead"))
      let run = try Command.run("run", path, "hello", "--temperature", "0", "--max-tokens", "8", "--raw")
      #expect(run.status == 0 && !run.text.isEmpty, "\(run.errors)")
    }
  }

  @Test func `a table for people`() throws {
    try withModel("q4_k_m") { path throws in
      let result = try Command.run("bench", path, "-p", "8", "-n", "2", "-r", "1")
      #expect(result.status == 0, "\(result.errors)")
      for word in ["token/s", "prefill", "decode", "GB/s"] { #expect(result.text.contains(word)) }
    }
  }

  @Test(arguments: [
    ["bench"], ["bench", "x.gguf", "-p", "a"], ["bench", "x.gguf", "-p", "0", "-n", "0"],
    ["bench", "x.gguf", "-r", "0"],
    ["bench", "x.gguf", "-d", "1,,2"], ["bench", "--make", "tiny:q4_0"], ["bench", "--make", "tiny", "--output", "x"],
    ["bench", "--make", "huge:q4_0", "--output", "x"], ["bench", "--make", "tiny:q9", "--output", "x"],
    ["bench", "x.gguf", "--output", "x"], ["bench", "x.gguf", "--make", "tiny:q4_0", "--output", "x"],
  ])
  func `wrong arguments are refused`(arguments: [String]) throws {
    let result = try Command.run(arguments)
    #expect(result.refuses("Error: ") && result.status == 64, "\(result.status) \(result.errors)")
  }

  @Test func `a model that is none, and a folder that is none`() throws {
    #expect(try Command.run("bench", "/nowhere.gguf").refuses("Error: ", "/nowhere.gguf"))
    #expect(try Command.run("bench", "--make", "tiny:q4_0", "--output", "/nowhere/x.gguf").refuses("/nowhere/x.gguf"))
  }
}
