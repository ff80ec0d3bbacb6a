import Stories
import TestSupport
import Testing

/// Any bytes may be checked, in bounded time.
@Suite struct RobustnessTests {
  @Test func `changed bytes never trap`() {
    var generator = Generator(seed: 77)
    let (writer, checker) = (StoryWriter(seed: 2), StoryChecker())
    var kept = 0
    for number in 0..<600 {
      var bytes = Array(writer.story(number).text.utf8)
      for _ in 0..<1 + generator.next() % 6 {
        let place = Int(generator.next() % UInt64(bytes.count))
        switch generator.next() % 4 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
        default: bytes.removeSubrange(place...)
        }
        if bytes.isEmpty { bytes = [0x20] }
      }
      if checker.check(bytes) == .keeps { kept += 1 }
    }
    #expect(kept < 12)
    for length in [1, 7, 100, 4096, 4097, 100_000] { #expect(checker.check(generator.bytes(length)) != .keeps) }
  }

  @Test func `long repetitions take little time`() {
    let checker = StoryChecker()
    let story = StoryWriter(seed: 2).story(5).text
    let clock = ContinuousClock()
    let time = clock.measure {
      for unit in ["he ", "\"", "Once upon a time, ", ". ", "a ", "the kite ", "Mia "] {
        _ = checker.check(String(repeating: unit, count: 4096 / unit.utf8.count))
        _ = checker.check(String(story.prefix(300)) + String(repeating: unit, count: 3000 / unit.utf8.count))
      }
    }
    #expect(time < .seconds(20), "\(time)")
  }

  @Test func `files are cut into texts`() {
    func texts(_ text: String) -> [String] {
      StoryTexts.split(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(texts("a<|endoftext|>b<|endoftext|>") == ["a", "b"])
    #expect(texts("a\n\nb\r\n\r\nc\n").map { $0.filter(\.isLetter) } == ["a", "b", "c"])
    #expect(texts("\n\n <|endoftext|>") == [])
    #expect(texts("a\nb").count == 1)
  }
}
