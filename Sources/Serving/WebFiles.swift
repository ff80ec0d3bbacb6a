import Foundation
import TensorCore

/// The app's own files: from the package's resources, or from a folder that is read anew each time.
struct WebFiles: Sendable {
  let folder: URL

  struct File: Sendable {
    let bytes: [UInt8]
    let type: String
    /// Changes with the content.
    let tag: String
  }

  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml", "png": "image/png", "json": "application/json", "woff2": "font/woff2",
    "glsl": "text/plain; charset=utf-8", "txt": "text/plain; charset=utf-8",
  ]

  /// Throws `FileError` where the folder holds no `index.html`.
  init(folder: String?) throws {
    self.folder = try folder.map { URL(filePath: $0) } ?? Self.resources()
    guard FileManager.default.fileExists(atPath: self.folder.appending(path: "index.html").path) else {
      throw FileError(path: self.folder.path, reason: "holds no index.html")
    }
  }

  /// Beside the executable, as the build puts them, else in the sources that this was built from.
  private static func resources() throws -> URL {
    let program = Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0])
    let places = [
      program.resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "orrery_Serving.resources/Web"),
      Bundle.main.bundleURL.appending(path: "orrery_Serving.resources/Web"),
      Bundle.main.bundleURL.appending(path: "orrery_Serving.bundle/Contents/Resources/Web"),
      URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Web"),
    ]
    guard let place = places.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw FileError(path: places[0].path, reason: "the app's files are missing; name their folder with --web")
    }
    return place
  }

  /// The file that a path of the address names; nil for what is not a plain file of a known kind below the folder.
  func file(_ path: String) -> File? {
    let parts = (path == "/" ? "/index.html" : path).split(separator: "/")
    let isPlain = parts.allSatisfy { part in
      !part.hasPrefix(".") && part.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x25 && $0 != 0x5C }
    }
    guard isPlain, let name = parts.last, let dot = name.lastIndex(of: "."),
      let type = Self.types[String(name[name.index(after: dot)...])]
    else { return nil }
    let url = folder.appending(path: parts.joined(separator: "/"))
    guard let data = try? Data(contentsOf: url) else { return nil }
    var digest = Digest()
    data.withUnsafeBytes { digest.combine($0) }
    return File(bytes: [UInt8](data), type: type, tag: "\"\(digest)\"")
  }
}
