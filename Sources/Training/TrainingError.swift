/// A run that cannot begin or go on.
public enum TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The loss or the gradient is no number; `kept` is the step of the checkpoint that is there.
  case notFinite(what: String, value: String, step: Int, kept: Int?)
  /// More bytes of memory are needed than there are; `ways` would make the run smaller.
  case memory(needed: Int, available: Int, ways: [String])
  /// A run's folder that cannot be gone on from.
  case folder(path: String, reason: String)

  public var description: String {
    switch self {
    case .notFinite(let what, let value, let step, let kept):
      "\(what) is \(value) at step \(step): training has diverged (a lower learning rate may help: --rate). "
        + (kept.map { "The checkpoint of step \($0) is as it was" } ?? "There is no checkpoint yet")
    case .memory(let needed, let available, let ways):
      "training needs \(needed >> 20) MiB (\(needed) bytes), and \(available >> 20) MiB (\(available) bytes) can be had. "
        + "Less is needed with \(ways.joined(separator: ", or "))"
    case .folder(let path, let reason): "\(path): \(reason)"
    }
  }
}
