import ArgumentParser
import BundledModels
import Foundation
import Runs

/// What MODEL may be on the command line: a path, the name of a run, or that of a model that comes with the package.
enum ModelName {
  /// For helps: what a command that reads any model takes.
  static let help: ArgumentHelp =
    "A GGUF file, a folder with config.json and safetensors, a run, or a model of the package."

  /// The path of a model by its name; nil where there is none.
  static func path(_ name: String) -> String? {
    let manager = FileManager.default
    if manager.fileExists(atPath: name) { return name }
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else { return nil }
    let run = RunStore.standardFolder + "/" + name
    if manager.fileExists(atPath: run + "/model.safetensors") { return run }
    if manager.fileExists(atPath: run + "/model.gguf") { return run + "/model.gguf" }
    return BundledModels.path(of: name)
  }

  /// The path of a model by its name; the name itself where nothing is known by it, so that opening it says so.
  static func resolved(_ name: String) -> String { path(name) ?? name }
}
