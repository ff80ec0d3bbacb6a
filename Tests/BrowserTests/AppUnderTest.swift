import Foundation
import JSON
import TestSupport

/// `orrery serve`, run as a user runs it, on a free port.
struct AppUnderTest: Sendable {
  /// As `http://127.0.0.1:40123`.
  let address: String
  /// The runs and models of this server alone.
  let folder: URL

  static let story = TestData.url("stories260K/stories260K.gguf").path
  static let sort = TestData.url("nano-sort").path

  /// Starts a server, opens a page beside it, calls `body`, and ends both.
  static func with(
    _ arguments: String..., width: Int = 1440, theme: String = "dark",
    _ body: (AppUnderTest, Page) async throws -> Void
  ) async throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = TestData.executable
    process.arguments = ["serve"] + arguments + ["--port", "0", "--no-open"]
    process.currentDirectoryURL = folder
    let variables = ["SWIFT_BACKTRACE": "enable=no", "ORRERY_DATA": folder.path, "ORRERY_MODELS": folder.path]
    process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    let address = try await firstLine(output.fileHandleForReading)
    let page = try await Browser.shared().page(width: width)
    try await page.emulate(theme: theme)
    do { try await body(AppUnderTest(address: address, folder: folder), page) } catch {
      try? await page.screenshot("failed")
      try? await page.close()
      throw error
    }
    try await page.close()
  }

  /// Trains by a recipe as `orrery train` does, among the runs of this server.
  func train(_ recipe: JSON) throws {
    let file = folder.appending(path: "recipe.json")
    try recipe.text().write(to: file, atomically: true, encoding: .utf8)
    let process = Process()
    process.executableURL = TestData.executable
    process.arguments = ["train", "--recipe", file.path]
    process.environment = ProcessInfo.processInfo.environment.merging(["ORRERY_DATA": folder.path]) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw DevTools.Failure(description: "\(recipe.text()) was refused") }
  }

  private static func firstLine(_ output: FileHandle) async throws -> String {
    let reading = Task.detached { () -> String in
      var line = Data()
      while line.last != 10, let byte = try output.read(upToCount: 1), !byte.isEmpty { line += byte }
      return String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let line = try await reading.value
    guard line.hasPrefix("http://") else { throw DevTools.Failure(description: "orrery serve printed '\(line)'") }
    return line
  }
}
