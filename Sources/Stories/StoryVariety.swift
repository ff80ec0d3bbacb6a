/// How much a collection of stories varies.
public struct StoryVariety: Sendable {
  public private(set) var stories = 0
  public private(set) var bytes = 0
  /// Words by their letters, case aside; marks do not count.
  public private(set) var wordCount = 0
  public private(set) var shortest = Int.max
  public private(set) var longest = 0
  private var words: Set<[UInt8]> = []
  private var sentences: Set<UInt64> = []
  private var texts: Set<UInt64> = []
  private var plots: Set<[String]> = []
  private var forms: Set<Int> = []
  public private(set) var sentenceCount = 0

  public init() {}

  /// Stories of this seed, from the first on.
  public init(of writer: StoryWriter, count: Int) {
    for number in 0..<max(0, count) { add(writer.story(number)) }
  }

  public var distinctStories: Int { texts.count }
  public var distinctSentences: Int { sentences.count }
  public var distinctWords: Int { words.count }
  /// Different sequences of beats, whatever they are about.
  public var distinctPlots: Int { plots.count }
  /// Different forms that were used.
  public var distinctForms: Int { forms.count }
  public var meanWords: Double { stories == 0 ? 0 : Double(wordCount) / Double(stories) }

  public mutating func add(_ story: StoryWriter.Story) {
    let text = Array(story.text.utf8)
    stories += 1
    bytes += text.count
    texts.insert(Self.hash(text[...]))
    plots.insert(story.plot)
    forms.formUnion(story.forms)
    for sentence in StorySentences.ranges(text) {
      sentenceCount += 1
      sentences.insert(Self.hash(text[sentence]))
    }
    var length = 0
    for word in text.split(whereSeparator: { !Self.isLetter($0) }) {
      length += 1
      words.insert(word.map { $0 | 0x20 })
    }
    wordCount += length
    (shortest, longest) = (min(shortest, length), max(longest, length))
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }

  /// FNV-1a, mixed once more.
  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return (hash ^ hash >> 29) &* 0xBF58_476D_1CE4_E5B9
  }
}

/// Where the sentences of a text are: each ends with `.`, `!` or `?`, with a quote behind it, before a space.
enum StorySentences {
  static func ranges(_ text: [UInt8]) -> [Range<Int>] {
    var (result, start): ([Range<Int>], Int) = ([], 0)
    for index in text.indices {
      let isLast = index + 1 == text.count
      var mark = text[index]
      if mark == 0x22, index > start { mark = text[index - 1] }
      let ends = mark == 0x2E || mark == 0x21 || mark == 0x3F
      guard index >= start, isLast || (ends && text[index + 1] == 0x20) else { continue }
      result.append(start..<index + 1)
      start = index + 2
    }
    return result
  }
}
