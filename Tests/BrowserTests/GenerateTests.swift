import JSON
import Testing

/// The Generate view, used as a person uses it.
@Suite(.serialized, .enabled(if: Browser.isExpected, "no Chromium is installed"))
struct GenerateTests {
  private let done = "orrery.text.tokens.length > 8 && !orrery.text.running"

  private func run(_ prompt: String, _ page: Page) async throws {
    try await page.click("#prompt")
    try await page.evaluate("document.querySelector('#prompt').select()")
    try await page.type(prompt)
    try await page.key("Enter")
    try await page.wait(until: "orrery.state.prompt === \(page.quoted(prompt)) && \(done)", timeout: .seconds(60))
  }

  @Test func `a prompt, a token, its alternatives, and a branch`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      try await page.open(app.address)
      try await page.wait(until: done, timeout: .seconds(60))
      try await run("Tim had a red", page)
      #expect(try await page.text(".sentence").contains("Tim had a red"))
      let place = try await page.evaluate("orrery.text.promptCount + 2").int ?? 0
      try await page.click(".sentence .t[data-index='\(place)']")
      try await page.wait(until: "orrery.state.token === \(place) && document.querySelector('#side h2')")
      // What the page shows is what the server says of the token.
      let shown = try await page.text("#side")
      let choice = try await page.evaluate(
        "orrery.api.json(`/api/sessions/${orrery.text.session}/choices/\(place)`)")
      let top = try #require(choice["top"]?.array)
      #expect(top.count >= 20 && shown.contains("entropy"))
      let probabilities = top.compactMap { $0["logit"]?.double }.map { $0 - (choice["logSum"]?.double ?? 0) }
      #expect(probabilities == probabilities.sorted(by: >))
      try await page.screenshot("generate-token")

      let before = try await page.evaluate("orrery.text.session").string
      try await page.click("#side .bars li:nth-child(2) button")
      try await page.wait(
        until: "orrery.text.session !== \(page.quoted(before ?? "")) && \(done)", timeout: .seconds(60))
      #expect(try await page.evaluate("orrery.text.parent").string == before)
      #expect(try await page.evaluate("orrery.text.start").int == place)
      try await page.screenshot("generate-branch")
      #expect(page.problems.isEmpty, "\(page.problems)")
    }
  }

  @Test func `a prompt of markup and control characters is only text`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      try await page.open(app.address)
      try await page.wait(until: done, timeout: .seconds(60))
      let hostile = "<img src=x onerror=window.broken=1><script>window.broken=1</script>&amp;"
      try await run(hostile, page)
      #expect(try await page.evaluate("window.broken ?? document.querySelectorAll('.sentence img').length") == 0)
      #expect(try await page.text(".sentence").contains("<script>"))
      #expect(try await page.overflow().isEmpty)
      #expect(page.problems.isEmpty, "\(page.problems)")
    }
  }
}
