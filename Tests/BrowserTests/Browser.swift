import Foundation
import JSON
import TestSupport

/// A headless Chromium that all tests share; it ends when its pipes do, at the latest with the tests.
struct Browser: Sendable {
  let devTools: DevTools

  /// The browser's program: `CHROMIUM`, else the first of the usual names that is on the path.
  static let program: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let path = environment["CHROMIUM"] { return path }
    let folders = (environment["PATH"] ?? "/usr/bin").split(separator: ":")
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    let places = names.flatMap { name in folders.map { "\($0)/\(name)" } }
    return places.first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  /// Whether tests in the browser run: where there is one, and in CI, where its absence is a failure.
  static let isExpected = program != nil || ProcessInfo.processInfo.environment["CI"] != nil

  private static let started = Result { try Browser() }

  /// Throws where no browser is installed or it does not start.
  static func shared() throws -> Browser { try started.get() }

  private init() throws {
    guard let program = Self.program else { throw DevTools.Failure(description: "no Chromium is installed") }
    // Writing to a browser that is gone is an error, not the end of the tests.
    signal(SIGPIPE, SIG_IGN)
    let profile = try TestData.temporaryFolder()
    let process = Process()
    // The protocol is spoken on descriptors 3 and 4, which Process does not hand on by itself.
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = [
      "-c", #""$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1; rm -rf "$PROFILE""#, program, "--headless=new",
      "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--hide-scrollbars",
      "--no-first-run", "--disable-background-networking", "--remote-debugging-pipe",
      "--user-data-dir=\(profile.path)", "about:blank",
    ]
    process.environment = ProcessInfo.processInfo.environment.merging(["PROFILE": profile.path]) { $1 }
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    devTools = DevTools(input: output.fileHandleForReading, output: input.fileHandleForWriting)
  }

  /// A new page in a context of its own, so that pages share no storage or cache.
  func page(width: Int = 1440, height: Int = 900) async throws -> Page {
    let context = try await devTools.call("Target.createBrowserContext", ["disposeOnDetach": true])
    let target = try await devTools.call(
      "Target.createTarget", ["url": "about:blank", "browserContextId": context["browserContextId"] ?? .null])
    let session = try await devTools.call(
      "Target.attachToTarget", ["targetId": target["targetId"] ?? .null, "flatten": true])
    guard let name = session["sessionId"]?.string, let id = target["targetId"]?.string else {
      throw DevTools.Failure(description: "the browser opened no page")
    }
    let page = Page(devTools: devTools, session: name, target: id)
    try await page.begin()
    try await page.resize(width: width, height: height)
    return page
  }
}
