/// What is settled at one point of a story: who and what it is about, and what is true.
struct StoryWorld: Sendable, Hashable {
  /// The chosen word of each variable, an index of the lexicon; -1 where none is chosen yet.
  private(set) var words = [Int16](repeating: -1, count: Variable.count)
  /// What a pronoun has told of each person before the name: 0 is he, 1 is she, -1 nothing.
  private var genders = [Int8](repeating: -1, count: Role.allCases.count)
  /// The value of each fact; 0 where none is known.
  private(set) var facts: [UInt8]

  init(_ grammar: StoryGrammar) { facts = [UInt8](repeating: 0, count: grammar.facts.count) }

  /// The word of a variable, or nil.
  func word(_ variable: Variable) -> Int? {
    let word = words[variable.index]
    return word < 0 ? nil : Int(word)
  }

  /// Notes the gender that a pronoun tells before the name; false where it is another than known.
  mutating func note(gender: Int, of role: Role, _ lexicon: Lexicon) -> Bool {
    let known = Int(genders[Int(role.rawValue)])
    let kind = word(Variable(role: role, aspect: .kind)).map { lexicon[.kind][$0].gender } ?? -1
    guard known < 0 || known == gender, kind < 0 || kind == gender else { return false }
    genders[Int(role.rawValue)] = Int8(gender)
    return true
  }

  mutating func choose(_ word: Int, for variable: Variable) { words[variable.index] = Int16(word) }

  mutating func apply(_ effects: [StoryGrammar.Effect]) {
    for effect in effects { facts[effect.fact] = effect.value }
  }

  /// Whether a condition is met; what is not chosen yet can still meet any condition on its tags.
  func meets(_ condition: StoryGrammar.Condition, _ lexicon: Lexicon) -> Bool {
    switch condition {
    case .fact(let fact, let value, let isEqual): return (facts[fact] == value) == isEqual
    case .bound(let role, let isBound): return (word(role.head) != nil) == isBound
    case .tag(let role, let tag, let isSet):
      guard let word = word(role.tagged) else { return true }
      return (lexicon[role.tagged.aspect][word].tags & tag != 0) == isSet
    }
  }

  /// Whether a word may be chosen for a variable beside what is chosen already: no two characters share a name or kind, no
  /// two things a noun, no two places a name; a girl is no he; a thing has an adjective that goes with it.
  func allows(_ choice: Int, for variable: Variable, _ lexicon: Lexicon) -> Bool {
    let aspect = variable.aspect
    if aspect != .trait, aspect != .adjective {
      for role in Role.allCases where role != variable.role {
        if word(Variable(role: role, aspect: aspect)) == choice { return false }
      }
    }
    let entry = lexicon[aspect][choice]
    switch aspect {
    case .name, .kind:
      let told = Int(genders[Int(variable.role.rawValue)])
      if told >= 0, entry.gender >= 0, told != entry.gender { return false }
      let other = Variable(role: variable.role, aspect: aspect == .name ? .kind : .name)
      guard let word = word(other) else { return true }
      let gender = lexicon[other.aspect][word].gender
      return gender < 0 || entry.gender < 0 || gender == entry.gender
    case .adjective:
      guard let noun = word(Variable(role: variable.role, aspect: .noun)) else { return true }
      return lexicon[.noun][noun].adjectives.contains(choice)
    case .noun:
      guard let adjective = word(Variable(role: variable.role, aspect: .adjective)) else { return true }
      return entry.adjectives.contains(adjective)
    case .trait, .place: return true
    }
  }
}
