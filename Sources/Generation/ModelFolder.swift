import Checkpoints
import Foundation
import JSON
import Synchronization

/// The models in a folder and below it, read from their headers alone.
public struct ModelFolder: Sendable {
  public let path: String
  private let headers = Headers()

  /// A model found in a folder.
  public struct Entry: Hashable, Sendable {
    /// Its path within the folder.
    public let name: String
    public let path: String
    /// As the file names its architecture; nil where the file cannot be read.
    public let family: String?
    /// Of the files with weights; 0 where there are none.
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
    var found: [Entry] = []
    forEachFile { file in if let entry = entry(file) { found.append(entry) } }
    return found.sorted { $0.name < $1.name }
  }

  /// Everything with a tokenizer: models, and tokenizers without one.
  public func tokenizers() -> [Entry] {
    var found: [Entry] = []
    var folders: Set<String> = []
    forEachFile { file in
      if file.hasSuffix(".gguf") {
        if let entry = entry(file), entry.problem == nil { found.append(entry) }
        return
      }
      let name = file.split(separator: "/").last ?? ""
      guard name == "tokenizer.json" || name == "tokenizer.model" || name.hasSuffix(".tiktoken") else { return }
      // A folder's tokenizer goes by the folder's name; there is one even where it has both kinds of file.
      let isOwnFile = name.hasSuffix(".tiktoken")
      let place = isOwnFile ? file : name.count == file.count ? "." : String(file.dropLast(name.count + 1))
      guard folders.insert(place).inserted else { return }
      found.append(
        Entry(name: place, path: path + "/" + place, family: nil, bytes: 0, problem: nil, isFolder: !isOwnFile))
    }
    return found.sorted { $0.name < $1.name }
  }

  private func forEachFile(_ body: (String) -> Void) {
    guard let files = FileManager.default.enumerator(atPath: path) else { return }
    var seen = 0
    for case let file as String in files {
      seen += 1
      if seen > Self.searchLimit { break }
      let name = file.split(separator: "/").last ?? ""
      if name.hasPrefix(".") || name == "node_modules" || files.level > Self.depthLimit {
        files.skipDescendants()
        continue
      }
      body(file)
    }
  }

  /// The model of this name; nil where the folder has none.
  public func model(named name: String) -> Entry? {
    guard isInside(name) else { return nil }
    return entry(name) ?? entry(name == "." ? "config.json" : name + "/config.json")
  }

  /// The model or tokenizer of this name.
  public func tokenizer(named name: String) -> Entry? {
    if let model = model(named: name) { return model }
    guard isInside(name), FileManager.default.fileExists(atPath: path + "/" + name) else { return nil }
    let isFolder = !name.hasSuffix(".tiktoken")
    return Entry(name: name, path: path + "/" + name, family: nil, bytes: 0, problem: nil, isFolder: isFolder)
  }

  /// Whether a name can only lead below the folder.
  private func isInside(_ name: String) -> Bool {
    name == "."
      || !name.isEmpty && !name.hasPrefix("/") && !name.contains("\0")
        && name.split(separator: "/").allSatisfy { !$0.hasPrefix(".") }
  }

  private func entry(_ file: String) -> Entry? {
    let whole = path + "/" + file
    if file.hasSuffix(".gguf") {
      // Later parts of a split model belong to its first.
      if let part = file.firstMatch(of: /-(\d{5})-of-\d{5}\.gguf$/), part.1 != "00001" { return nil }
      return headers.entry(file, whole)
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
    return names.filter { $0.hasSuffix(".safetensors") }.reduce(0) {
      let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + $1)
      return $0 + (attributes?[.size] as? Int ?? 0)
    }
  }
}

/// What the headers of GGUF files said, so that a large one is read once.
private final class Headers: Sendable {
  private let known = Mutex<[String: (modified: Date, entry: ModelFolder.Entry)]>([:])

  /// Nil where there is no such file.
  func entry(_ name: String, _ path: String) -> ModelFolder.Entry? {
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: URL(filePath: path).resolvingSymlinksInPath().path)
    guard let modified = attributes?[.modificationDate] as? Date else { return nil }
    if let old = known.withLock({ $0[path] }), old.modified == modified { return old.entry }
    let entry: ModelFolder.Entry
    do {
      let header = try GGUFFile(path: path)
      entry = ModelFolder.Entry(
        name: name, path: path, family: header.string("general.architecture"),
        bytes: header.tensors.isEmpty ? 0 : header.fileBytes, problem: nil, isFolder: false)
    } catch {
      entry = ModelFolder.Entry(name: name, path: path, family: nil, bytes: 0, problem: "\(error)", isFolder: false)
    }
    known.withLock { $0[path] = (modified, entry) }
    return entry
  }
}
