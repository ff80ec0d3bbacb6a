public import Foundation
public import JSON

/// Where tests find their files.
public enum TestData {
  /// The root of the package.
  public static let package = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Shared test data: `ORRERY_TEST_DATA`, else `../shared/data` beside the package.
  public static let root: URL = {
    if let path = ProcessInfo.processInfo.environment["ORRERY_TEST_DATA"] { return URL(filePath: path) }
    return package.deletingLastPathComponent().appending(path: "shared/data").standardizedFileURL
  }()

  /// Whether tests on shared data run: true where it is present, and in CI, where its absence is a failure.
  public static let isExpected: Bool =
    FileManager.default.fileExists(atPath: root.path) || ProcessInfo.processInfo.environment["CI"] != nil

  /// The built command: `ORRERY_BINARY`, else the executable beside the test bundle.
  public static let executable: URL = {
    if let path = ProcessInfo.processInfo.environment["ORRERY_BINARY"] { return URL(filePath: path) }
    let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
    let tests = bundle ?? URL(filePath: CommandLine.arguments[0])
    return tests.deletingLastPathComponent().appending(path: "orrery")
  }()

  /// A file or folder of the shared data, as in `TestData.url("oracles/llama")`.
  public static func url(_ path: String) -> URL { root.appending(path: path) }

  /// A committed file of `Tests/Fixtures`.
  public static func fixture(_ name: String) -> URL { package.appending(path: "Tests/Fixtures/\(name)") }

  /// A committed JSON file of `Tests/Fixtures`.
  public static func json(fixture name: String) throws -> JSON {
    try JSON(parsing: [UInt8](Data(contentsOf: fixture(name))))
  }

  /// A new empty folder for a test's own files.
  public static func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "orrery-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }
}
