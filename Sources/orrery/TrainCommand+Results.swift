import Architectures
import Checkpoints
import Conversion
import Foundation
import JSON
import Runs
import TensorCore
import Training

extension TrainCommand {
  /// Brings the model where `--output` says: a GGUF file, or a folder.
  func deliver(_ run: TrainingRun, to output: String) throws {
    let manager = FileManager.default
    let gguf = run.folder + "/model.gguf"
    if output.hasSuffix(".gguf"), !manager.fileExists(atPath: gguf) {
      guard run.model.adapter == nil else {
        throw FileError(path: output, reason: "an adapter is a folder; orrery merge makes one model of both")
      }
      return try Conversion(folder: run.folder).write(to: output)
    }
    func copy(_ from: String, _ to: String) throws {
      try? manager.removeItem(atPath: to)
      do { try manager.copyItem(atPath: from, toPath: to) } catch {
        throw FileError(path: to, reason: error.localizedDescription)
      }
    }
    if output.hasSuffix(".gguf") { return try copy(gguf, output) }
    do { try manager.createDirectory(atPath: output, withIntermediateDirectories: true) } catch {
      throw FileError(path: output, reason: error.localizedDescription)
    }
    for name in try manager.contentsOfDirectory(atPath: run.folder).sorted()
    where !name.hasPrefix("checkpoint.") && !name.contains(".partial-") {
      try copy("\(run.folder)/\(name)", "\(output)/\(name)")
    }
  }

  func report(_ outcome: TrainingOutcome, _ record: RunRecord, _ run: TrainingRun) {
    if json {
      var members: [JSON.Member] = [
        .init("run", .string(record.id)), .init("folder", .string(outcome.folder)),
        .init("status", .string(outcome.reason.rawValue)), .init("step", .integer(outcome.step)),
      ]
      members += Self.speed(record)
      if let validation = outcome.validation {
        members.append(.init("validationLoss", .number(validation.loss)))
        if let right = validation.right {
          members += [.init("right", .integer(right)), .init("sequences", .integer(validation.sequences))]
        }
      }
      return print(JSON.object(members).text(indent: 2))
    }
    switch outcome.reason {
    case .stopped:
      Terminal.note("Stopped after step \(outcome.step). Go on with: \(resumption(of: record))")
    case .finished:
      let place = output ?? outcome.folder
      if run.model.adapter != nil, let base = run.model.base?.path {
        Terminal.note("The adapter is in \(place). Use it: orrery run \(base) --adapter \(place)")
      } else {
        Terminal.note("The model is in \(place). Use it: orrery run \(output ?? (runs == nil ? record.id : place))")
      }
    }
  }

  /// Members about a run's share of what its processor can do; none where that was never measured.
  private static func speed(_ run: RunRecord) -> [JSON.Member] {
    guard let peak = run.peakOperationsPerSecond else { return [] }
    return [
      .init("peakOperationsPerSecond", .number(peak)),
      .init("shareOfPeak", run.shareOfPeak.map { .number($0) } ?? .null),
    ]
  }

  /// The command that goes on with a run.
  func resumption(of run: RunRecord) -> String {
    "orrery train --resume \(run.id)" + (runs.map { " --runs \($0)" } ?? "")
  }

  func listRecipes() throws {
    let all = try Recipe.bundledNames.map { try Recipe.bundled($0) }
    if json {
      return print(
        JSON.array(all.map { ["name": .string($0.name), "about": .string($0.about), "recipe": $0.json] })
          .text(indent: 2))
    }
    for recipe in all { print("\(recipe.name.padding(toLength: 18, withPad: " ", startingAt: 0))\(recipe.about)") }
    print("\norrery train NAME --show prints a recipe; save, change and use it with --recipe FILE.")
  }

  func listRuns() throws {
    let folder = runs ?? RunStore.standardFolder
    let all = RunStore.exists(in: folder) ? try RunStore(folder: folder).runs() : []
    if json {
      return print(
        JSON.array(
          all.map {
            .object(
              [
                .init("run", .string($0.id)), .init("status", .string($0.status.rawValue)),
                .init("step", .integer($0.step)), .init("steps", .integer($0.steps)),
                .init("folder", .string($0.folder)), .init("parameters", .integer($0.parameters)),
                .init("changed", .string($0.changed.ISO8601Format())),
              ] + Self.speed($0))
          }
        ).text(indent: 2))
    }
    if all.isEmpty { return print("there are no runs in \(folder)") }
    for run in all {
      let name = run.id.padding(toLength: max(24, run.id.count + 1), withPad: " ", startingAt: 0)
      let way = run.status == .interrupted ? " (go on: \(resumption(of: run)))" : ""
      let share = run.shareOfPeak.map { ", \(Int(($0 * 100).rounded())) % of peak" } ?? ""
      print(
        "\(name)\(run.status.rawValue) at \(run.step)/\(run.steps)\(way), \(run.parameters) parameters\(share), "
          + run.folder)
    }
  }
}
