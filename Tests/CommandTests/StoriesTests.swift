import Foundation
import JSON
import TestSupport
import Testing

/// `orrery stories`, as scripts rely on it.
@Suite struct StoriesTests {
  @Test func `what is written is what the check keeps`() throws {
    let written = try Command.run("stories", "--count", "50", "--seed", "3", "--separator", "<|endoftext|>")
    let again = try Command.run("stories", "--count", "50", "--seed", "3", "--separator", "<|endoftext|>")
    #expect(written.status == 0 && written.output == again.output)
    let checked = try Command.run(["stories", "--check", "-", "--json"], input: written.output)
    #expect(checked.status == 0, "\(checked.text)")
    let result = try JSON(parsing: checked.output)
    #expect(result["texts"]?.int == 50 && result["kept"]?.int == 50 && result["rate"]?.double == 1)
    let tail = try Command.run("stories", "--count", "1", "--first", "49", "--seed", "3").text
    #expect(written.text.hasSuffix(tail.trimmingCharacters(in: .newlines) + "<|endoftext|>"))
  }

  @Test func `a text that fails is named and gives exit code 1`() throws {
    let result = try Command.run(
      ["stories", "--check", "-"], input: Array("Once upon a time, a cat sang.\n\nHello.".utf8))
    #expect(result.status == 1 && result.text.contains("text 2, sentence 1") && result.text.contains("0 of 2 texts"))
  }

  @Test func `variety is measured`() throws {
    let result = try Command.run("stories", "--count", "200", "--variety", "--json")
    #expect(try JSON(parsing: result.output)["distinctStories"]?.int == 200)
  }

  @Test func `wrong arguments are refused`() throws {
    #expect(try Command.run("stories", "--count", "-1").refuses("Error: "))
    #expect(try Command.run("stories", "--json").refuses("Error: "))
    #expect(try Command.run("stories", "--check", "/nowhere/none.txt").refuses("Error: ", "none.txt"))
    #expect(try Command.run(["stories", "--check", "-"], input: []).refuses("Error: ", "no text"))
  }
}
