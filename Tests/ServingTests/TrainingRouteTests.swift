import Foundation
import JSON
import Runs
import Serving
import TestSupport
import Testing
import Training

/// What the app tells of runs, and what it lets be done to them.
@Suite(.serialized) struct TrainingRouteTests {
  private func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try TestData.temporaryFolder()
    do { try await body(folder.appending(path: "runs").path) } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
    try FileManager.default.removeItem(at: folder)
  }

  @Test func `runs of others and interrupted ones are told apart`() async throws {
    try await inFolder { folder in
      let store = try RunStore(folder: folder)
      let recipe = try Recipe.bundled("sort")
      let (other, killed, ended) = (try store.begin(recipe), try store.begin(recipe), try store.begin(recipe))
      for run in [other, killed] {
        try FileManager.default.createDirectory(atPath: run.folder, withIntermediateDirectories: true)
      }
      store.recorder(of: ended.id).observe(
        .ended(TrainingOutcome(reason: .finished, step: 2, folder: ended.folder, validation: nil)))
      let lock = FolderLock(of: other.folder)
      try await TestServer.with(model: nil, training: TrainingDesk(folder: folder)) { server in
        let runs = try #require(try await server.ask("/api/training").json()["runs"]?.array)
        let states = Dictionary(uniqueKeysWithValues: runs.map { ($0["id"]?.string, $0["status"]?.string) })
        #expect(states == ["sort-1": "elsewhere", "sort-2": "interrupted", "sort-3": "finished"])
        let refused = try await server.post("/api/training/start", ["run": "sort-1"])
        #expect(refused.status == 409 && refused.message.contains("sort-1"), "\(refused.message)")
      }
      withExtendedLifetime(lock) {}
    }
  }

  @Test func `a run that was ended before it had a folder is begun anew`() async throws {
    try await inFolder { folder in
      let store = try RunStore(folder: folder)
      let killed = try store.begin(Recipe.bundled("sort").replacing("steps", by: 2))
      #expect(!FileManager.default.fileExists(atPath: killed.folder))
      try await TestServer.with(model: nil, training: TrainingDesk(folder: folder)) { server in
        let started = try await server.post("/api/training/start", ["run": "sort-1"])
        #expect(started.status == 200, "\(started.message)")
        var phase: String?
        for _ in 0..<600 where phase != "finished" && phase != "failed" {
          phase = try await server.ask("/api/training").json()["live"]?["phase"]?.string
          try await Task.sleep(for: .milliseconds(50))
        }
        #expect(phase == "finished")
      }
      #expect(try store.run("sort-1")?.step == 2 && store.rows(LossRecord.self, of: "sort-1").count == 2)
    }
  }

  @Test func `a run of the server's own is running until it has finished`() async throws {
    try await inFolder { folder in
      try await TestServer.with(model: nil, training: TrainingDesk(folder: folder)) { server in
        let started = try await server.post("/api/training/start", ["recipe": "sort", "steps": 3])
        #expect(started.status == 200, "\(started.message)")
        var states: [String] = []
        for _ in 0..<600 {
          let json = try await server.ask("/api/training").json()
          guard let state = json["runs"]?.array?.first?["status"]?.string else { continue }
          if states.last != state { states.append(state) }
          if let phase = json["live"]?["phase"]?.string, !["preparing", "running"].contains(phase) { break }
          try await Task.sleep(for: .milliseconds(50))
        }
        #expect(states.last == "finished" && states.dropLast().allSatisfy { $0 == "running" }, "\(states)")
      }
    }
  }
}
