/// Reads one form at one place of a text, trying every choice; the work is bounded by a number of steps.
struct FormMatcher {
  let grammar: StoryGrammar
  let text: [UInt8]
  /// Words other than the chosen ones match too, and are noted.
  var isLenient = false
  private var stepsLeft = 0
  private var matches: [Match] = []

  static let stepLimit = 20_000
  static let matchLimit = 8

  struct Match {
    var end: Int
    var world: StoryWorld
    /// What the text says otherwise than the story so far; only where lenient.
    var mismatches: [Mismatch] = []
  }

  struct Mismatch: Sendable {
    var position: Int
    var slot: Slot
    var found: [UInt8]
  }

  init(_ grammar: StoryGrammar, _ text: [UInt8]) { (self.grammar, self.text) = (grammar, text) }

  /// The ways in which the form stands at `position`.
  mutating func match(_ form: StoryGrammar.Form, at position: Int, _ world: StoryWorld) -> [Match] {
    matches = []
    stepsLeft = Self.stepLimit
    run(form.program, 0, Match(end: position, world: world))
    return matches
  }

  private mutating func run(_ program: [StoryGrammar.Instruction], _ start: Int, _ open: Match) {
    var (step, state) = (start, open)
    while step < program.count {
      stepsLeft -= 1
      guard stepsLeft > 0, matches.count < Self.matchLimit else { return }
      switch program[step] {
      case .text(let bytes):
        guard stands(bytes, at: state.end) else { return }
        state.end += bytes.count
        step += 1
      case .jump(let target): step = target
      case .choose(let targets):
        for target in targets { run(program, target, state) }
        return
      case .slot(let slot):
        for next in filled(slot, state) { run(program, step + 1, next) }
        return
      }
    }
    matches.append(state)
  }

  private func stands(_ bytes: [UInt8], at position: Int) -> Bool {
    guard position + bytes.count <= text.count else { return false }
    for index in bytes.indices where text[position + index] != bytes[index] { return false }
    return true
  }

  /// A pronoun that comes before the name.
  private func told(_ slot: Slot, _ state: Match) -> [Match] {
    (0...1).compactMap { gender in
      let bytes = slot.rendered(Lexicon.Entry(word: [], gender: gender))
      var next = state
      guard stands(bytes, at: state.end), next.world.note(gender: gender, of: slot.variable.role)
      else { return nil }
      next.end += bytes.count
      return next
    }
  }

  /// What may follow once the slot is filled with the text here.
  private mutating func filled(_ slot: Slot, _ state: Match) -> [Match] {
    let (variable, lexicon) = (slot.variable, grammar.lexicon)
    let entries = lexicon[variable.aspect]
    var results: [Match] = []
    func add(_ bytes: [UInt8], _ change: (inout Match) -> Void = { _ in }) {
      guard stands(bytes, at: state.end) else { return }
      var next = state
      change(&next)
      next.end += bytes.count
      results.append(next)
    }
    if let word = state.world.word(variable) { add(slot.rendered(entries[word])) }
    if !results.isEmpty { return results }
    let isChosen = state.world.word(variable) != nil
    if !isChosen, case .pronoun = slot.shape { return told(slot, state) }
    guard !isChosen || isLenient else { return [] }
    for (choice, entry) in entries.enumerated() {
      // Of all that a pronoun may stand for, one of each gender is enough.
      if case .pronoun = slot.shape, choice > 0, entry.gender == entries[choice - 1].gender { continue }
      stepsLeft -= 1
      let isAllowed = !isChosen && state.world.allows(choice, for: variable, lexicon)
      guard isAllowed || isLenient else { continue }
      for rendered in isLenient ? slot.renderings(entry) : [slot.rendered(entry)] {
        add(rendered) { next in
          if !isAllowed || rendered != slot.rendered(entry) {
            next.mismatches.append(Mismatch(position: state.end, slot: slot, found: rendered))
          }
          if !isChosen { next.world.choose(choice, for: variable) }
        }
        if results.count > 2 { return results }
      }
    }
    return results
  }
}

extension Slot {
  /// The right text of a word here, and the ones with the wrong article.
  func renderings(_ entry: Lexicon.Entry) -> [[UInt8]] {
    guard article != .none, shape == .word else { return [rendered(entry)] }
    return [rendered(entry)] + (article == .small ? ["a ", "an "] : ["A ", "An "]).map { Array($0.utf8) + entry.word }
  }
}
