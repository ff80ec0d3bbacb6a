import ArgumentParser
import BundledModels
import Foundation
import Generation
import Serving

/// Serves the web app and the programming interfaces.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve the web app and an OpenAI-compatible interface on this machine.",
    discussion: """
      Without a command, orrery serves. Other models can be loaded in the app: those in $ORRERY_MODELS, else below the \
      current folder. Programs ask http://127.0.0.1:8080/v1 as they would ask OpenAI; the loaded model is `default`.

      Examples:
        orrery serve model.gguf
        orrery serve model.gguf --port 9000 --no-open
      """)

  /// The model that comes with the package and that the app begins with.
  private static let standard = "stories"

  @Argument(help: "A model to begin with (default: the one that comes along, else one is chosen in the app).")
  var model: String?

  @Option(help: "The port (default: 8080 or the next free one); 0 for any free one.")
  var port: Int?

  @Option(help: "The interface to listen on.")
  var host = "127.0.0.1"

  @Flag(help: "Open no browser.")
  var noOpen = false

  @Option(help: ArgumentHelp("Take the app's files from this folder, read anew each time.", valueName: "folder"))
  var web: String?

  @Option(name: [.customShort("t"), .long], help: "Threads; 0 for one a processor.")
  var threads = 0

  @Option(name: [.customShort("c"), .long], help: "Positions the context holds (default: the model's, at most 8192).")
  var context: Int?

  @Option(help: "Format of keys and values: f32, f16, q8_0, q4_0.")
  var kv: CacheFormat?

  @Option(help: "Texts that are written side by side.")
  var users = 4

  func validate() throws {
    if let port, !(0...65_535).contains(port) { throw ValidationError("--port must be 0 to 65535, not \(port)") }
    guard (0...256).contains(threads) else { throw ValidationError("--threads must be 0 to 256, not \(threads)") }
    guard (1...1024).contains(users) else { throw ValidationError("--users must be 1 to 1024, not \(users)") }
    if let context, !(1...1 << 24).contains(context) {
      throw ValidationError("--context must be 1 to \(1 << 24), not \(context)")
    }
  }

  func run() throws {
    var options = AppModel.standardOptions
    (options.threads, options.context, options.sequences) = (threads, context, users)
    if let kv { options.cacheFormat = kv.format }
    let app = AppModel(options: options)
    let bundled = BundledModels.names
    for name in bundled { if let path = BundledModels.path(of: name) { app.add(path: path, name: name) } }
    let standard = bundled.contains(Self.standard) ? Self.standard : nil
    if let first = model.map({ app.add(path: ModelName.resolved($0)) }) ?? standard {
      let bar = ProgressBar("loading")
      defer { bar.finish() }
      try app.load(first, progress: bar.update)
    }
    let server = try AppServer(app: app, host: host, port: port ?? 8080, takesNextPort: port == nil, web: web)
    try Self.wait { [noOpen] in
      try await server.run { address in
        print(address)
        Terminal.flush()
        if !noOpen { Desktop.open(address) }
      }
    }
  }

  /// Runs `body` until it ends or the program is asked to, by Ctrl-C or SIGTERM.
  private static func wait(_ body: @escaping @Sendable () async throws -> Void) throws {
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var failure: (any Error)?
    let task = Task {
      do { try await body() } catch is CancellationError {} catch { failure = error }
      done.signal()
    }
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { task.cancel() }
      source.resume()
      return source
    }
    done.wait()
    withExtendedLifetime(sources) {}
    if let failure { throw failure }
  }
}

/// The desktop that this runs on, if there is one.
enum Desktop {
  /// Opens an address in the browser; does nothing without a desktop.
  static func open(_ address: String) {
    let environment = ProcessInfo.processInfo.environment
    #if os(macOS)
      let (program, isPresent) = ("/usr/bin/open", environment["SSH_CONNECTION"] == nil)
    #else
      let program = "/usr/bin/xdg-open"
      let isPresent = environment["DISPLAY"] != nil || environment["WAYLAND_DISPLAY"] != nil
    #endif
    guard isPresent, FileManager.default.isExecutableFile(atPath: program) else { return }
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = [address]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try? process.run()
  }
}
