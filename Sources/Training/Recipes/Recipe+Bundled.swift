import Checkpoints
import Foundation
import JSON

extension Recipe {
  /// The names of the package's own recipes.
  public static var bundledNames: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(".json".count)) }.sorted()
  }

  /// The package's recipe of that name.
  ///
  /// Throws `RecipeError` that lists the names where there is none of this one.
  public static func bundled(_ name: String) throws -> Recipe {
    guard bundledNames.contains(name) else {
      throw RecipeError(file: name, reason: "is no recipe; there are \(bundledNames.joined(separator: ", "))")
    }
    return try Recipe(json: JSON(file: "\(folder)/\(name).json"), file: name)
  }

  private static var folder: String { (Bundle.module.resourcePath ?? ".") + "/Recipes" }

  /// Reads a file; throws `FileError`, `CheckpointError` or `RecipeError`.
  public init(path: String) throws { try self.init(json: JSON(file: path), file: path) }
}
