import Foundation
import JSON
import Runs
import Synchronization
import TestSupport
import Testing

/// Several processes around the same runs, and runs whose process is gone.
@Suite(.serialized) struct RunFolderTests {
  private func train(_ folder: URL, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = TestData.executable
    process.arguments = ["train", "--runs", "runs", "--threads", "1"] + arguments
    process.currentDirectoryURL = folder
    (process.standardError, process.standardOutput) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try process.run()
    return process
  }

  /// What `--history` says of a run.
  private func history(_ folder: URL) throws -> (status: String?, text: String) {
    let json = try Command.run("train", "--history", "--runs", "runs", "--json", folder: folder)
    let text = try Command.run("train", "--history", "--runs", "runs", folder: folder).text
    return (try JSON(parsing: json.output).array?.first?["status"]?.string, text)
  }

  private func wait(_ seconds: Double = 60, until isReady: () -> Bool) -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    while !isReady(), Date() < end { Thread.sleep(forTimeInterval: 0.02) }
    return isReady()
  }

  @Test func `a run that is killed is told as interrupted and goes on`() throws {
    try Command.inFolder { folder in
      try Data(TrainTests.recipe(steps: 1_000_000).utf8).write(to: folder.appending(path: "recipe.json"))
      let process = try train(folder, ["--recipe", "recipe.json"])
      defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
      let store = try RunStore(folder: folder.appending(path: "runs").path)
      #expect(wait { (try? store.run("small-1")?.step ?? 0) ?? 0 > 30 })
      #expect(try history(folder).status == "running")
      let refused = try Command.run("train", "--resume", "small-1", "--runs", "runs", folder: folder)
      #expect(refused.refuses("small-1", "another process"), "\(refused.errors)")
      #expect(process.isRunning)

      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let (status, text) = try history(folder)
      #expect(status == "interrupted" && text.contains("interrupted at"), "\(text)")
      #expect(text.contains("orrery train --resume small-1"), "\(text)")
      let step = try #require(try store.run("small-1")).step
      let resumed = try Command.run(
        "train", "--resume", "small-1", "--runs", "runs", "--threads", "1", "--steps", "\(step + 20)", folder: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try history(folder).status == "finished")
    }
  }

  @Test func `a folder that is trained in is refused without the store too`() throws {
    try Command.inFolder { folder in
      try Data(TrainTests.recipe(steps: 1_000_000).utf8).write(to: folder.appending(path: "recipe.json"))
      let process = try train(folder, ["--recipe", "recipe.json"])
      defer { kill(process.processIdentifier, SIGKILL) }
      let checkpoint = folder.appending(path: "runs/small-1/checkpoint.safetensors").path
      #expect(wait { FileManager.default.fileExists(atPath: checkpoint) })
      // Another store knows nothing of the run, its folder does.
      let refused = try Command.run(
        "train", "--resume", folder.appending(path: "runs/small-1").path, "--runs", "others", folder: folder)
      #expect(refused.refuses("small-1", "another process"), "\(refused.errors)")
    }
  }

  @Test(arguments: 1...4) func `processes that begin at once share a new folder`(_ attempt: Int) throws {
    try Command.inFolder { folder in
      try Data(TrainTests.recipe(steps: 2).utf8).write(to: folder.appending(path: "recipe.json"))
      let failures = Mutex<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 3) { _ in
        do {
          let result = try Command.run(
            "train", "--recipe", "recipe.json", "--runs", "runs", "--threads", "1", folder: folder)
          if result.status != 0 { failures.withLock { $0.append(result.errors) } }
        } catch { failures.withLock { $0.append("\(error)") } }
      }
      #expect(failures.withLock { $0 } == [])
      let runs = try RunStore(folder: folder.appending(path: "runs").path).runs()
      #expect(runs.map(\.id).sorted() == ["small-1", "small-2", "small-3"])
      #expect(runs.allSatisfy { $0.status == .finished })
    }
  }
}
