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

  @Test func `every kind of step beside its limit`() throws {
    try withModel("q4_k_m") { path throws in
      let result = try Command.run("bench", path, "-p", "16", "-n", "3", "-r", "2", "--steps", "--json")
      #expect(result.status == 0, "\(result.errors)")
      let results = try #require(try JSON(parsing: result.output)["results"]?.array)
      #expect(results.count == 2)
      for result in results {
        let steps = try #require(result["steps"]?.array)
        #expect(steps.count > 4)
        let shares = steps.compactMap { $0["share"]?.double }
        #expect(abs(shares.reduce(0, +) - 1) < 1e-6)
        let titles = steps.compactMap { $0["step"]?.string }.joined(separator: "; ")
        for word in ["attn_q", "attention", "ffn_down", "token_embd"] { #expect(titles.contains(word), "\(titles)") }
      }
      let text = try Command.run("bench", path, "-p", "16", "-n", "2", "-r", "1", "--steps").text
      #expect(text.contains("of limit") && text.contains("attention"))
    }
  }

  @Test(arguments: ["f32", "bf16"]) func `a training step and its parts`(products: String) throws {
    try withModel("f16") { path throws in
      let arguments = ["bench", path, "--train", "3", "-p", "24", "-r", "3", "-t", "2", "--products", products]
      let result = try Command.run(arguments + ["--json"])
      #expect(result.status == 0, "\(result.errors)")
      let json = try JSON(parsing: result.output)
      #expect(json["tokens"]?.int == 72 && json["operations"]?.int ?? 0 > 1_000_000)
      let seconds = try #require(json["seconds"]?.array).compactMap(\.double).sorted()
      let costs = try #require(json["costs"]?.array)
      let parts = costs.compactMap { $0["seconds"]?.double }
      #expect(seconds.count == 3 && parts.allSatisfy { $0 >= 0 }, "\(costs)")
      // The table is of the step in the middle.
      #expect(abs(parts.reduce(0, +) - seconds[1]) < 1e-6, "\(parts) \(seconds)")
      let kinds = costs.compactMap { $0["kind"]?.string }
      for kind in ["product", "attention", "attention gradient", "AdamW", "between"] {
        #expect(kinds.contains(kind), "\(kinds)")
      }
      let text = try Command.run(arguments).text
      for word in ["72 tokens a step", "of this machine's", "product", "together"] { #expect(text.contains(word)) }
    }
  }

  @Test func `many users at once`() throws {
    try withModel("q4_0") { path throws in
      let result = try Command.run("bench", path, "--users", "3", "-p", "9", "-n", "5", "-r", "2", "--json")
      #expect(result.status == 0, "\(result.errors)")
      let json = try JSON(parsing: result.output)
      let results = try #require(json["results"]?.array)
      #expect(results.compactMap { $0["test"]?.string } == ["users", "usersDecode"])
      for result in results { #expect(try #require(result["tokensPerSecond"]?.double) > 0) }
      #expect(try #require(json["lastFirstTokenSeconds"]?.double) > 0)
    }
  }

  /// Rows of weights are read once a run, kept rows as many as there are, and a product of R rows of C columns with T
  /// tokens takes 2·R·C·T operations.
  @Test func `a program's bytes and operations`() throws {
    try withModel("q8_0") { path throws in
      func listing(_ options: String...) throws -> String {
        let result = try Command.run(["inspect", path, "--program"] + options)
        #expect(result.status == 0, "\(result.errors)")
        #expect(!result.text.split(separator: "\n").contains { $0.count > 100 })
        return result.text
      }
      func line(_ text: String, _ part: String) -> String {
        text.split(separator: "\n").first { $0.contains(part) }.map(String.init) ?? ""
      }
      // ffn_down: 256 × 512; its weights are read once for all rows.
      let one = line(try listing("--tokens", "1"), "ffn_down")
      let many = line(try listing("--tokens", "100"), "ffn_down")
      #expect(one.contains(" 262 k") && many.contains(" 26.2 M"), "\(one) \(many)")
      #expect(one.split(separator: " ")[1] == many.split(separator: " ")[1])
      #expect(try #require(Double(one.split(separator: " ")[1])) >= 139)
      // Attention after 1023 tokens: 1024 keys and values of 2 heads of 64 in float16, for 4 heads.
      let deep = try listing("--tokens", "1", "--depth", "1023")
      #expect(line(deep, "attention").contains("524 kB") && line(deep, "attention").contains("1.05 M"))
      #expect(try Command.run("inspect", path, "--program", "--operands").text.contains("arena+"))
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
    ["bench", "x.gguf", "--users", "0"], ["bench", "x.gguf", "--users", "4", "-d", "10"],
    ["bench", "x.gguf", "--train", "0"], ["bench", "x.gguf", "--train", "2", "--users", "2"],
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
