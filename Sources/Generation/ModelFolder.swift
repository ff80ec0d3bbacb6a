import Checkpoints
import Foundation
import JSON

/// The models in a folder and below it, read from their headers alone.
public struct ModelFolder: Sendable {
  public let path: String

  /// A model found in a folder.
  public struct Entry: Hashable, Sendable {
    /// Its path within the folder.
    public let name: String
    public let path: String
    /// As the file names its architecture; nil where the file cannot be read.
    public let family: String?
    /// Of the files with weights; 0 for settings alone.
    public let bytes: Int
    /// Why it cannot be read.
    public let problem: String?
    public let isFolder: Bool

    public init(name: String, path: String, family: String?, bytes: Int, problem: String?, isFolder: Bool) {
      (self.name, self.path, self.family, self.bytes) = (name, path, family, bytes)
      (self.problem, self.isFolder) = (problem, isFolder)
    }
  }

  /// Entries of folders that one search looks at.
  static let searchLimit = 200_000
  /// Folders within folders that are looked into.
  static let depthLimit = 6

  public init(path: String) { self.path = path }

  /// `$ORRERY_MODELS`, else the current folder.
  public static var standard: ModelFolder {
    ModelFolder(path: ProcessInfo.processInfo.environment["ORRERY_MODELS"] ?? ".")
  }

  public var exists: Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Every model, by name. Hidden folders are passed over; a search of a vast folder ends early.
  public func models() -> [Entry] {
    guard let files = FileManager.default.enumerator(atPath: path) else { return [] }
    var found: [Entry] = []
    var seen = 0
    for case let file as String in files {
      seen += 1
      if seen > Self.searchLimit { break }
      let name = file.split(separator: "/").last ?? ""
      if name.hasPrefix(".") || name == "node_modules" || files.level > Self.depthLimit {
        files.skipDescendants()
        continue
      }
      if let entry = entry(file) { found.append(entry) }
    }
    return found.sorted { $0.name < $1.name }
  }

  /// The model of this name; nil where the folder has none.
  public func model(named name: String) -> Entry? { models().first { $0.name == name } }

  private func entry(_ file: String) -> Entry? {
    let whole = path + "/" + file
    if file.hasSuffix(".gguf") {
      // Later parts of a split model belong to its first.
      if let part = file.firstMatch(of: /-(\d{5})-of-\d{5}\.gguf$/), part.1 != "00001" { return nil }
      do {
        let header = try GGUFFile(path: whole)
        return Entry(
          name: file, path: whole, family: header.string("general.architecture"), bytes: header.fileBytes,
          problem: nil, isFolder: false)
      } catch {
        return Entry(name: file, path: whole, family: nil, bytes: 0, problem: "\(error)", isFolder: false)
      }
    }
    guard file == "config.json" || file.hasSuffix("/config.json"),
      let data = FileManager.default.contents(atPath: whole), let json = try? JSON(parsing: data),
      let family = json["model_type"]?.string
    else { return nil }
    let folder = String(whole.dropLast("/config.json".count))
    let name = file == "config.json" ? "." : String(file.dropLast("/config.json".count))
    return Entry(
      name: name, path: folder, family: family, bytes: Self.weightBytes(folder), problem: nil, isFolder: true)
  }

  private static func weightBytes(_ folder: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".safetensors") && $0 != "oracle.safetensors" }.reduce(0) {
      let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + $1)
      return $0 + (attributes?[.size] as? Int ?? 0)
    }
  }
}
