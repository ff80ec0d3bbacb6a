import Foundation
public import JSON
import Synchronization

/// One request, as its route reads it: fields from the path, the query and the body under one name each.
public struct RouteContext: Sendable {
  public let app: AppModel
  let path: [String: String]
  let query: [String: String]
  /// The object of the body; null where there is none.
  public let body: JSON
  /// The address of the server as the client wrote it.
  let host: String
  /// What must hold once the work is done, so that what was read is of what was asked for.
  let conditions = Conditions()

  /// A field as it came: a number in a path or query is still text.
  public func field(_ name: String) -> JSON? {
    if let text = path[name] ?? query[name] { return .string(text) }
    guard let value = body[name], !value.isNull else { return nil }
    return value
  }

  private func isText(_ name: String) -> Bool { path[name] != nil || query[name] != nil }

  public func string(_ name: String) throws -> String? {
    guard let value = field(name) else { return nil }
    guard let text = value.string else { throw RequestError.wrong(name, "must be a text") }
    return text
  }

  public func required(_ name: String) throws -> String {
    guard let text = try string(name) else { throw RequestError.wrong(name, "is missing") }
    return text
  }

  /// A whole number within `range`; throws where it is missing and there is no `standard`.
  public func int(_ name: String, in range: ClosedRange<Int>, default standard: Int? = nil) throws -> Int {
    guard let value = field(name) else {
      guard let standard else { throw RequestError.wrong(name, "is missing") }
      return standard
    }
    guard let number = isText(name) ? value.string.flatMap({ Int($0) }) : value.int else {
      throw RequestError.wrong(name, "must be a whole number")
    }
    guard range.contains(number) else {
      let (least, most) = (range.lowerBound, range.upperBound)
      let allowed = least == most ? "\(least)" : "\(least) to \(most)"
      throw RequestError.wrong(name, "must be \(allowed), not \(number)")
    }
    return number
  }

  /// A finite number within `range`.
  public func number(
    _ name: String, in range: ClosedRange<Double>, default standard: Double? = nil
  ) throws -> Double {
    guard let value = field(name) else {
      guard let standard else { throw RequestError.wrong(name, "is missing") }
      return standard
    }
    guard let number = isText(name) ? value.string.flatMap({ Double($0) }) : value.double, number.isFinite else {
      throw RequestError.wrong(name, "must be a number")
    }
    guard range.contains(number) else {
      throw RequestError.wrong(name, "must be \(range.lowerBound) to \(range.upperBound), not \(number)")
    }
    return number
  }

  public func flag(_ name: String, default standard: Bool = false) throws -> Bool {
    guard let value = field(name) else { return standard }
    switch value {
    case .bool(let value): return value
    case .string("true"), .string("1"): return true
    case .string("false"), .string("0"): return false
    default: throw RequestError.wrong(name, "must be true or false")
    }
  }

  public func list(_ name: String) throws -> [JSON]? {
    guard let value = field(name) else { return nil }
    guard let items = value.array else { throw RequestError.wrong(name, "must be an array") }
    return items
  }

  /// Token ids; not yet checked against a vocabulary.
  public func tokens(_ name: String) throws -> [Int32]? {
    try list(name)?.enumerated().map { index, item in
      guard let id = item.int.flatMap({ Int32(exactly: $0) }) else {
        throw RequestError.wrong("\(name)[\(index)]", "is no token id")
      }
      return id
    }
  }

  /// Runs blocking work away from the threads that serve requests.
  public func work<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await blocking { [conditions] in
      let result = try body()
      try conditions.check()
      return result
    }
  }
}

/// Checks that wait until a request's work is done.
final class Conditions: Sendable {
  private let all = Mutex<[@Sendable () throws -> Void]>([])

  func add(_ check: @escaping @Sendable () throws -> Void) { all.withLock { $0.append(check) } }

  func check() throws { for check in all.withLock({ $0 }) { try check() } }
}

/// Runs blocking work on a thread of the system's queue.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Swift.Result { try body() }) }
  }
}
