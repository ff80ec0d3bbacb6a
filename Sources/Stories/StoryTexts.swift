/// Many texts in one file: apart by `<|endoftext|>` or by blank lines.
public enum StoryTexts {
  private static let mark = Array("<|endoftext|>".utf8)

  /// The texts, without those of white space only.
  public static func split(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var texts: [ArraySlice<UInt8>] = []
    var (start, position) = (0, 0)
    func close(_ end: Int) {
      let text = bytes[start..<end]
      if text.contains(where: { $0 > 0x20 }) { texts.append(text) }
    }
    while position < bytes.count {
      if bytes[position] == mark[0], bytes[position...].starts(with: mark) {
        close(position)
        position += mark.count
        start = position
      } else if bytes[position] == 0x0A, blankLine(bytes, position + 1) {
        close(position)
        position += 1
        start = position
      } else {
        position += 1
      }
    }
    close(bytes.count)
    return texts
  }

  /// Whether the line from here on is empty.
  private static func blankLine(_ bytes: [UInt8], _ start: Int) -> Bool {
    guard start < bytes.count else { return false }
    return bytes[start] == 0x0A || (bytes[start] == 0x0D && start + 1 < bytes.count && bytes[start + 1] == 0x0A)
  }
}

extension StoryGrammar {
  /// The number of forms of words that it knows.
  public var formCount: Int { beats.reduce(0) { $0 + $1.forms.count } }

  /// The names that characters may have.
  package var names: [String] { lexicon[.name].map(\.text) }

  /// What things may be called.
  package var things: [String] { lexicon[.noun].map(\.text) }
}
