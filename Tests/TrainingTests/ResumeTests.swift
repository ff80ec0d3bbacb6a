import Foundation
import JSON
import Synchronization
import TestSupport
import Testing
import Training

/// What a run is gone on with that was ended at an inconvenient moment: its folder, as it then was, is copied.
@Suite struct ResumeTests {
  private var oneThread: TrainingOptions {
    var options = TrainingOptions()
    options.threads = 1
    return options
  }

  private func bits(_ events: RunTests.Events) -> [UInt32] { events.losses.map(\.bitPattern) }

  @Test func `a run that was ended before its first checkpoint begins anew`() throws {
    try RunTests.inFolder { folder in
      let recipe = try RunTests.recipe(["steps": 12])
      let (whole, again) = (RunTests.Events(), RunTests.Events())
      _ = try TrainingRun(recipe: recipe, folder: folder + "/whole", options: oneThread).run(observer: whole)
      #expect(whole.losses.count == 12)
      let manager = FileManager.default
      // Nothing written; the recipe alone; a checkpoint that is not whole.
      for number in 0..<3 {
        let broken = "\(folder)/\(number)"
        if number > 0 {
          try manager.createDirectory(atPath: broken, withIntermediateDirectories: true)
          try manager.copyItem(atPath: folder + "/whole/recipe.json", toPath: broken + "/recipe.json")
        }
        let partial = broken + "/checkpoint.safetensors.partial-1"
        if number == 2 { try Data([1, 2, 3]).write(to: URL(filePath: partial)) }
        let run = try TrainingRun(resuming: broken, recorded: number == 0 ? recipe : nil, options: oneThread)
        #expect(run.step == 0 && run.lastCheckpoint == 0 && !manager.fileExists(atPath: partial))
        let events = RunTests.Events()
        _ = try run.run(observer: events)
        #expect(bits(events) == bits(whole))
        again.all.withLock { all in all += events.all.withLock { $0 } }
      }
      #expect(again.losses.count == 36)
      #expect(throws: TrainingError.self) { try TrainingRun(resuming: folder + "/none", options: oneThread) }
    }
  }

  @Test func `another learning rate outlives the program that was told it`() throws {
    try RunTests.inFolder { folder in
      let recipe = try RunTests.recipe(["steps": 20, "every": ["checkpoint": 0, "validation": 0, "samples": 0]])
      let whole = RunTests.Events()
      let run = try TrainingRun(recipe: recipe, folder: folder + "/whole", options: oneThread)
      let control = run.control
      _ = try run.run(
        observer: RunTests.Events { event in
          whole.observe(event)
          guard case .step(let report) = event else { return }
          if report.step == 5 { control.rateFactor = 0.25 }
          // As the folder is when the program is ended here.
          if report.step == 9 {
            try? FileManager.default.copyItem(atPath: folder + "/whole", toPath: folder + "/killed")
          }
        })
      let later = try TrainingRun(resuming: folder + "/killed", options: oneThread)
      #expect(later.control.rateFactor == 0.25 && later.step == 5)
      let rest = RunTests.Events()
      _ = try later.run(observer: rest)
      #expect(whole.losses.count == 20 && bits(rest) == Array(bits(whole)[5...]))

      // Told while nothing more is learnt: the last checkpoint is of the same step.
      let ended = try TrainingRun(
        resuming: folder + "/killed", options: oneThread,
        change: { recipe in
          try recipe.replacing("steps", by: 30)
        })
      let endedControl = ended.control
      endedControl.rateFactor = 0.5
      endedControl.stop()
      #expect(try ended.run(observer: RunTests.Events()).step == 20)
      #expect(try TrainingRun(resuming: folder + "/killed", options: oneThread).control.rateFactor == 0.5)
    }
  }
}
