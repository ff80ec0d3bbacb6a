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
  mutating func note(gender: Int, of role: Role) -> Bool {
    let known = Int(genders[Int(role.rawValue)])
    guard known < 0 || known == gender else { return false }
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

  /// Whether a word may be chosen for a variable beside what is chosen already: a name belongs to one role and one gender,
  /// no two things share a noun, no two places a name; a thing has an adjective that goes with it.
  func allows(_ choice: Int, for variable: Variable, _ lexicon: Lexicon) -> Bool {
    let aspect = variable.aspect
    if let own = lexicon[aspect][choice].role, own != variable.role { return false }
    if aspect == .noun || aspect == .place {
      for role in Role.allCases where role != variable.role {
        if word(Variable(role: role, aspect: aspect)) == choice { return false }
      }
    }
    let entry = lexicon[aspect][choice]
    switch aspect {
    case .name:
      let told = Int(genders[Int(variable.role.rawValue)])
      return told < 0 || told == entry.gender
    case .adjective:
      guard let noun = word(Variable(role: variable.role, aspect: .noun)) else { return true }
      return lexicon[.noun][noun].adjectives.contains(choice)
    case .noun:
      guard let adjective = word(Variable(role: variable.role, aspect: .adjective)) else { return true }
      return entry.adjectives.contains(adjective)
    case .kind, .trait, .place: return true
    }
  }
}
