import ArgumentParser
import Generation

/// Keeps a model's packed weights on disk.
struct PackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Keep a model's packed weights on disk, so that it starts at once.",
    discussion: """
      Loading rearranges weights for this processor. `pack` writes the result to a file as large as the weights, in \
      $ORRERY_CACHE/packed or the system's folder for caches; every later start maps it. A changed model or another \
      processor is seen, and its weights are packed in memory as without the file.

      Examples:
        orrery pack model.gguf
        orrery pack model.gguf --remove
      """)

  @OptionGroup var arguments: ModelArguments

  @Flag(help: "Delete the model's file instead.")
  var remove = false

  func run() throws {
    let folder = PackedFolder.standard
    if remove {
      let freed = try folder.remove(ModelName.resolved(arguments.model))
      print(freed == 0 ? "there is no file of packed weights" : "removed \(size(freed)) from \(folder.path)")
      return
    }
    let model = try arguments.load { $0.packed = nil }
    let path = try model.storePacked(in: folder)
    print("\(path): \(size(model.memory.weights))")
  }
}
