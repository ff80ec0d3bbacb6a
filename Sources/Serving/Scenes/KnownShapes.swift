import Architectures
import Checkpoints
import Foundation
import GraphIR
import JSON

/// Models that stand beside the loaded one at its scale, from their published configurations.
struct KnownShapes {
  let id: String
  let title: String
  private let config: JSON

  /// Throws `FileError` or a parsing error where the app's own file is damaged.
  static func all() throws -> [KnownShapes] {
    let file = try WebFiles(folder: nil).folder.appending(path: "data/shapes.json")
    let json = try JSON(file: file.path)
    return (json.object ?? []).map { member in
      KnownShapes(
        id: member.key, title: member.value["title"]?.string ?? member.key, config: member.value["config"] ?? .null)
    }
  }

  func graph() throws -> Graph {
    try Registry.architecture(for: ConfigReader(json: config, file: "\(id).json")).graph()
  }

  var summary: JSON {
    let parameters = (try? graph())?.weights.reduce(0) { $0 + $1.shape.reduce(1, *) } ?? 0
    return ["id": .string(id), "title": .string(title), "parameters": .integer(parameters)]
  }
}
