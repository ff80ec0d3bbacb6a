/// The last tokens and how often each stands among them.
struct RecentTokens: Sendable {
  private let window: Int
  /// A ring once it is full; `oldest` is what the next token replaces.
  private var tokens: [Int32] = []
  private var oldest = 0
  /// By token, grown to the largest one seen.
  private var counts: [Int32] = []

  init(window: Int) {
    self.window = window
    tokens.reserveCapacity(min(max(window, 0), 1 << 16))
  }

  mutating func append(_ token: Int32) {
    guard window > 0, token >= 0 else { return }
    if tokens.count < window {
      tokens.append(token)
    } else {
      counts[Int(tokens[oldest])] -= 1
      tokens[oldest] = token
      oldest = (oldest + 1) % window
    }
    if Int(token) >= counts.count { counts += repeatElement(0, count: Int(token) + 1 - counts.count) }
    counts[Int(token)] += 1
  }

  /// Takes the penalties of each token in the window off its logit, once.
  ///
  /// A forbidden token, at −∞, stays so.
  mutating func penalise(_ logits: inout [Float], _ settings: SamplerSettings) {
    if counts.count < logits.count { counts += repeatElement(0, count: logits.count - counts.count) }
    for token in tokens.lazy.map({ Int($0) }) where counts[token] > 0 {
      if token < logits.count, logits[token] != -.infinity {
        let logit = logits[token]
        let repeated = logit <= 0 ? logit * settings.repetitionPenalty : logit / settings.repetitionPenalty
        logits[token] = repeated - Float(counts[token]) * settings.frequencyPenalty - settings.presencePenalty
      }
      // A negative count marks a token as done.
      counts[token] = -counts[token]
    }
    for token in tokens.lazy.map({ Int($0) }) where counts[token] < 0 { counts[token] = -counts[token] }
  }
}
