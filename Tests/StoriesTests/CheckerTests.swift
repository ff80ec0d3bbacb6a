import Stories
import TestSupport
import Testing

/// Stories with something wrong in them, and texts that are none.
@Suite struct CheckerTests {
  private static let checker = StoryChecker()

  /// Applies `change` to stories and gives the share of changed ones that are refused, with the kinds of refusals.
  private func refused(_ count: Int = 1500, _ change: (String, inout Generator) -> String?)
    -> (rate: Double, kinds: [StoryChecker.Kind: Int], changed: Int)
  {
    let writer = StoryWriter(seed: 21)
    var generator = Generator(seed: 9)
    var (changed, failed, kinds) = (0, 0, [StoryChecker.Kind: Int]())
    for number in 0..<count {
      let story = writer.story(number).text
      guard let text = change(story, &generator), text != story else { continue }
      changed += 1
      if case .fails(let failure) = Self.checker.check(text) {
        failed += 1
        kinds[failure.kind, default: 0] += 1
      }
    }
    return (Double(failed) / Double(max(changed, 1)), kinds, changed)
  }

  /// Where whole words of these stand in a text.
  private func places(_ words: [String], in text: String) -> [Range<String.Index>] {
    func isLetter(_ index: String.Index) -> Bool { index < text.endIndex && text[index].isLetter }
    return words.flatMap { word in
      text.ranges(of: word).filter { range in
        !isLetter(range.upperBound)
          && (range.lowerBound == text.startIndex || !isLetter(text.index(before: range.lowerBound)))
      }
    }.sorted { $0.lowerBound < $1.lowerBound }
  }

  /// Replaces one place, not the first, by another of the words.
  private func exchange(_ words: [String], _ text: String, _ generator: inout Generator) -> String? {
    let found = places(words, in: text)
    guard found.count > 1 else { return nil }
    let place = found[1 + Int(generator.next() % UInt64(found.count - 1))]
    return text.replacingCharacters(place, with: words[Int(generator.next() % UInt64(words.count))])
  }

  private func sentences(_ text: String) -> [String] {
    var result: [String] = []
    for part in text.split(separator: " ", omittingEmptySubsequences: false) {
      let ends =
        result.last.map { last in [".", "!", "?", ".\"", "!\"", "?\""].contains(where: last.hasSuffix) } ?? true
      if ends { result.append(String(part)) } else { result[result.count - 1] += " " + part }
    }
    return result
  }

  @Test func `a wrong name is refused`() {
    let names = StoryGrammar.standard.names
    let result = refused { exchange(names, $0, &$1) }
    #expect(result.changed > 1000 && result.rate > 0.99, "\(result)")
    #expect(Double(result.kinds[.wrongName] ?? 0) > 0.6 * Double(result.changed), "\(result)")
  }

  @Test func `another thing is refused`() {
    let things = StoryGrammar.standard.things
    let result = refused { exchange(things, $0, &$1) }
    #expect(result.changed > 800 && result.rate > 0.97, "\(result)")
    #expect(Double(result.kinds[.wrongThing] ?? 0) > 0.5 * Double(result.changed), "\(result)")
  }

  @Test func `a wrong pronoun is refused`() {
    let result = refused { text, generator in
      let found = places(["he", "she", "his", "him", "He", "She", "His"], in: text)
      guard !found.isEmpty else { return nil }
      let place = found[Int(generator.next() % UInt64(found.count))]
      let other = ["he": "she", "she": "he", "his": "her", "him": "her", "He": "She", "She": "He", "His": "Her"]
      return text.replacingCharacters(place, with: other[String(text[place])] ?? "")
    }
    #expect(result.changed > 1000 && result.rate > 0.99, "\(result)")
    #expect(Double(result.kinds[.wrongPronoun] ?? 0) > 0.8 * Double(result.changed), "\(result)")
  }

