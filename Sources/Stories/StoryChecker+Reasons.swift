extension StoryChecker {
  /// A reason to refuse a sentence; lower ranks explain it better.
  private struct Finding {
    var rank: Int
    var kind: Kind
    var reason: String
  }

  /// Why none of these readings goes on.
  func explain(_ readings: [Reading], _ text: [UInt8]) -> Failure {
    let position = readings[0].position
    guard position <= text.count else {
      return failure(.unfinished, text.count, text, "the story stops before its end")
    }
    var best: Finding?
    func offer(_ finding: Finding) { if finding.rank < best?.rank ?? .max { best = finding } }
    var matcher = FormMatcher(grammar, text)
    matcher.isLenient = true
    for reading in readings.prefix(8) {
      let following = Set(following(reading.beat))
      for index in grammar.beats.indices {
        let beat = grammar.beats[index]
        for form in beat.forms {
          for match in matcher.match(form, at: position, reading.world)
          where match.end == text.count || text[match.end] == 0x20 {
            offer(finding(match, beat, form, reading, isNext: following.contains(index)))
          }
        }
      }
    }
    if let best { return failure(best.kind, position, text, best.reason) }
    if isBeginning(of: readings, matcher, position) {
      return failure(.unfinished, position, text, "the story stops within a sentence")
    }
    return failure(.unknownSentence, position, text, "no sentence of the grammar reads so")
  }

  private func finding(
    _ match: FormMatcher.Match, _ beat: StoryGrammar.Beat, _ form: StoryGrammar.Form, _ reading: Reading, isNext: Bool
  ) -> Finding {
    if let mismatch = match.mismatches.first {
      let (kind, reason) = describe(mismatch, reading.world)
      return Finding(rank: (isNext ? 0 : 200) + match.mismatches.count * 10, kind: kind, reason: reason)
    }
    let needs = beat.needs + form.needs
    if let need = unmet(needs, match.world, reading.world) {
      let (kind, reason) = describe(need, match.world)
      return Finding(rank: (isNext ? 5 : kind == .wrongFact ? 100 : 150), kind: kind, reason: reason)
    }
    let after = reading.beat < 0 ? "at the beginning" : "after '\(grammar.beats[reading.beat].name)'"
    return Finding(rank: 120, kind: .outOfPlace, reason: "'\(beat.name)' cannot come \(after)")
  }

  private func describe(_ mismatch: FormMatcher.Mismatch, _ world: StoryWorld) -> (Kind, String) {
    let slot = mismatch.slot
    let found = String(decoding: mismatch.found, as: UTF8.self)
    guard let word = world.word(slot.variable) else {
      let entry = found.split(separator: " ").last.map(String.init) ?? found
      switch slot.variable.aspect {
      case .name: return (.wrongName, "\(entry) cannot be the name of this one")
      case .kind: return (.wrongKind, "\(entry) cannot be what this one is")
      case .noun, .adjective: return (.wrongThing, "'\(found)' does not go together")
      case .place: return (.wrongPlace, "\(entry) is spoken of already")
      case .trait: return (.wrongArticle, "'\(found)' has the wrong article")
      }
    }
    let entry = grammar.lexicon[slot.variable.aspect][word]
    let meant = String(decoding: slot.rendered(entry), as: UTF8.self)
    let reason = "'\(found)' where '\(meant)' is meant"
    if case .pronoun = slot.shape { return (.wrongPronoun, "\(reason), for \(entry.text)") }
    if found.hasSuffix(" " + entry.text) { return (.wrongArticle, reason) }
    switch slot.variable.aspect {
    case .name: return (.wrongName, reason)
    case .kind, .trait: return (.wrongKind, reason)
    case .noun, .adjective: return (.wrongThing, reason)
    case .place: return (.wrongPlace, reason)
    }
  }

  private func describe(_ need: StoryGrammar.Condition, _ world: StoryWorld) -> (Kind, String) {
    switch need {
    case .fact(let fact, let value, let isEqual):
      let parts = grammar.facts[fact].split(separator: ".").map(String.init)
      let name = name(parts[0], world)
      func spoken(_ value: UInt8) -> String {
        value == 0 ? "nothing yet" : self.name(grammar.values[Int(value)], world)
      }
      let verb = ["at": "is with or in", "feels": "feels"][parts.last ?? ""] ?? "has '\(parts.last ?? "")'"
      return (
        .wrongFact,
        "it wants that \(name) \(verb) \(isEqual ? "" : "anything but ")\(spoken(value)); the story says "
          + spoken(world.facts[fact])
      )
    case .bound(let role, let isBound):
      return (.outOfPlace, isBound ? "nobody has spoken of \(role) yet" : "\(name("\(role)", world)) is there already")
    case .tag(let role, let tag, let isSet):
      let bit = grammar.lexicon.tags.indices.first { UInt64(1) << UInt64($0) == tag } ?? 0
      return (
        .wrongFact, "\(name("\(role)", world)) \(isSet ? "is no" : "is") '\(grammar.lexicon.tags[bit])', as this wants"
      )
    }
  }

  /// A role by its name or noun in this story; other words as they are.
  private func name(_ text: String, _ world: StoryWorld) -> String {
    guard let role = Role.allCases.first(where: { "\($0)" == text }), let word = world.word(role.head) else {
      return text
    }
    let entry = grammar.lexicon[role.head.aspect][word]
    return role.head.aspect == .name ? entry.text : role.head.aspect == .noun ? "the \(entry.text)" : entry.text
  }

  /// Whether the rest of the text has no end of a sentence.
  private func isBeginning(of readings: [Reading], _ matcher: FormMatcher, _ position: Int) -> Bool {
    guard let last = matcher.text.last else { return false }
    return !".!?\"".utf8.contains(last)
      && StorySentences.ranges(matcher.text).last.map { $0.lowerBound <= position } ?? false
  }

  private func failure(_ kind: Kind, _ position: Int, _ text: [UInt8], _ reason: String) -> Failure {
    let all = StorySentences.ranges(text)
    let index = all.firstIndex { $0.upperBound > position } ?? max(0, all.count - 1)
    let shown = all.indices.contains(index) ? String(decoding: text[all[index]].prefix(200), as: UTF8.self) : ""
    return Failure(kind: kind, sentence: index, text: shown, reason: reason)
  }
}
