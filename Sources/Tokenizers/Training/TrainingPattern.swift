import JSON

/// The published patterns that a new tokenizer may cut text with; raw values as in `tokenizer.ggml.pre`.
public enum TrainingPattern: String, Sendable, Hashable, CaseIterable {
  /// Words with the space before them, numbers of any length, runs of marks, white space.
  case gpt2 = "gpt-2"
  /// GPT-4's way: contractions in any case, up to three digits, line ends on their own.
  case llama3
  /// As `llama3`, every digit on its own.
  case qwen2
  /// As `llama3`, words also cut where lower case meets upper case.
  case gpt4o = "gpt-4o"

  private var regex: String? {
    switch self {
    case .gpt2: nil
    case .llama3: WordScanner.llamaPattern(digits: "{1,3}")
    case .qwen2: WordScanner.llamaPattern(digits: "")
    case .gpt4o: WordScanner.casePattern(digits: "{1,3}", contractions: true)
    }
  }

  /// The `pre_tokenizer` of a `tokenizer.json`.
  var json: JSON {
    let level: JSON = .object([
      .init("type", "ByteLevel"), .init("add_prefix_space", false), .init("trim_offsets", true),
      .init("use_regex", .bool(regex == nil)),
    ])
    guard let regex else { return level }
    let split: JSON = .object([
      .init("type", "Split"), .init("pattern", .object([.init("Regex", .string(regex))])),
      .init("behavior", "Isolated"), .init("invert", false),
    ])
    return .object([.init("type", "Sequence"), .init("pretokenizers", .array([split, level]))])
  }

  func stage() throws(TokenizerError) -> PreTokenizer {
    try PreTokenizer.isolating([regex ?? WordScanner.gpt2Pattern])
  }
}
