/// A recipe that cannot be followed: which setting, and why.
public struct RecipeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file, or the name of a recipe that comes with the package.
  public let file: String
  /// The setting's path, as in `model.width`; empty for the whole.
  public let key: String
  public let reason: String

  public init(file: String, key: String = "", reason: String) {
    (self.file, self.key, self.reason) = (file, key, reason)
  }

  public var description: String { "\(file): \(key.isEmpty ? "" : "\(key): ")\(reason)" }
}
