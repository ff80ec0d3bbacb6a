/// Writes stories of a grammar: story `n` of a seed is the same on every system.
///
///     let story = StoryWriter(seed: 1).story(0)
///     print(story.text)
public struct StoryWriter: Sendable {
  public let grammar: StoryGrammar
  public let seed: UInt64

  public init(grammar: StoryGrammar = .standard, seed: UInt64) { (self.grammar, self.seed) = (grammar, seed) }

  public struct Story: Sendable, Hashable {
    /// One paragraph of ASCII text without line ends.
    public var text: String
    /// The names of the beats it is made of: its plot.
    public var plot: [String]
    /// The forms that tell the beats, each by a number of its own.
    public var forms: [Int]
  }

  /// The story with this number; any number is one.
  public func story(_ number: Int) -> Story {
    var run = WritingRun(grammar, StoryRandom(seed: seed, story: UInt64(bitPattern: Int64(number))))
    return run.write()
  }
}

/// One story being written.
private struct WritingRun {
  let grammar: StoryGrammar
  var random: StoryRandom
  var world: StoryWorld
  var text: [UInt8] = []

  init(_ grammar: StoryGrammar, _ random: StoryRandom) {
    (self.grammar, self.random) = (grammar, random)
    world = StoryWorld(grammar)
  }

  mutating func write() -> StoryWriter.Story {
    var (plot, forms): ([String], [Int]) = ([], [])
    var beat: Int? = StoryGrammar.start
    while let current = beat {
      plot.append(grammar.beats[current].name)
      forms.append(tell(current))
      beat = next(after: current)
    }
    return .init(text: String(decoding: text, as: UTF8.self), plot: plot, forms: forms)
  }

  private func isPossible(_ needs: [StoryGrammar.Condition]) -> Bool {
    needs.allSatisfy { world.meets($0, grammar.lexicon) }
  }

  /// The next beat; nil ends the story.
  private mutating func next(after index: Int) -> Int? {
    let beat = grammar.beats[index]
    let open = beat.next.filter { edge in
      let target = grammar.beats[edge.beat]
      return isPossible(target.needs) && target.forms.contains { isPossible($0.needs) }
    }
    guard !open.isEmpty else {
      precondition(beat.isEnd, "nothing can follow the beat '\(beat.name)'")
      return nil
    }
    var choice = random.below(open.reduce(0) { $0 + $1.weight })
    for edge in open {
      choice -= edge.weight
      if choice < 0 { return edge.beat }
    }
    return nil
  }

  private mutating func tell(_ index: Int) -> Int {
    let beat = grammar.beats[index]
    let open = beat.forms.indices.filter { isPossible(beat.forms[$0].needs) }
    let choice = open[random.below(open.count)]
    let form = beat.forms[choice]
    if !text.isEmpty { text.append(0x20) }
    run(form.program, needs: beat.needs + form.needs)
    world.apply(beat.makes)
    world.apply(form.makes)
    return index << 16 | choice
  }

  private mutating func run(_ program: [StoryGrammar.Instruction], needs: [StoryGrammar.Condition]) {
    var step = 0
    while step < program.count {
      switch program[step] {
      case .text(let bytes): text += bytes
      case .slot(let slot): text += fill(slot, needs)
      case .jump(let target):
        step = target
        continue
      case .choose(let targets):
        step = targets[random.below(targets.count)]
        continue
      }
      step += 1
    }
  }

  private mutating func fill(_ slot: Slot, _ needs: [StoryGrammar.Condition]) -> [UInt8] {
    let word = world.word(slot.variable) ?? choose(slot.variable, needs)
    return slot.rendered(grammar.lexicon[slot.variable.aspect][word])
  }

  /// Chooses a word that fits what is chosen already and what the beat needs.
  private mutating func choose(_ variable: Variable, _ needs: [StoryGrammar.Condition]) -> Int {
    // An adjective is chosen with its noun in view, a pronoun with its kind.
    if variable.aspect == .adjective {
      let noun = Variable(role: variable.role, aspect: .noun)
      if world.word(noun) == nil { _ = choose(noun, needs) }
    }
    let lexicon = grammar.lexicon
    let fitting = lexicon[variable.aspect].indices.filter { choice in
      var trial = world
      trial.choose(choice, for: variable)
      return world.allows(choice, for: variable, lexicon)
        && needs.allSatisfy { need in
          guard case .tag(let role, _, _) = need, role.tagged == variable else { return true }
          return trial.meets(need, lexicon)
        }
    }
    precondition(!fitting.isEmpty, "no word fits \(variable)")
    let choice = fitting[random.below(fitting.count)]
    world.choose(choice, for: variable)
    return choice
  }
}

extension Slot {
  /// The text of this slot with this word in it.
  func rendered(_ entry: Lexicon.Entry) -> [UInt8] {
    switch shape {
    case .word:
      switch article {
      case .none: return entry.word
      case .small: return Array((entry.takesAn ? "an " : "a ").utf8) + entry.word
      case .capital: return Array((entry.takesAn ? "An " : "A ").utf8) + entry.word
      }
    case .inside: return entry.inside
    case .pronoun(let index, let capital):
      let word = Array(Self.pronouns[max(0, entry.gender)][index].utf8)
      return capital ? [word[0] - 0x20] + word.dropFirst() : word
    }
  }
}
