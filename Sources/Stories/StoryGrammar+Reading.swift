/// Reads the grammar's own notation.
///
///     = stuck                        a beat
///     ? X:flies, X.at=H, !H:climbs   what must be true: tags of words, facts, whether a role is there (`G?`)
///     ! X.at=tree, H.feels=sad       what is true after it
///     - The wind took the {X} …      a form; `(needs)` may stand before it
///     @ meeting                      all forms of a list `* meeting`
///     > cry try*2 end                what may come next, with weights
///
/// In a form `[a|b]` is a choice, `<name>` a choice from the word list `~ name a|b`, `{H}` a slot: `{H.he}`, `{a X}`
/// (article, adjective, noun), `{X.full}` (adjective, noun), `{P.in}` and so on.
struct GrammarReader {
  private(set) var beats: [StoryGrammar.Beat] = []
  private(set) var facts: [String] = []
  private(set) var values = [""]
  private var lexicon: Lexicon
  private var lists: [String: String] = [:]
  private var formLists: [String: [String]] = [:]
  private var edges: [[String]] = []

  init(_ lexicon: Lexicon, sources: [String]) {
    self.lexicon = lexicon
    let lines = sources.flatMap { $0.split(separator: "\n").map { $0.trimming() } }.filter { !$0.isEmpty }
    readLists(lines)
    var isBeat = false
    for line in lines {
      let rest = line.dropFirst().trimming()
      switch line.first {
      case "=":
        isBeat = true
        beats.append(StoryGrammar.Beat(name: rest))
        edges.append([])
      case "*": isBeat = false
      case "?" where isBeat: beats[beats.count - 1].needs += conditions(rest)
      case "!" where isBeat: beats[beats.count - 1].makes += effects(rest)
      case "-" where isBeat: beats[beats.count - 1].forms.append(form(rest))
      case "@" where isBeat: beats[beats.count - 1].forms += (formLists[rest] ?? []).map { form($0) }
      case ">" where isBeat:
        edges[edges.count - 1] += rest.split(separator: " ").map(String.init)
      case "~", "-": break
      default: preconditionFailure("the grammar's line '\(line)'")
      }
    }
    link()
  }

  private mutating func readLists(_ lines: [String]) {
    var list: String?
    for line in lines {
      let rest = line.dropFirst().trimming()
      switch line.first {
      case "~":
        let parts = rest.split(separator: " ", maxSplits: 1).map { $0.trimming() }
        lists[parts[0]] = parts[1]
      case "*": list = rest
      case "=": list = nil
      case "-": if let list { formLists[list, default: []].append(rest) }
      default: break
      }
    }
  }

  private mutating func link() {
    for index in beats.indices {
      for edge in edges[index] {
        let parts = edge.split(separator: "*").map(String.init)
        if parts[0] == "end" {
          beats[index].isEnd = true
          continue
        }
        guard let target = beats.firstIndex(where: { $0.name == parts[0] }) else {
          preconditionFailure("the grammar has no beat '\(parts[0])'")
        }
        beats[index].next.append(.init(beat: target, weight: parts.count > 1 ? Int(parts[1]) ?? 1 : 1))
      }
    }
  }

  private mutating func fact(_ name: String) -> Int {
    if let index = facts.firstIndex(of: name) { return index }
    facts.append(name)
    return facts.count - 1
  }

  private mutating func value(_ name: String) -> UInt8 {
    if let index = values.firstIndex(of: name) { return UInt8(index) }
    values.append(name)
    return UInt8(values.count - 1)
  }

  private func role(_ text: some StringProtocol) -> Role {
    guard let role = Role.allCases.first(where: { "\($0)" == text }) else { preconditionFailure("no role '\(text)'") }
    return role
  }

  private mutating func conditions(_ text: String) -> [StoryGrammar.Condition] {
    text.split(separator: ",").map { $0.trimming() }.map { item in
      let isNot = item.hasPrefix("!")
      let bare = isNot ? String(item.dropFirst()) : item
      if bare.hasSuffix("?") { return .bound(role(bare.dropLast()), !isNot) }
      if let colon = bare.firstIndex(of: ":") {
        let tag = lexicon.bit(String(bare[bare.index(after: colon)...]))
        return .tag(role(bare[..<colon]), tag, isSet: !isNot)
      }
      let isEqual = !bare.contains("!=")
      let parts = bare.split(separator: "=").map { $0.trimming() }
      precondition(parts.count == 2, "the condition '\(item)'")
      let name = isEqual ? parts[0] : String(parts[0].dropLast())
      return .fact(fact(name), value: value(parts[1]), isEqual: isEqual)
    }
  }

  private mutating func effects(_ text: String) -> [StoryGrammar.Effect] {
    text.split(separator: ",").map { item in
      let parts = item.split(separator: "=").map { $0.trimming() }
      precondition(parts.count == 2, "the effect '\(item)'")
      return .init(fact: fact(parts[0]), value: value(parts[1]))
    }
  }

  private mutating func form(_ text: String) -> StoryGrammar.Form {
    var (needs, makes): ([StoryGrammar.Condition], [StoryGrammar.Effect]) = ([], [])
    var body = text[...]
    if body.hasPrefix("("), let close = body.firstIndex(of: ")") {
      needs = conditions(String(body[body.index(after: body.startIndex)..<close]))
      body = body[body.index(after: close)...]
    }
    if let arrow = body.range(ofText: "=>") {
      makes = effects(String(body[arrow.upperBound...]))
      body = body[..<arrow.lowerBound]
    }
    var compiler = FormCompiler(lists: lists)
    compiler.compile(body.trimming())
    return .init(program: compiler.program, needs: needs, makes: makes)
  }

  var result: (beats: [StoryGrammar.Beat], lexicon: Lexicon) { (beats, lexicon) }
}

extension Substring {
  /// Where `text` first stands.
  func range(ofText text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}

extension StoryGrammar {
  init(_ lexicon: Lexicon, sources: [String]) {
    let reader = GrammarReader(lexicon, sources: sources)
    (beats, self.lexicon) = reader.result
    (facts, values) = (reader.facts, reader.values)
  }
}
