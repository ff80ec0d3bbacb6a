/// The words that fill slots, by aspect, with what is known of them.
struct Lexicon: Sendable {
  struct Entry: Sendable {
    var word: [UInt8]
    /// A place with its preposition; else empty.
    var inside: [UInt8] = []
    /// One bit a tag.
    var tags: UInt64 = 0
    /// Of a name: 0 is he, 1 is she; else -1.
    var gender = -1
    /// Of a name: the only role that has it.
    var role: Role?
    /// The adjectives that go with a noun, as indices.
    var adjectives: [Int] = []

    var text: String { String(decoding: word, as: UTF8.self) }

    /// Whether `an` goes before it.
    var takesAn: Bool { word.first.map { "aeiouAEIOU".utf8.contains($0) } ?? false }
  }

  private(set) var entries: [[Entry]] = Array(repeating: [], count: Variable.Aspect.allCases.count)
  private(set) var tags: [String] = []

  subscript(aspect: Variable.Aspect) -> [Entry] { entries[Int(aspect.rawValue)] }

  /// The bit of a tag; a name is given one when it is first met.
  mutating func bit(_ tag: String) -> UInt64 {
    if let known = bit(known: tag) { return known }
    tags.append(tag)
    precondition(tags.count < 64, "too many tags")
    return 1 << UInt64(tags.count - 1)
  }

  func bit(known tag: String) -> UInt64? { tags.firstIndex(of: tag).map { 1 << UInt64($0) } }

  /// Reads lists of words: names by role, those of a he before those of a she; kinds and places `word: tags`; things `word: tags | adjectives`.
  init(
    names: [Role: [String]], kinds: String, traits: String, things: String, adjectives: [String: String], places: String
  ) {
    func words(_ text: String) -> [String] {
      text.split(whereSeparator: { $0.isWhitespace }).map { String($0) }
    }
    func lines(_ text: String) -> [[String]] {
      text.split(separator: "\n").map { line in
        line.split(separator: ":", maxSplits: 1).map { (part: Substring) in part.trimming() }
      }
    }
    // By gender, so that neighbours share it.
    for gender in 0...1 {
      for role in Role.allCases {
        add(.name, words(names[role]?[gender] ?? "").map { Entry(word: Array($0.utf8), gender: gender, role: role) })
      }
    }
    add(.trait, words(traits).map { Entry(word: Array($0.utf8)) })
    for line in lines(kinds) {
      let tags = line.count > 1 ? words(line[1]) : []
      var entry = Entry(word: Array(line[0].utf8))
      for tag in tags { entry.tags |= bit(tag) }
      add(.kind, [entry])
    }
    for line in lines(places) {
      let parts = line[1].split(separator: "|").map { $0.trimming() }
      var entry = Entry(word: Array(line[0].utf8), inside: Array(parts[0].utf8))
      for tag in parts.count > 1 ? words(parts[1]) : [] { entry.tags |= bit(tag) }
      add(.place, [entry])
    }
    var adjectiveIDs: [String: Int] = [:]
    for group in adjectives.keys.sorted() {
      for word in words(adjectives[group] ?? "") where adjectiveIDs[word] == nil {
        adjectiveIDs[word] = self[.adjective].count
        add(.adjective, [Entry(word: Array(word.utf8))])
      }
    }
    for line in lines(things) {
      let parts = line[1].split(separator: "|").map { $0.trimming() }
      var entry = Entry(word: Array(line[0].utf8))
      for tag in words(parts[0]) { entry.tags |= bit(tag) }
      let own = parts.count > 1 ? words(parts[1]).flatMap { words(adjectives[$0] ?? $0) } : []
      for word in own {
        guard let id = adjectiveIDs[word] else { preconditionFailure("no adjective \(word)") }
        entry.adjectives.append(id)
      }
      add(.noun, [entry])
    }
  }

  private mutating func add(_ aspect: Variable.Aspect, _ new: [Entry]) { entries[Int(aspect.rawValue)] += new }
}

extension StringProtocol {
  /// Without white space at both ends.
  func trimming() -> String {
    var rest = self[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
