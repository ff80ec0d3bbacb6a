import Foundation

/// A result that another thread works out meanwhile.
final class Background<Value>: @unchecked Sendable {
  private var result: Result<Value, any Error>?
  private let isDone = DispatchSemaphore(value: 0)

  /// `body` and what it uses must not be used elsewhere until `value` returns, save for reading.
  init(_ body: @escaping () throws -> Value) {
    nonisolated(unsafe) let body = body
    Thread.detachNewThread { [self] in
      result = Result { try body() }
      isDone.signal()
    }
  }

  /// Waits for the result; throws what `body` threw.
  func value() throws -> Value {
    isDone.wait()
    isDone.signal()
    guard let result else { preconditionFailure("signalled without a result") }
    return try result.get()
  }
}
