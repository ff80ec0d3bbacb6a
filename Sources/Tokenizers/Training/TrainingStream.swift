import Foundation

/// Cuts a text that arrives in parts into the words that the whole would be cut into.
package struct TrainingStream: Sendable {
  private let stage: PreTokenizer
  private let specials: AddedTokens
  private let longestSpecial: Int
  /// The end of what has arrived that further text may still change.
  private var rest: [UInt8] = []
  /// How much of the text lies before `rest`.
  private var offset = 0

  /// A piece may change with what follows it only this near to the end: contractions, digits and white space look at
  /// most three pieces ahead.
  private static let openPieces = 8
  /// The longest stretch without a place to cut it.
  static let longestRest = 1 << 24

  package init(_ settings: BytePairTrainer.Settings) throws(TokenizerError) {
    stage = try settings.pattern.stage()
    let tokens = settings.specialTokens.enumerated().map {
      AddedToken(text: Array($0.element.utf8), id: Int32($0.offset), isSpecial: true)
    }
    specials = try AddedTokens(tokens) { text throws(TokenizerError) in text }
    longestSpecial = tokens.map(\.text.count).max() ?? 0
  }

  mutating func reset() { (rest, offset) = ([], 0) }

  /// Counts the words that `part` completes; a text ends with its last part.
  package mutating func append(_ part: [UInt8], isLast: Bool, to words: inout WordCounts) throws(TokenizerError) {
    let whole = rest.isEmpty ? part : rest + part
    let invalid = whole.withUnsafeBufferPointer(UTF8Text.firstInvalid)
    let valid = invalid ?? whole.count
    // A character may be cut off by the end of the part.
    guard valid == whole.count || (!isLast && valid + 4 > whole.count) else {
      let place = offset + valid
      reset()
      throw .invalidUTF8(offset: place)
    }
    let used = try count(valid == whole.count ? whole : Array(whole[..<valid]), isLast: isLast, &words)
    guard whole.count - used <= Self.longestRest else {
      throw .untrainable(
        "more than \(Self.longestRest) bytes without a place to cut them, from byte \(offset + used) on")
    }
    rest = isLast ? [] : Array(whole[used...])
    offset = isLast ? 0 : offset + used
  }

  /// Counts what no further text changes and gives its length.
  private func count(_ text: [UInt8], isLast: Bool, _ words: inout WordCounts) throws(TokenizerError) -> Int {
    // A special token that begins later may turn out to be a longer one.
    let border = isLast ? text.count : text.count - longestSpecial
    var used = 0
    for part in specials.split(text, isNormalized: false, parseSpecial: true) {
      if part.id == nil, part.range.upperBound < text.count, part.range.upperBound <= border {
        try count(text, part.range, until: nil, &words)
      } else if part.id == nil || part.range.lowerBound > border {
        guard !isLast else {
          try count(text, part.range, until: nil, &words)
          return text.count
        }
        return try count(text, part.range.lowerBound..<text.count, until: border, &words)
      }
      used = part.range.upperBound
    }
    return used
  }

  /// Counts the words of a range, all of them or those that end at or before `until`; gives where they end.
  @discardableResult
  private func count(_ text: [UInt8], _ range: Range<Int>, until: Int?, _ words: inout WordCounts)
    throws(TokenizerError) -> Int
  {
    var pieces = Pieces(range == 0..<text.count ? text : Array(text[range]), isAtStart: true)
    try stage.apply(&pieces)
    var kept = pieces.ranges[...]
    if let until {
      kept = kept.dropLast(Self.openPieces)
      while let last = kept.last, range.lowerBound + last.upperBound > until { kept.removeLast() }
    }
    try words.add(pieces.text, kept)
    return range.lowerBound + (kept.last?.upperBound ?? 0)
  }
}

/// A file in parts.
final class FileParts {
  private let path: String
  private let file: FileHandle
  private static let partSize = 1 << 20

  init(path: String) throws(TokenizerError) {
    guard let file = FileHandle(forReadingAtPath: path) else { throw .unreadable(path: path, "it cannot be opened") }
    (self.path, self.file) = (path, file)
  }

  deinit { try? file.close() }

  /// The next bytes; none at the end.
  func next() throws(TokenizerError) -> [UInt8] {
    do {
      return try file.read(upToCount: Self.partSize).map { [UInt8]($0) } ?? []
    } catch {
      throw .unreadable(path: path, "it cannot be read")
    }
  }
}
