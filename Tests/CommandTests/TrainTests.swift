import Foundation
import JSON
import Runs
import TestSupport
import Testing
import Training

/// `orrery train`, as a new user and an impatient one meet it.
@Suite(.serialized) struct TrainTests {
  /// A sorting model that learns a little in two seconds.
  static func recipe(steps: Int, checkpoint: Int = 25, change: (inout [String: JSON]) -> Void = { _ in }) -> String {
    var members: [String: JSON] = [
      "name": "small",
      "model": ["family": "gpt2", "layers": 2, "heads": 2, "width": 32, "context": 9, "tiedHead": false],
      "data": ["kind": "sort", "letters": "AB", "longest": 4, "usual": 3], "batch": 16, "steps": .integer(steps),
      "rate": ["form": "cosine", "peak": 0.003, "warmup": 10],
      "every": ["validation": 0, "samples": 0, "checkpoint": .integer(checkpoint), "layers": 10],
    ]
    change(&members)
    return JSON.object(members.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }).text(indent: 2)
  }

  private func write(_ recipe: String, in folder: URL) throws {
    try Data(recipe.utf8).write(to: folder.appending(path: "recipe.json"))
  }

  /// The bits of every loss of a run.
  private func losses(_ folder: URL, run: String = "small-1") throws -> [Int: UInt64] {
    let store = try RunStore(folder: folder.appending(path: "runs").path)
    let rows = try store.rows(LossRecord.self, of: run)
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.step, $0.loss.bitPattern) })
  }

  @Test func `a run that is killed again and again goes on to the same numbers`() throws {
    try Command.inFolder { folder in
      let steps = 4000
      try write(Self.recipe(steps: steps), in: folder)
      let (calm, hunted) = (folder.appending(path: "calm"), folder.appending(path: "hunted"))
      for place in [calm, hunted] {
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      }
      func arguments(_ place: URL, _ rest: [String]) -> [String] {
        ["train", "--runs", place.appending(path: "runs").path, "--threads", "1"] + rest
      }
      let whole = try Command.run(arguments(calm, ["--recipe", "recipe.json"]), folder: folder)
      #expect(whole.status == 0, "\(whole.errors)")

      var random = Generator(seed: UInt64(Date().timeIntervalSince1970))
      var kills = 0
      for attempt in 0..<60 {
        // Known from the first moment on, and before its first checkpoint gone on with from nothing.
        let runs = hunted.appending(path: "runs").path
        let isKnown = RunStore.exists(in: runs) ? try RunStore(folder: runs).run("small-1") != nil : false
        let process = Process()
        process.executableURL = TestData.executable
        process.arguments = arguments(hunted, isKnown ? ["--resume", "small-1"] : ["--recipe", "recipe.json"])
        process.currentDirectoryURL = folder
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        if attempt < 16 {
          // The first ones early, while the run is only begun.
          let wait = attempt < 4 ? random.word() % 60 + 10 : random.word() % 1000 + 200
          Thread.sleep(forTimeInterval: Double(wait) / 1000)
          if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
        process.waitUntilExit()
        if process.terminationReason == .uncaughtSignal { kills += 1 } else if process.terminationStatus == 0 { break }
      }
      #expect(kills > 2, "only \(kills) kills")
      let (expected, found) = (try losses(calm), try losses(hunted))
      #expect(expected.count == steps && found == expected)
      let models = try [calm, hunted].map {
        try Data(contentsOf: $0.appending(path: "runs/small-1/model.safetensors"))
      }
      #expect(models[0] == models[1])
    }
  }

  @Test func `a run that was killed before its first checkpoint is gone on with from its beginning`() throws {
    try Command.inFolder { folder in
      try write(Self.recipe(steps: 30), in: folder)
      let whole = try Command.run(
        "train", "--recipe", "recipe.json", "--runs", "calm/runs", "--threads", "1", folder: folder)
      #expect(whole.status == 0, "\(whole.errors)")
      // All that a run has that is killed as it begins: its row.
      let store = try RunStore(folder: folder.appending(path: "hunted/runs").path)
      _ = try store.begin(Recipe(path: folder.appending(path: "recipe.json").path))
      let listed = try Command.run("train", "--history", "--runs", "hunted/runs", folder: folder)
      #expect(listed.text.contains("interrupted at 0/30 (go on: orrery train --resume small-1"), "\(listed.text)")
      let resumed = try Command.run(
        "train", "--resume", "small-1", "--runs", "hunted/runs", "--threads", "1", folder: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      let (expected, found) = (
        try losses(folder.appending(path: "calm")), try losses(folder.appending(path: "hunted"))
      )
      #expect(expected.count == 30 && found == expected)
    }
  }

  @Test func `interrupting keeps a checkpoint and says how to go on`() throws {
    try Command.inFolder { folder in
      try write(Self.recipe(steps: 100_000, checkpoint: 50_000), in: folder)
      let process = Process()
      process.executableURL = TestData.executable
      process.arguments = ["train", "--recipe", "recipe.json", "--runs", "runs", "--threads", "1"]
      process.currentDirectoryURL = folder
      let errors = Pipe()
      (process.standardError, process.standardOutput) = (errors, FileHandle.nullDevice)
      try process.run()
      let store = folder.appending(path: "runs/small-1/checkpoint.safetensors").path
      while process.isRunning, !FileManager.default.fileExists(atPath: store) { Thread.sleep(forTimeInterval: 0.05) }
      let runs = try RunStore(folder: folder.appending(path: "runs").path)
      while process.isRunning, (try? runs.run("small-1")?.step ?? 0) ?? 0 == 0 { Thread.sleep(forTimeInterval: 0.05) }
      kill(process.processIdentifier, SIGINT)
      let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0 && text.contains("orrery train --resume small-1"), "\(text)")
      let run = try #require(try RunStore(folder: folder.appending(path: "runs").path).run("small-1"))
      #expect(run.status == .stopped && run.step > 0)
      let listed = try Command.run("train", "--history", "--runs", "runs", folder: folder)
      #expect(listed.text.contains("small-1") && listed.text.contains("stopped at \(run.step)"), "\(listed.text)")
    }
  }

  @Test func `a trained model runs, and so does its GGUF file`() throws {
    try Command.inFolder { folder in
      try write(Self.recipe(steps: 700), in: folder)
      let trained = try Command.run(
        ["train", "--recipe", "recipe.json", "--runs", "runs", "--threads", "1", "--output", "sorter", "--json"],
        folder: folder)
      #expect(trained.status == 0 && trained.text.contains("\"status\": \"finished\""), "\(trained.errors)")
      let converted = try Command.run("convert", "sorter", "--output", "sorter.gguf", folder: folder)
      #expect(converted.status == 0, "\(converted.errors)")
      // What the run came to of what the processor can do.
      let result = try JSON(parsing: trained.text)
      let (peak, share) = (try #require(result["peakOperationsPerSecond"]?.double), try #require(result["shareOfPeak"]))
      #expect(peak > 1e8)
      let history = try Command.run("train", "--history", "--runs", "runs", "--json", folder: folder)
      let listed = try #require(try JSON(parsing: history.text).array?.first)
      #expect(listed["shareOfPeak"] == share && listed["peakOperationsPerSecond"]?.double == peak)
      let told = try Command.run("train", "--history", "--runs", "runs", folder: folder)
      // Beside much other work the peak may be measured below what was done: then there is no share to tell.
      if let share = share.double {
        #expect(
          share > 0 && share <= 1 && told.text.contains("\(Int((share * 100).rounded())) % of peak"), "\(told.text)")
      } else {
        #expect(share == .null && !told.text.contains("of peak"))
      }
      for model in ["sorter", "sorter.gguf"] {
        let result = try Command.run("run", model, "BAB", "--temperature", "0", folder: folder)
        #expect(result.status == 0 && result.text == "ABB", "\(model): \(result.text) \(result.errors)")
      }
    }
  }

  @Test func `what cannot be trained is refused`() throws {
    try Command.inFolder { folder in
      func run(_ arguments: String..., recipe: String? = nil) throws -> Command.Result {
        if let recipe { try write(recipe, in: folder) }
        return try Command.run(["train", "--runs", "runs"] + arguments, folder: folder)
      }
      #expect(try run("nothing").refuses("Error: ", "shakespeare-char, sort, stories"))
      #expect(try run().refuses("--list"))
      #expect(try run("shakespeare-char").refuses("Error: ", "--text"))
      #expect(try run("shakespeare-char", "--text", "none.txt").refuses("none.txt"))
      #expect(try run("--resume", "sort-9").refuses("sort-9"))
      try Data().write(to: folder.appending(path: "empty.txt"))
      #expect(try run("shakespeare-char", "--text", "empty.txt").refuses("empty.txt", "no text"))
      try Data([0x61, 0xFF]).write(to: folder.appending(path: "wrong.txt"))
      #expect(try run("shakespeare-char", "--text", "wrong.txt").refuses("wrong.txt", "UTF-8"))
      let heads = Self.recipe(steps: 5) {
        $0["model"] = ["family": "gpt2", "layers": 2, "heads": 5, "width": 32, "context": 9]
      }
      #expect(try run("--recipe", "recipe.json", recipe: heads).refuses("recipe.json", "model.heads", "32"))
      let huge = Self.recipe(steps: 5) {
        $0["model"] = ["family": "gpt2", "layers": 900, "heads": 2000, "width": 200_000, "context": 9]
      }
      #expect(try run("--recipe", "recipe.json", recipe: huge).refuses("MiB", "bytes) can be had", "--recompute"))
      let shared = try run("--recipe", "recipe.json", recipe: Self.recipe(steps: 5) { $0["balance"] = 0.1 })
      #expect(shared.refuses("recipe.json", "balance: the model has no experts"))
      let long = Self.recipe(steps: 5) { $0["data"] = ["kind": "sort", "longest": 40] }
      #expect(try run("--recipe", "recipe.json", recipe: long).refuses("data.longest", "81"))
      let unknown = Self.recipe(steps: 5) { $0["stepz"] = 3 }
      #expect(try run("--recipe", "recipe.json", recipe: unknown).refuses("stepz", "accumulation"))
      #expect(try !FileManager.default.contentsOfDirectory(atPath: folder.path + "/runs").contains("small-1"))
    }
  }

  @Test func `a loss that is no number leaves the last checkpoint whole`() throws {
    try Command.inFolder { folder in
      let wild = Self.recipe(steps: 4000, checkpoint: 1) {
        $0["rate"] = ["peak": 1000]
        $0["optimizer"] = ["clip": 0, "weightDecay": 10]
      }
      try write(wild, in: folder)
      let result = try Command.run(
        "train", "--recipe", "recipe.json", "--runs", "runs", "--threads", "1", folder: folder)
      #expect(
        !result.crashed && result.status != 0 && result.errors.contains("diverged"), "\(result.errors.suffix(300))")
      #expect(result.errors.contains("The checkpoint of step"))
      let run = try #require(try RunStore(folder: folder.appending(path: "runs").path).run("small-1"))
      #expect(run.status == .failed && run.message?.contains("step") == true)
      let again = try Command.run(
        "train", "--resume", "small-1", "--runs", "runs", "--threads", "1", folder: folder)
      #expect(!again.crashed && again.errors.contains("diverged"), "\(again.errors.suffix(300))")
    }
  }

  @Test(.enabled(if: geteuid() == 0 && FileManager.default.fileExists(atPath: "/dev/full")))
  func `a full disk ends a run with its last checkpoint whole`() throws {
    try Command.inFolder { folder in
      // Files of this process may grow to 400 KiB: the checkpoint fits, the model beside it too, the next no more.
      try write(Self.recipe(steps: 300, checkpoint: 20), in: folder)
      let first = try Command.run(
        "train", "--recipe", "recipe.json", "--runs", "runs", "--threads", "1", "--steps", "100", folder: folder)
      #expect(first.status == 0, "\(first.errors)")
      let path = folder.appending(path: "runs/small-1/checkpoint.safetensors")
      let kept = try Data(contentsOf: path)
      let process = Process()
      process.executableURL = URL(filePath: "/bin/sh")
      let limit = kept.count / 1024 - 8
      process.arguments = [
        "-c",
        "trap '' XFSZ; ulimit -f \(limit * 2); exec \"$0\" train --resume small-1 --runs runs --threads 1 --steps 300",
        TestData.executable.path,
      ]
      process.currentDirectoryURL = folder
      let errors = Pipe()
      (process.standardError, process.standardOutput) = (errors, FileHandle.nullDevice)
      try process.run()
      let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus != 0)
      #expect(text.contains("checkpoint.safetensors") && text.contains("large"), "\(text)")
      #expect(try Data(contentsOf: path) == kept)
    }
  }
}
