/// The grammar of short stories: one description that `StoryWriter` reads to write and `StoryChecker` to check.
///
/// A story is a path of beats from `open` to an end. A beat is one thing that happens, with what must be true before
/// and what is true after, and the forms of words that tell it.
public struct StoryGrammar: Sendable {
  let beats: [Beat]
  let lexicon: Lexicon
  /// The names of what beats keep track of, as `X.at` or `H.feels`, in the order of a state's values.
  let facts: [String]
  /// The names of facts' values; 0 is no value yet.
  let values: [String]

  /// The grammar of this package.
  public static let standard = StoryGrammar(Lexicon.standard, sources: standardSources)

  /// The beat that every story begins with.
  static let start = 0

  struct Beat: Sendable {
    var name: String
    var needs: [Condition] = []
    var makes: [Effect] = []
    var forms: [Form] = []
    var next: [Edge] = []
    /// A story may end after it.
    var isEnd = false
  }

  struct Edge: Sendable {
    var beat: Int
    var weight: Int
  }

  /// One way to tell a beat.
  struct Form: Sendable {
    var program: [Instruction]
    var needs: [Condition]
    var makes: [Effect]
  }

  /// A step of a form: written by choosing, checked by trying.
  enum Instruction: Sendable {
    case text([UInt8])
    case slot(Slot)
    case choose([Int])
    case jump(Int)
  }

  enum Condition: Sendable, Hashable {
    case fact(Int, value: UInt8, isEqual: Bool)
    case tag(Role, UInt64, isSet: Bool)
    case bound(Role, Bool)
  }

  struct Effect: Sendable, Hashable {
    var fact: Int
    var value: UInt8
  }
}

/// Who or what a slot speaks of.
enum Role: UInt8, Sendable, CaseIterable {
  /// The hero, the friend who helps, another.
  case H, F, O
  /// What the story is about, a tool, a gift.
  case X, T, G
  /// The places: home, and away.
  case P, Q

  /// The variable that names it.
  var head: Variable {
    switch self {
    case .H, .F, .O: Variable(role: self, aspect: .name)
    case .X, .T, .G: Variable(role: self, aspect: .noun)
    case .P, .Q: Variable(role: self, aspect: .place)
    }
  }

  /// The variable whose words carry its tags.
  var tagged: Variable {
    switch self {
    case .H, .F, .O: Variable(role: self, aspect: .kind)
    default: head
    }
  }
}

/// One thing that a story chooses once and keeps.
struct Variable: Sendable, Hashable {
  var role: Role
  var aspect: Aspect

  enum Aspect: UInt8, Sendable, CaseIterable { case name, kind, trait, noun, adjective, place }

  static let count = Role.allCases.count * Aspect.allCases.count
  var index: Int { Int(role.rawValue) * Aspect.allCases.count + Int(aspect.rawValue) }
}

/// A place in a form that a variable's word fills.
struct Slot: Sendable, Hashable {
  var variable: Variable
  var shape: Shape
  /// `a` or `an` before it, as the word asks.
  var article: Article = .none

  enum Article: UInt8, Sendable { case none, small, capital }

  enum Shape: Sendable, Hashable {
    case word
    /// A place with its preposition.
    case inside
    /// A pronoun of the person: he, him, his, himself and so on, as index and capital.
    case pronoun(Int, capital: Bool)
  }

  static let pronouns: [[String]] = [
    ["he", "him", "his", "himself"], ["she", "her", "her", "herself"],
  ]
}
