import Foundation

/// Small models that come with the package, each trained by the recipe of its name.
public enum BundledModels {
  /// Their names.
  public static var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".gguf") }.map { String($0.dropLast(".gguf".count)) }.sorted()
  }

  /// The GGUF file of a name; nil where there is none.
  public static func path(of name: String) -> String? {
    names.contains(name) ? "\(folder)/\(name).gguf" : nil
  }

  private static var folder: String { (Bundle.module.resourcePath ?? ".") + "/Models" }
}
