import Foundation
import TestSupport

/// The built command, run as a script runs it.
enum Command {
  struct Result {
    let status: Int32
    /// A signal ended it.
    let crashed: Bool
    let output: [UInt8]
    let errors: String

    var text: String { String(decoding: output, as: UTF8.self) }

    /// A refusal: not a crash, nothing on standard output, and every one of these texts in the message.
    func refuses(_ words: String...) -> Bool {
      !crashed && status != 0 && output.isEmpty && words.allSatisfy { errors.contains($0) }
    }
  }

  static func run(
    _ arguments: String..., input: [UInt8] = [], folder: URL? = nil
  ) throws -> Result { try run(arguments, input: input, folder: folder) }

  static func run(
    _ arguments: [String], input: [UInt8] = [], folder: URL? = nil, environment: [String: String] = [:]
  ) throws -> Result {
    let streams = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: streams) }
    func stream(_ name: String, _ bytes: [UInt8] = []) throws -> URL {
      let url = streams.appending(path: name)
      try Data(bytes).write(to: url)
      return url
    }
    let (output, errors) = (try stream("output"), try stream("errors"))
    let process = Process()
    process.executableURL = TestData.executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = try FileHandle(forReadingFrom: stream("input", input))
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    // A crash need not print its stack here.
    process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
      .merging(environment) { $1 }
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    if ended.wait(timeout: .now() + 300) == .timedOut { process.terminate() }
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, crashed: process.terminationReason == .uncaughtSignal,
      output: [UInt8](try Data(contentsOf: output)),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// The small trained model of the shared data, as one file and as a folder.
  static let story = TestData.url("stories260K/stories260K.gguf").path
  static let storyFolder = TestData.url("stories260K").path

  /// Calls `body` with a new empty folder and removes it.
  static func inFolder(_ body: (URL) throws -> Void) throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }
}
