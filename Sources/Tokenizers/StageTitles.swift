extension Normalizer {
  /// The stages of a sequence one by one, in order.
  var stages: [Normalizer] {
    if case .sequence(let stages) = self { return stages.flatMap(\.stages) }
    return [self]
  }

  /// What the stage does, in a few words.
  public var title: String {
    func text(_ bytes: [UInt8]) -> String { "“\(String(decoding: bytes, as: UTF8.self))”" }
    return switch self {
    case .sequence(let stages): stages.map(\.title).joined(separator: ", ")
    case .prepend(let bytes): "put \(text(bytes)) in front"
    case .append(let bytes): "put \(text(bytes)) at the end"
    case .replace(_, let content): "replace matches of a pattern by \(text(content))"
    case .replaceText(let wanted, let content): "replace \(text(wanted)) by \(text(content))"
    case .form(let form): "Unicode form \(form)"
    case .lowercase: "lower case"
    case .strip(let left, let right): left && right ? "strip both ends" : left ? "strip the front" : "strip the end"
    case .stripAccents: "strip accents"
    case .bert: "BERT’s cleaning"
    case .characterMap: "map characters"
    case .sentencePiece: "SentencePiece’s normalisation"
    case .nmt: "drop control characters"
    }
  }
}

extension PreTokenizer {
  /// The stages of a sequence one by one, in order.
  var stages: [PreTokenizer] {
    if case .sequence(let stages) = self { return stages.flatMap(\.stages) }
    return [self]
  }

  /// What the stage does, in a few words.
  public var title: String {
    switch self {
    case .sequence(let stages): stages.map(\.title).joined(separator: ", ")
    case .split(let splitter, let behavior): "cut at \(splitter.title), \(behavior.title)"
    case .prefixSpace: "a space in front"
    case .metaspace(_, _, let split): split ? "spaces become ▁, words begin at each" : "spaces become ▁"
    case .overByteAlphabet(let stage): stage.title + " (over bytes)"
    }
  }
}

extension Splitter {
  fileprivate var title: String {
    switch self {
    case .pattern(_, let isInverted): isInverted ? "what a pattern leaves" : "matches of a pattern"
    case .words: "words by a pattern"
    case .digits(let individually): individually ? "every digit" : "runs of digits"
    case .punctuation: "punctuation"
    case .whitespace: "white space"
    case .length(let count): "every \(count) characters"
    }
  }
}

extension SplitBehavior {
  fileprivate var title: String {
    switch self {
    case .removed: "which goes"
    case .isolated: "which stands alone"
    case .mergedWithPrevious: "kept with what comes before"
    case .mergedWithNext: "kept with what comes after"
    case .contiguous: "runs kept together"
    }
  }
}
