import Hummingbird

/// The web app and its programming interface, served on one address.
public struct AppServer: Sendable {
  public let host: String
  public let port: Int

  public init(host: String = "127.0.0.1", port: Int = 8080) { (self.host, self.port) = (host, port) }

  /// Serves until the process is asked to end.
  public func run() async throws {
    let router = Router()
    router.get("health") { _, _ in "ok" }
    try await Application(router: router, configuration: .init(address: .hostname(host, port: port))).runService()
  }
}
