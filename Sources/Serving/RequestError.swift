import Checkpoints
import Generation
import Lens
import TensorCore

/// A request that cannot be answered: the status, what is wrong, and where.
public struct RequestError: Error, Hashable, Sendable, CustomStringConvertible {
  public let status: Int
  public let message: String
  /// The field, parameter or header at fault, where there is one.
  public let place: String?

  public init(_ status: Int, _ message: String, at place: String? = nil) {
    (self.status, self.message, self.place) = (status, message, place)
  }

  public var description: String { place.map { "\($0): \(message)" } ?? message }

  static func wrong(_ place: String, _ message: String) -> RequestError { RequestError(400, message, at: place) }

  /// What any error means to a client.
  init(_ error: any Error) {
    switch error {
    case let error as RequestError: self = error
    case let error as SessionError:
      if case .notFinite = error { self.init(500, "\(error)") } else { self.init(400, "\(error)", at: "prompt") }
    case let error as SamplerError: self.init(500, "\(error)")
    case let error as SchedulerError: self.init(503, "\(error)")
    case let error as MemoryError: self.init(507, "\(error)", at: "model")
    case let error as LensError:
      switch error {
      case .range(let reason): self.init(400, reason)
      case .unknown(let reason): self.init(404, reason)
      case .unsupported(let reason): self.init(422, reason)
      }
    case is CancellationError: self.init(499, "the request was given up")
    default: self.init(422, "\(error)")
    }
  }
}
