import Foundation
import GRDB
import Runs
import Synchronization
import TestSupport
import Testing
import Training

/// The record of runs: what is written can be read, also meanwhile.
@Suite struct RunStoreTests {
  private func inStore(_ body: (RunStore) throws -> Void) throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(try RunStore(folder: folder.appending(path: "runs").path))
  }

  private func step(_ number: Int, loss: Float) -> TrainingEvent {
    .step(
      StepReport(
        step: number, loss: loss, rate: 0.5, gradientNorm: 2, tokens: 10, seconds: 0.1, operations: 100))
  }

  @Test func `runs of one recipe have names and folders of their own`() throws {
    try inStore { store in
      let recipe = try Recipe.bundled("sort")
      let (first, second) = (try store.begin(recipe), try store.begin(recipe))
      #expect(first.id == "sort-1" && second.id == "sort-2" && first.folder != second.folder)
      #expect(try store.run("sort-2") == store.run(second.folder) && store.run("sort-3") == nil)
      #expect(try store.runs().map(\.id).sorted() == ["sort-1", "sort-2"])
      #expect(try store.forget("sort-1") && !store.forget("sort-1") && store.runs().count == 1)
    }
  }

  @Test func `events are kept, and another reader sees them while the run goes on`() throws {
    try inStore { store in
      let record = try store.begin(Recipe.bundled("sort"))
      let recorder = store.recorder(of: record.id)
      for number in 1...5 { recorder.observe(step(number, loss: 1 / Float(number))) }
      recorder.observe(.layers(LayerReport(step: 5, layers: [.init(name: "blocks.0", gradientNorm: 3, weightNorm: 4)])))
      recorder.observe(
        .validation(ValidationReport(step: 5, loss: 0.25, rows: 9, right: 2, sequences: 3, seconds: 1)))
      recorder.observe(.sample(SampleReport(step: 5, prompt: "CAB", text: "ABC")))
      recorder.observe(.checkpoint(step: 5, path: "/x"))
      let reader = try RunStore(folder: store.folder)
      #expect(try reader.rows(LossRecord.self, of: "sort-1").map(\.loss) == (1...5).map { Double(1 / Float($0)) })
      #expect(try reader.rows(LossRecord.self, of: "sort-1", after: 3).map(\.step) == [4, 5])
      #expect(try reader.rows(ValidationRecord.self, of: "sort-1").map(\.right) == [2])
      #expect(try reader.rows(SampleRecord.self, of: "sort-1").map(\.text) == ["ABC"])
      #expect(try reader.rows(CheckpointRecord.self, of: "sort-1").map(\.path) == ["/x"])
      #expect(try reader.rows(LayerRecord.self, of: "sort-1").map(\.gradientNorm) == [3])
      #expect(try reader.run("sort-1")?.step == 5)
      recorder.observe(.ended(TrainingOutcome(reason: .stopped, step: 5, folder: record.folder, validation: nil)))
      #expect(try reader.run("sort-1")?.status == .stopped)
    }
  }

  @Test func `the share of the peak is that of the steps since the run last went on`() throws {
    try inStore { store in
      let record = try store.begin(Recipe.bundled("sort"))
      let first = store.recorder(of: record.id)
      first.note(peak: 4000)
      #expect(try store.run("sort-1")?.peakOperationsPerSecond == 4000 && store.run("sort-1")?.shareOfPeak == nil)
      // Each step does 100 operations in a tenth of a second.
      for number in 1...3 { first.observe(step(number, loss: 1)) }
      first.observe(.saving(step: 3))
      #expect(try abs(#require(store.run("sort-1")?.shareOfPeak) - 0.25) < 1e-12)
      let second = store.recorder(of: record.id)
      second.note(peak: 2000)
      second.observe(step(4, loss: 1))
      second.observe(.saving(step: 4))
      #expect(try abs(#require(store.run("sort-1")?.shareOfPeak) - 0.5) < 1e-12)
      // More than can be was measured beside other work, and says nothing.
      let third = store.recorder(of: record.id)
      third.note(peak: 500)
      third.observe(step(5, loss: 1))
      third.observe(.saving(step: 5))
      #expect(try store.run("sort-1")?.shareOfPeak == nil && store.run("sort-1")?.step == 5)
      // Measured again, with the other work over.
      third.note(peak: 1250)
      #expect(try abs(#require(store.run("sort-1")?.shareOfPeak) - 0.8) < 1e-12)
    }
  }

  @Test func `a new store that many open at once is made once`() throws {
    for _ in 0..<12 {
      let folder = try TestData.temporaryFolder()
      defer { try? FileManager.default.removeItem(at: folder) }
      let path = folder.appending(path: "new/runs").path
      let recipe = try Recipe.bundled("sort")
      let failures = Mutex<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 6) { _ in
        do { _ = try RunStore(folder: path).begin(recipe) } catch { failures.withLock { $0.append("\(error)") } }
      }
      #expect(failures.withLock { $0 } == [])
      #expect(try RunStore(folder: path).runs().map(\.id).sorted() == (1...6).map { "sort-\($0)" })
    }
  }

  @Test func `a run whose folder nobody holds is told as interrupted`() throws {
    try inStore { store in
      let record = try store.begin(Recipe.bundled("sort"))
      #expect(try store.run("sort-1")?.status == .interrupted)
      try FileManager.default.createDirectory(atPath: record.folder, withIntermediateDirectories: true)
      var lock = FolderLock(of: record.folder)
      #expect(lock != nil && FolderLock(of: record.folder) == nil)
      #expect(try store.run("sort-1")?.status == .running && store.runs()[0].isLive)
      lock = nil
      #expect(try store.run("sort-1")?.status == .interrupted && !store.runs()[0].isLive)
      #expect(FolderLock(of: record.folder) != nil)
      let stored = try store.database.read { try String.fetchAll($0, sql: "SELECT status FROM run") }
      #expect(stored == ["running"])
      store.recorder(of: record.id).observe(
        .ended(TrainingOutcome(reason: .finished, step: 5, folder: record.folder, validation: nil)))
      #expect(try store.run("sort-1")?.status == .finished)
    }
  }

  @Test func `what is no database is refused by its name`() throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("no database at all, but a text that is long enough to be one, were it not for what it says".utf8)
      .write(to: folder.appending(path: "runs.sqlite"))
    #expect(performing: { try RunStore(folder: folder.path) }, throws: { "\($0)".contains("runs.sqlite: ") })
  }

  @Test func `a failure is noted`() throws {
    try inStore { store in
      let record = try store.begin(Recipe.bundled("sort"))
      store.recorder(of: record.id).fail(DataError(path: "a", reason: "is gone"))
      let run = try #require(try store.run("sort-1"))
      #expect(run.status == .failed && run.message == "a: is gone")
    }
  }
}
