/// The names under which a server may be asked, so that no page of another site can reach it through a browser.
///
/// A page elsewhere carries its own `Origin`; a name that was made to point here (DNS rebinding) carries its own `Host`.
struct Address: Sendable {
  /// The interface that is listened on.
  let host: String

  private static let loopback: Set<String> = ["localhost", "127.0.0.1", "::1"]

  var isLoopback: Bool { Self.loopback.contains(host) || host.hasPrefix("127.") }

  /// Whether a `Host` header names this server: by a loopback name, by the host it was told to listen on, or, where it
  /// listens on other interfaces, by a plain number.
  func allows(host header: String) -> Bool {
    let name = Self.name(header)
    if Self.loopback.contains(name) || name == host { return true }
    return !isLoopback && Self.isNumeric(name)
  }

  /// Whether an `Origin` header is that of a page of this server, asked as `host`.
  func allows(origin: String, host: String) -> Bool { origin == "http://\(host)" || origin == "https://\(host)" }

  /// The name of `name:port` or `[name]:port`, in lower case.
  private static func name(_ header: String) -> String {
    if header.hasPrefix("[") { return String(header.dropFirst().prefix { $0 != "]" }).lowercased() }
    return String(header.prefix { $0 != ":" }).lowercased()
  }

  private static func isNumeric(_ name: String) -> Bool {
    if name.contains(":") { return name.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." } }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }
}
