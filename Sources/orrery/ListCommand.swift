import ArgumentParser
import Generation

/// Lists models in a folder.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the models in a folder and below it.",
    discussion: """
      Examples:
        orrery list
        orrery list ~/models
      """)

  @Argument(help: "Where to look (default: $ORRERY_MODELS, else the current folder).")
  var folder: String?

  func run() throws {
    let root = folder.map { ModelFolder(path: $0) } ?? .standard
    guard root.exists else { throw ValidationError("\(root.path) is no folder") }
    let models = root.models()
    for model in models {
      let size = model.bytes == 0 ? "no weights" : size(model.bytes)
      print("\(model.name)\t" + (model.problem.map { "unreadable: \($0)" } ?? "\(model.family ?? "?")\t\(size)"))
    }
    if models.isEmpty { Terminal.note("no models in \(root.path)") }
  }
}
