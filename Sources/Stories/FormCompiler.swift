/// Turns a form's text into its steps.
struct FormCompiler {
  private(set) var program: [StoryGrammar.Instruction] = []
  let lists: [String: String]

  init(lists: [String: String]) { self.lists = lists }

  mutating func compile(_ text: String) {
    var text = text[...]
    sequence(&text, depth: 0)
    precondition(text.isEmpty, "a form ends before '\(text)'")
  }

  /// Reads to the end, or to a `|` or `]` of the choice around it.
  private mutating func sequence(_ text: inout Substring, depth: Int) {
    var literal = ""
    func flush(_ program: inout [StoryGrammar.Instruction]) {
      if !literal.isEmpty { program.append(.text(Array(literal.utf8))) }
      literal = ""
    }
    while let character = text.first {
      if depth > 0, character == "|" || character == "]" { break }
      text.removeFirst()
      switch character {
      case "[":
        flush(&program)
        choice(&text, depth: depth + 1)
      case "<":
        flush(&program)
        let end = text.firstIndex(of: ">") ?? text.endIndex
        let name = String(text[..<end])
        guard let list = lists[name] else { preconditionFailure("no word list '\(name)'") }
        text = text[text.index(after: end)...]
        var inner = Substring(list + "]")
        choice(&inner, depth: depth + 1)
      case "{":
        flush(&program)
        let end = text.firstIndex(of: "}") ?? text.endIndex
        slot(String(text[..<end]))
        text = text[text.index(after: end)...]
      default: literal.append(character)
      }
    }
    flush(&program)
  }

  private mutating func choice(_ text: inout Substring, depth: Int) {
    let start = program.count
    program.append(.choose([]))
    var (targets, ends): ([Int], [Int]) = ([], [])
    while true {
      targets.append(program.count)
      sequence(&text, depth: depth)
      ends.append(program.count)
      program.append(.jump(0))
      let mark = text.first
      if mark != nil { text.removeFirst() }
      if mark != "|" { break }
    }
    program[start] = .choose(targets)
    for end in ends { program[end] = .jump(program.count) }
  }

  /// `H`, `H.he`, `a X`, `X.full`, `a T.noun`, `a H.trait`, `P.in` …
  private mutating func slot(_ text: String) {
    var (text, article) = (text, Slot.Article.none)
    if text.hasPrefix("a ") { (text, article) = (String(text.dropFirst(2)), .small) }
    if text.hasPrefix("A ") { (text, article) = (String(text.dropFirst(2)), .capital) }
    let parts = text.split(separator: ".").map(String.init)
    guard let role = Role.allCases.first(where: { "\($0)" == parts[0] }) else {
      preconditionFailure("no role '\(parts[0])'")
    }
    let part = parts.count > 1 ? parts[1] : ""
    func add(_ aspect: Variable.Aspect, _ shape: Slot.Shape = .word, _ article: Slot.Article = .none) {
      program.append(.slot(Slot(variable: Variable(role: role, aspect: aspect), shape: shape, article: article)))
    }
    let pronouns = ["he": 0, "him": 1, "his": 2, "himself": 3]
    if let index = pronouns[part.lowercased()] {
      return add(.name, .pronoun(index, capital: part.first?.isUppercase == true))
    }
    switch (role, part) {
    case (.H, ""), (.F, ""), (.O, ""): add(.name, .word, article)
    case (_, "kind"): add(.kind, .word, article)
    case (_, "trait"): add(.trait, .word, article)
    case (.P, ""), (.Q, ""): add(.place)
    case (_, "in"): add(.place, .inside)
    case (_, "noun"): add(.noun, .word, article)
    case (_, "full"):
      add(.adjective, .word, article)
      program.append(.text([0x20]))
      add(.noun)
    case (.X, ""), (.T, ""), (.G, ""):
      if article == .none { return add(.noun) }
      add(.adjective, .word, article)
      program.append(.text([0x20]))
      add(.noun)
    default: preconditionFailure("the slot '\(text)'")
    }
  }
}
