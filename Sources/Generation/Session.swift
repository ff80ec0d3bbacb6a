import Planning
public import Runtime
import TensorCore

/// A request that a model cannot take: what, and the limit it meets.
public enum SessionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// `count` tokens where `room` are left of `context`.
  case contextFull(count: Int, room: Int, context: Int)
  case tokenOutOfRange(token: Int32, index: Int, vocabulary: Int)
  /// Weights or activations that are no numbers gave such a logit.
  case notFinite(position: Int)
  case missing(String)

  public var description: String {
    switch self {
    case .contextFull(let count, let room, let context):
      "\(count) tokens do not fit: \(room) of the context's \(context) positions are left (a longer one: --context)"
    case .tokenOutOfRange(let token, let index, let vocabulary):
      "token \(token) at index \(index) is not in the vocabulary of \(vocabulary)"
    case .notFinite(let position):
      "the logits at position \(position) hold no number: the model's weights are damaged (see `orrery verify`)"
    case .missing(let what): what
    }
  }
}

/// One sequence: the tokens so far, and the model's states after them.
public final class Session: @unchecked Sendable {
  public let model: LanguageModel
  public internal(set) var tokens: [Int32] = []
  let states: StateStore
  /// Positions that the states hold; behind `tokens` where accepted ones are still to be read again (see `verify`).
  var held = 0
  var journal = StateJournal()
  /// Room for the token of a step of one.
  private var single: [Int32] = [0]
  /// After the last token that `append` took in, `[vocabulary]`.
  public internal(set) var logits: [Float]
  /// Tokens that were held when `logits` were computed.
  var logitsCount = 0
  /// Hears what every step keeps.
  public var observer: (any SessionObserver)?
  /// What the model's further inputs hold, as those of edits.
  public var inputs: (any RowInputs)?

  init(model: LanguageModel) throws(MemoryError) {
    self.model = model
    states = try model.engine.newStates()
    logits = []
    tokens.reserveCapacity(min(model.context, 1 << 20))
  }

  /// Positions that are left.
  public var room: Int { model.context - tokens.count }

  /// Bytes that this session's states can take.
  public var stateBytes: Int { states.bytes }

  /// Forgets everything.
  public func reset() {
    tokens.removeAll(keepingCapacity: true)
    (held, logitsCount) = (0, 0)
    states.clear(slot: 0)
  }

  /// Takes in tokens, in chunks, and leaves the last one's logits in `logits`.
  ///
  /// Throws before anything changes where they do not fit or are no tokens. `progress` hears how many are done;
  /// what it throws ends the work there, the session holding those.
  public func append(_ new: [Int32], progress: (Int) throws -> Void = { _ in }) throws {
    try step(new, rows: .last, progress: progress) { executor, count in
      if count > 0 { keep(executor.output(row: count - 1)) }
    }
    if !new.isEmpty { logitsCount = tokens.count }
  }

  func keep(_ row: UnsafeBufferPointer<Float>) {
    if logits.count == row.count {
      logits.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: row) }
    } else {
      logits = Array(row)
    }
  }

  /// Takes in one token; once a few are in, without an allocation.
  public func append(_ token: Int32) throws {
    single[0] = token
    try append(single)
  }

  /// Makes the session hold exactly these tokens, reading only those after what it already shares with them.
  ///
  /// Recurrent states, and rings that have wrapped, cannot go back, so there a difference means reading all again.
  /// Throws before anything changes where the tokens do not fit or are none.
  public func replace(with new: [Int32], progress: (Int) throws -> Void = { _ in }) throws {
    try model.check(new, room: model.context)
    if new == tokens, logitsCount == tokens.count { return }
    var shared = tokens.commonPrefix(with: new)
    if shared == new.count { shared = max(0, shared - 1) }
    if shared < tokens.count {
      if shared >= held || states.canForget(from: held, to: shared) {
        tokens.removeLast(tokens.count - shared)
        (held, logitsCount) = (min(held, shared), 0)
      } else {
        reset()
        shared = 0
      }
    }
    try append(Array(new[shared...]), progress: progress)
  }

  /// Forgets the oldest half of the positions after the first `keep` and reads the rest again; returns how many went.
  ///
  /// Exact: what is left has the states of a sequence that never had the others. Costs a prefill of what is left.
  public func forgetOldest(keeping keep: Int) throws -> Int {
    let forgotten = ContextPolicy.forgotten(of: tokens.count, keeping: keep)
    var rest = tokens
    rest.removeSubrange(forgotten)
    reset()
    try append(rest)
    return forgotten.count
  }

  /// Which rows of a step have logits.
  public enum Rows { case last, all }

  /// Takes in tokens and calls `read` after each chunk, with the chunk's executor and its count of logit rows, which is 0
  /// for all chunks but the last where only the last row is wanted.
  public func step(
    _ new: [Int32], rows: Rows, progress: (Int) throws -> Void = { _ in }, read: (Executor, Int) throws -> Void
  ) throws {
    try model.check(new, room: room)
    try catchUp()
    let chunk = rows == .all ? min(model.engine.chunk, model.engine.outputRows) : model.engine.chunk
    try new.withUnsafeBufferPointer { all in
      var start = 0
      while start < all.count {
        let part = UnsafeBufferPointer(rebasing: all[start..<min(all.count, start + chunk)])
        let isLast = start + part.count == all.count
        let wanted = rows == .all ? part.count : isLast ? 1 : 0
        // The states have moved on even where `read` throws.
        defer {
          tokens.append(contentsOf: part)
          held += part.count
        }
        try withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(1, wanted)) { indices in
          for index in 0..<wanted { indices[index] = Int32(part.count - wanted + index) }
          try model.engine.step(
            part, at: held, rows: UnsafeBufferPointer(rebasing: indices[0..<wanted]), states: states, inputs: inputs
          ) { executor in
            observer?.took(part, at: held, from: executor)
            try read(executor, wanted)
          }
        }
        start += part.count
        try progress(start)
      }
    }
  }

  /// Brings the states up to the last token.
  func catchUp() throws {
    while held < tokens.count {
      let count = min(model.engine.chunk, tokens.count - held)
      tokens.withUnsafeBufferPointer { all in
        let part = UnsafeBufferPointer(rebasing: all[held..<held + count])
        model.engine.step(
          part, at: held, rows: UnsafeBufferPointer(start: nil, count: 0), states: states, inputs: inputs
        ) { observer?.took(part, at: held, from: $0) }
      }
      held += count
    }
  }
}

extension LanguageModel {
  /// Throws where these tokens cannot begin a text: none, too many, or not of the vocabulary.
  public func check(prompt tokens: [Int32]) throws(SessionError) {
    guard !tokens.isEmpty else { throw .missing("the prompt holds no token to go on from") }
    try check(tokens, room: context)
  }

  /// Throws where these tokens do not fit in `room` positions or are none.
  func check(_ tokens: [Int32], room: Int) throws(SessionError) {
    guard tokens.count <= room else {
      throw .contextFull(count: tokens.count, room: room, context: context)
    }
    let vocabulary = engine.vocabulary
    if let index = tokens.firstIndex(where: { $0 < 0 || $0 >= vocabulary }) {
      throw .tokenOutOfRange(token: tokens[index], index: index, vocabulary: vocabulary)
    }
  }
}

/// Hears of every step of a session while its kept values last.
public protocol SessionObserver: AnyObject, Sendable {
  /// `tokens` were taken in at positions from `position` on; what was there before is forgotten.
  func took(_ tokens: UnsafeBufferPointer<Int32>, at position: Int, from executor: Executor)
}
