import Tokenizers

/// One sequence's way from logits to tokens and their text, and why it ends.
struct Continuation: Sendable {
  let options: GenerationOptions
  /// Set once nothing more comes.
  private(set) var finish: Finish?
  /// Tokens chosen.
  private(set) var count = 0
  private(set) var sampler: Sampler
  /// Of the token that ended generation.
  private(set) var endChoice: TokenChoice?
  /// Nil for a model without a tokenizer, whose tokens have no text.
  private var decoder: StreamingDecoder?
  private var stops: StopStrings
  private let ends: Set<Int32>

  /// Goes on after `tokens`, which penalties see.
  init(after tokens: [Int32], tokenizer: Tokenizer?, options: GenerationOptions) {
    self.options = options
    sampler = Sampler(settings: options.sampling)
    sampler.observe(tokens)
    decoder = tokenizer.map { StreamingDecoder($0, isContinuation: !Self.startsText(tokens, $0)) }
    stops = StopStrings(options.stop)
    ends = options.ignoresEnd ? [] : tokenizer?.special.endOfGeneration ?? []
  }

  /// Whether what comes next begins a text, whose first leading space is the tokenizer's own.
  private static func startsText(_ tokens: [Int32], _ tokenizer: Tokenizer) -> Bool {
    tokens.allSatisfy { $0 == tokenizer.special.bos }
  }

  /// Whether another token is wanted; where there are enough, that is the finish.
  mutating func wantsMore() -> Bool {
    if finish == nil, let limit = options.maximumTokens, count >= limit { finish = .maximumTokens }
    return finish == nil
  }

  /// The next token by its logits `[vocabulary]`; nil where the model ends here.
  ///
  /// Throws `SamplerError` for logits that no token can be chosen from.
  mutating func next(_ logits: UnsafeBufferPointer<Float>) throws -> Piece? {
    let id = try sampler.sample(logits)
    let choice = options.alternatives.map { TokenChoice(of: id, in: logits, keeping: $0) }
    if ends.contains(id) {
      endChoice = choice
      finish = .endOfGeneration(id)
      return nil
    }
    sampler.observe(id)
    count += 1
    let text = stops.append(try decoder?.append(id) ?? "")
    if let match = stops.matched { finish = .stopText(match) }
    return Piece(id: id, text: text, choice: choice)
  }

  mutating func end(_ reason: Finish) { if finish == nil { finish = reason } }

  /// Text that waited for a character's or a stop text's end; to be asked for once, at the end.
  mutating func rest() -> String {
    if case .stopText = finish { return "" }
    return stops.append(decoder?.finish() ?? "") + stops.finish()
  }
}
