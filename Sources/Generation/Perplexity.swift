import Runtime
import Tokenizers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Perplexity of a text, scored as llama-perplexity does.
public struct Perplexity {
  public let model: LanguageModel

  public struct Result: Sendable {
    /// `exp` of the mean negative log-likelihood of the scored tokens.
    public let perplexity: Double
    /// Tokens scored.
    public let tokens: Int
    public let windows: Int
    /// Tokens read a second.
    public let tokensPerSecond: Double
  }

  public init(_ model: LanguageModel) { self.model = model }

  /// Cuts the text's tokens into windows of the model's context; the second half of each counts.
  ///
  /// Throws where the text has fewer than two windows of tokens.
  public func measure(
    _ text: String, windows limit: Int? = nil, progress: (Double) -> Void = { _ in }
  ) throws -> Result {
    guard let tokenizer = model.tokenizer else {
      throw SessionError.missing("\(model.path): the model has no tokenizer")
    }
    let tokens = try tokenizer.encode(text, addSpecial: true, parseSpecial: false)
    let length = model.context
    guard length > 2 else {
      throw SessionError.missing("a context of \(length) has no second half to score; at least 3 positions are needed")
    }
    guard tokens.count >= 2 * length else {
      throw SessionError.missing(
        "the text has \(tokens.count) tokens; a context of \(length) needs at least \(2 * length)")
    }
    let windows = min(limit ?? .max, tokens.count / length)
    let session = try model.session()
    var (total, count) = (0.0, 0)
    let start = ContinuousClock.now
    for window in 0..<windows {
      var part = Array(tokens[window * length..<(window + 1) * length])
      if tokenizer.special.addsBOS, let bos = tokenizer.special.bos { part[0] = bos }
      session.reset()
      var position = 0
      try session.step(part, rows: .all) { executor, rows in
        for row in 0..<rows {
          if (length / 2..<length - 1).contains(position) {
            total += try loss(executor.output(row: row), target: tokens[window * length + position + 1], position)
            count += 1
          }
          position += 1
        }
      }
      progress(Double(window + 1) / Double(windows))
    }
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    return Result(
      perplexity: exp(total / Double(count)), tokens: count, windows: windows,
      tokensPerSecond: Double(windows * length) / elapsed)
  }

  /// `−log p(target)`.
  private func loss(_ logits: UnsafeBufferPointer<Float>, target: Int32, _ position: Int) throws -> Double {
    let largest = Double(logits.max() ?? 0)
    var sum = 0.0
    for logit in logits { sum += exp(Double(logit) - largest) }
    let value = log(sum) + largest - Double(logits[Int(target)])
    guard value.isFinite else { throw SessionError.notFinite(position: position) }
    return value
  }
}