  @Test func `giver and taker exchanged are refused`() {
    let result = refused(4000) { text, _ in
      let all = sentences(text)
      let names = StoryGrammar.standard.names
      for (index, sentence) in all.enumerated() where sentence.contains(" gave ") {
        let found = places(names, in: sentence)
        guard found.count == 2, sentence[found[0]] != sentence[found[1]] else { continue }
        let (first, second) = (String(sentence[found[0]]), String(sentence[found[1]]))
        let swapped = sentence.replacingCharacters(found[1], with: first).replacingCharacters(found[0], with: second)
        return (all[..<index] + [swapped] + all[(index + 1)...]).joined(separator: " ")
      }
      return nil
    }
    #expect(result.changed > 100 && result.rate > 0.99, "\(result)")
  }

  @Test func `a story cut short is refused`() {
    let sentence = refused { text, _ in
      let all = sentences(text)
      return all.dropLast(max(2, all.count / 4)).joined(separator: " ")
    }
    #expect(sentence.rate > 0.98, "\(sentence)")
    let within = refused { text, generator in String(text.prefix(text.count - 2 - Int(generator.next() % 12))) }
    #expect(within.rate > 0.99, "\(within)")
    #expect(Double(within.kinds[.unfinished] ?? 0) > 0.9 * Double(within.changed), "\(within)")
  }

  @Test func `sentences in another order are refused`() {
    let result = refused { text, generator in
      var all = sentences(text)
      guard all.count > 5 else { return nil }
      let place = 1 + Int(generator.next() % UInt64(all.count - 3))
      all.swapAt(place, place + 1)
      return all.joined(separator: " ")
    }
    #expect(result.changed > 1000 && result.rate > 0.95, "\(result)")
  }

  @Test func `a sentence left out or told twice is refused`() {
    let without = refused { text, generator in
      var all = sentences(text)
      all.remove(at: 2 + Int(generator.next() % UInt64(all.count - 3)))
      return all.joined(separator: " ")
    }
    // What only adds color may be left out.
    #expect(without.rate > 0.6, "\(without)")
    let twice = refused { text, generator in
      var all = sentences(text)
      let place = 1 + Int(generator.next() % UInt64(all.count - 2))
      all.insert(all[place], at: place)
      return all.joined(separator: " ")
    }
    #expect(twice.rate > 0.98, "\(twice)")
  }

  @Test func `a holder that does not hold is named`() throws {
    let checker = Self.checker
    var seen = 0
    for number in 0..<3000 where seen < 20 {
      let text = StoryWriter(seed: 8).story(number).text
      let all = sentences(text)
      guard let back = all.firstIndex(where: { $0.contains(" back to ") && $0.contains(" gave the ") }) else {
        continue
      }
      // The helper gives what the helper never got.
      guard case .fails(let failure) = checker.check((all[..<(back - 1)] + all[back...]).joined(separator: " ")) else {
        continue
      }
      seen += 1
      #expect([.wrongFact, .outOfPlace, .wrongName, .unknownSentence].contains(failure.kind), "\(failure)")
      #expect(failure.sentence <= back && !failure.text.isEmpty && !failure.reason.isEmpty)
    }
    #expect(seen == 20)
  }

  @Test func `texts that are no stories are refused`() throws {
    func kind(_ text: String) -> StoryChecker.Kind? {
      if case .fails(let failure) = Self.checker.check(text) { failure.kind } else { nil }
    }
    #expect(kind("") == .noStory)
    #expect(kind(" \n ") == .noStory)
    #expect(kind("The quick brown fox.") == .unknownSentence)
    #expect(kind(String(repeating: "Once ", count: 3000)) == .noStory)
    #expect(kind("Once upon a time") == .unfinished)
    #expect(kind("Once upon a time, a young fox named Barney lived in the meadow.") == .wrongName)
    #expect(kind("Once upon a time, a eager fox named Max lived in the meadow.") == .wrongArticle)
  }
}

extension String {
  fileprivate func replacingCharacters(_ range: Range<Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}
