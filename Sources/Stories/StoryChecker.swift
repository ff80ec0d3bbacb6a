/// Says whether a text is a story of the grammar that keeps its facts, or where and why it is not.
///
///     switch StoryChecker().check("Once upon a time …") {
///     case .keeps: …
///     case .fails(let failure): print(failure)
///     }
///
/// Any bytes may be given. The work grows with the length of the text, which is bounded by `lengthLimit`.
public struct StoryChecker: Sendable {
  public let grammar: StoryGrammar

  public init(grammar: StoryGrammar = .standard) { self.grammar = grammar }

  /// The longest text that may be a story, in bytes.
  public static let lengthLimit = 4096
  /// Readings of one text that are followed at once.
  static let readingLimit = 64

  public enum Verdict: Sendable, Hashable {
    case keeps
    case fails(Failure)
  }

  public struct Failure: Sendable, Hashable, CustomStringConvertible {
    public var kind: Kind
    /// The first sentence that fails, from 0.
    public var sentence: Int
    /// What it says.
    public var text: String
    public var reason: String

    public var description: String { "sentence \(sentence + 1), \"\(text)\": \(reason)" }
  }

  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// No text, or more than any story.
    case noStory
    /// No form of the grammar reads so.
    case unknownSentence
    /// A form of the grammar that cannot come here.
    case outOfPlace
    case wrongName, wrongPronoun, wrongThing, wrongPlace, wrongKind, wrongArticle
    /// It says what is not so: who holds what, who feels what, where things are.
    case wrongFact
    /// It stops before its end.
    case unfinished
  }

  /// A way to read the text so far.
  struct Reading: Hashable {
    var position: Int
    /// The last beat; -1 before the first.
    var beat: Int
    var world: StoryWorld
  }

  /// The verdict on one text; white space around it does not count.
  public func check(_ text: some Collection<UInt8>) -> Verdict {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
    var bytes = Array(text.prefix(Self.lengthLimit * 2).drop(while: isSpace))
    while bytes.last.map(isSpace) == true { bytes.removeLast() }
    guard !bytes.isEmpty else {
      return .fails(Failure(kind: .noStory, sentence: 0, text: "", reason: "there is no text"))
    }
    guard bytes.count <= Self.lengthLimit else {
      return .fails(
        Failure(
          kind: .noStory, sentence: 0, text: "", reason: "more than \(Self.lengthLimit) bytes, longer than any story"))
    }
    var matcher = FormMatcher(grammar, bytes)
    var open = [Reading(position: 0, beat: -1, world: StoryWorld(grammar))]
    var furthest: [Reading] = []
    while !open.isEmpty {
      // The earliest readings first, so that every reading of a place is known before it is left.
      let position = open.reduce(Int.max) { min($0, $1.position) }
      let here = open.filter { $0.position == position }
      open.removeAll { $0.position == position }
      furthest = here
      for reading in here.prefix(Self.readingLimit) {
        if position == bytes.count + 1, grammar.beats[reading.beat].isEnd { return .keeps }
        for next in continuations(of: reading, &matcher)
        where open.count < Self.readingLimit * 4 && !open.contains(next) { open.append(next) }
      }
    }
    return .fails(explain(furthest, bytes))
  }

  public func check(_ text: String) -> Verdict { check(Array(text.utf8)) }

  /// The beats that may come after this one.
  func following(_ beat: Int) -> [Int] {
    beat < 0 ? [StoryGrammar.start] : grammar.beats[beat].next.map(\.beat)
  }

  private func continuations(of reading: Reading, _ matcher: inout FormMatcher) -> [Reading] {
    var results: [Reading] = []
    guard reading.position < matcher.text.count else { return results }
    for index in following(reading.beat) {
      let beat = grammar.beats[index]
      guard unmet(beat.needs, reading.world, nil) == nil else { continue }
      for form in beat.forms where unmet(form.needs, reading.world, nil) == nil {
        for match in matcher.match(form, at: reading.position, reading.world) {
          // A word chosen by this form meets the needs of its beat too.
          guard unmet(beat.needs + form.needs, match.world, reading.world) == nil else { continue }
          guard match.end == matcher.text.count || matcher.text[match.end] == 0x20 else { continue }
          var world = match.world
          world.apply(beat.makes)
          world.apply(form.makes)
          results.append(Reading(position: match.end + 1, beat: index, world: world))
        }
      }
    }
    return results
  }

  /// The first condition that does not hold. After a form is read, `before` is the world before it: whether a role is
  /// there is asked of that.
  func unmet(_ needs: [StoryGrammar.Condition], _ world: StoryWorld, _ before: StoryWorld?) -> StoryGrammar.Condition? {
    needs.first { need in
      if case .bound = need, let before { return !before.meets(need, grammar.lexicon) }
      return !world.meets(need, grammar.lexicon)
    }
  }
}
