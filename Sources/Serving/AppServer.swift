import Foundation
import Hummingbird
import Logging
import NIOCore
import TensorCore

/// The web app and its programming interface, served on one address.
public struct AppServer: Sendable {
  public let host: String
  /// 0 for any free one.
  public let port: Int
  /// Whether the next free port is taken where `port` is in use.
  public let takesNextPort: Bool
  private let app: AppModel
  private let files: WebFiles
  private let routes: [Route]

  /// Ports that are tried one after the other.
  private static let portTries = 100

  /// `web` is a folder with the app's files, read anew for each request; nil for those of the package. `routes` come beside
  /// the package's own.
  ///
  /// Throws `FileError` where there are none.
  public init(
    app: AppModel, host: String = "127.0.0.1", port: Int = 8080, takesNextPort: Bool = true, web: String? = nil,
    routes: [Route] = []
  ) throws {
    (self.app, self.host, self.port, self.takesNextPort) = (app, host, port, takesNextPort)
    self.routes = RouteTable.all + routes
    files = try WebFiles(folder: web)
  }

  /// Serves until the task is cancelled. `ready` hears the address once requests are answered.
  ///
  /// Throws `ServingError` where the port cannot be had.
  public func run(ready: @escaping @Sendable (String) -> Void) async throws {
    let last = takesNextPort && port > 0 ? min(port + Self.portTries, 65_535) : port
    for candidate in port...last {
      do { return try await serve(port: candidate, ready: ready) } catch let error as IOError {
        let isTaken = error.errnoCode == EADDRINUSE
        if isTaken, candidate < last { continue }
        let reason = isTaken ? "is in use" : "cannot be listened on: \(String(cString: strerror(error.errnoCode)))"
        throw ServingError(description: "port \(candidate) of \(host) \(reason); choose another with --port")
      }
    }
  }

  private func serve(port: Int, ready: @escaping @Sendable (String) -> Void) async throws {
    var logger = Logger(label: "orrery")
    logger.logLevel = .critical
    let shown = host.contains(":") ? "[\(host)]" : host == "0.0.0.0" ? "127.0.0.1" : host
    let application = Application(
      responder: Responder(app: app, address: Address(host: host), files: files, routes: routes),
      configuration: .init(address: .hostname(host, port: port)),
      onServerRunning: { channel in ready("http://\(shown):\(channel.localAddress?.port ?? port)") },
      logger: logger)
    try await application.run()
  }
}

/// An address that cannot be served on.
public struct ServingError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
}
