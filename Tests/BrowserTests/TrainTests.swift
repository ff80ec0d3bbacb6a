import JSON
import Testing

/// The Train view: a whole run of `sort` watched from random weights to sorted words, and what one may do to it.
@Suite(.serialized, .enabled(if: Browser.isExpected, "no Chromium is installed"))
struct TrainTests {
  @Test func `sort is watched from start to sorted`() async throws {
    try await AppUnderTest.with { app, page in
      try await page.open(app.address + "/#train")
      try await page.click("[data-recipe=sort] button.primary")
      // The course as the page has it, from its own canvas's data.
      try await page.wait(until: "document.querySelector('.train .charts .loss')?.width > 0", timeout: .seconds(60))
      try await page.wait(until: sampled("CBABBC") + " !== ''", timeout: .seconds(60))
      let early = try await page.evaluate(losses).array?.compactMap(\.double) ?? []
      try await page.screenshot("train-early")

      // Paused it stands still; the learning rate changes from the next step on.
      try await page.wait(
        until: "document.querySelector('.figures dd').innerText.startsWith('1')", timeout: .seconds(60))
      try await page.click("[data-pause]")
      try await page.wait(until: "document.querySelector('.train header').innerText.includes('Paused')")
      let paused = try await page.text(".figures dd")
      try await page.evaluate("orrery.api.json('/api/training/control', { rateFactor: 0.5 })")
      try await Task.sleep(for: .milliseconds(600))
      #expect(try await page.text(".figures dd") == paused)
      try await page.click("[data-pause]")
      try await page.wait(until: "document.querySelector('.rate output').innerText.includes('0.5')")
      try await page.evaluate("orrery.api.json('/api/training/control', { rateFactor: 1 })")

      // A reload loses nothing.
      try await page.open(app.address + "/#train")
      try await page.evaluate("location.reload()")
      try await page.wait(until: "document.querySelector('.train h2')?.innerText === 'sort-1'", timeout: .seconds(60))

      try await page.wait(
        until: "document.querySelector('.train header [role=status]').innerText.startsWith('Finished')",
        timeout: .seconds(420))
      let late = try await page.evaluate(losses).array?.compactMap(\.double) ?? []
      #expect(
        try #require(early.first) > 1 && (try #require(late.last)) < 0.05, "\(early.prefix(3)) … \(late.suffix(3))")
      #expect(try await page.evaluate(sampled("CBABBC")) == "ABBBCC")
      #expect(try await page.evaluate(sampled("BACACBCA")) == "AAABBCCC")
      try await page.screenshot("train-finished")

      try await look(page)
      try await stepBackward(page)
      #expect(page.problems.isEmpty, "\(page.problems)")

      // Its own model sorts in the Generate view.
      try await page.click("[data-use]")
      try await page.wait(
        until: "orrery.model?.id === 'sort-1' && orrery.state.view === 'generate'", timeout: .seconds(60))
      try await page.wait(until: "orrery.text.tokens.length > 4 && !orrery.text.running", timeout: .seconds(60))
      try await page.screenshot("train-used")
    }
  }

  /// Scrubbing to the beginning brings back what the model wrote, saw and said there.
  private func look(_ page: Page) async throws {
    try await page.wait(
      until: "document.querySelectorAll('.heads canvas').length === 9 && document.querySelector('.lens td')")
    let sorted = try await page.text(".lens")
    try await page.evaluate("orrery.set({ at: 0 })")
    try await page.wait(until: "document.querySelector('.inside h3').innerText.includes('of step 0')")
    try await page.wait(until: "document.querySelector('.weights p').innerText.includes('after step 0')")
    #expect(try await page.text(".lens") != sorted)
    #expect(try await page.evaluate(sampled("CBABBC")) != "ABBBCC")
    // Every row of every head is a share of one.
    let sums = try await page.evaluate(
      """
      orrery.api.json('/api/training/probe?step=0').then(({ attention, tokens }) => attention.flatMap(({ pattern }) =>
        Array.from({ length: pattern.length / tokens.length }, (_, row) =>
          pattern.slice(row * tokens.length, (row + 1) * tokens.length).reduce((a, b) => a + b, 0))))
      """)
    #expect(try #require(sums.array).allSatisfy { abs(($0.double ?? 0) - 1) < 1e-4 })
    try await page.screenshot("train-scrubbed")
    try await page.evaluate("orrery.set({ at: null })")
  }

  private func stepBackward(_ page: Page) async throws {
    try await page.click("[data-backward]")
    try await page.wait(until: "document.querySelectorAll('.map .block').length > 50", timeout: .seconds(60))
    try await page.click("[data-loss]")
    try await page.wait(until: "document.querySelector('.passing .where').innerText.startsWith('The loss')")
    var told: Set<String> = []
    for _ in 0..<14 {
      let place = try await page.text(".passing .where")
      try await page.click("[data-next]")
      try await page.wait(until: "document.querySelector('.passing .where').innerText !== \(page.quoted(place))")
      let name = page.quoted(try await page.text(".formula h3"))
      try await page.wait(until: "document.querySelector('.formula .numbers').innerText !== '' && \(name) !== ''")
      told.insert(try await page.text(".formula .numbers"))
    }
    #expect(told.count > 5, "\(told)")
    #expect(try await page.evaluate("document.querySelectorAll('.block.lit').length").int ?? 0 < 8)
    try await page.screenshot("train-backward")
    for width in [360, 1440] {
      try await page.resize(width: width)
      try await Task.sleep(for: .milliseconds(300))
      let wide = try await page.overflow()
      #expect(wide.isEmpty, "at \(width): \(wide)")
    }
  }

  /// The losses so far, as the server sends them to any page.
  private let losses = """
    new Promise((done) => {
      const control = new AbortController();
      orrery.api.stream('/api/training/events', undefined, (name, news) => {
        if (news.steps) { control.abort(); done(news.steps.loss); }
      }, control.signal).catch(() => {});
    })
    """

  /// What the page shows as written after a prompt.
  private func sampled(_ prompt: String) -> String {
    "(document.querySelector('.samples [data-prompt=\(prompt)] .written')?.innerText ?? '')"
  }

  @Test func `what cannot be trained is said in words`() async throws {
    try await AppUnderTest.with { app, page in
      try await page.open(app.address + "/#train")
      try await page.wait(until: "document.querySelector('.paste textarea')")
      try await page.click(".paste textarea")
      try await page.type("short")
      try await page.click(".paste button.primary")
      try await page.wait(until: "/text|token|short/.test(document.querySelector('.train .wrong')?.innerText ?? '')")
      #expect(try await page.overflow().isEmpty)
      try await page.screenshot("train-refused")
    }
  }

  @Test func `a pasted text is learnt, and stopped it can be used`() async throws {
    try await AppUnderTest.with { app, page in
      try await page.open(app.address + "/#train")
      try await page.wait(until: "document.querySelector('.paste textarea')")
      try await page.evaluate(
        """
        (() => {
          const area = document.querySelector('.paste textarea');
          area.value = 'the cat sat on the mat. the dog sat on the log.\\n'.repeat(400);
          area.dispatchEvent(new Event('input'));
        })()
        """)
      try await page.click(".paste button.primary")
      try await page.wait(until: "document.querySelector('.samples .written')", timeout: .seconds(120))
      try await page.wait(
        until: "Number(document.querySelector('.figures dd').innerText.split(' ')[0]) > 20", timeout: .seconds(120))
      try await page.evaluate(
        "[...document.querySelectorAll('.train header button')].find((one) => one.innerText === 'Stop').click()")
      try await page.wait(
        until: "document.querySelector('.train header [role=status]').innerText.startsWith('Stopped')",
        timeout: .seconds(60))
      try await page.screenshot("train-stopped")
      try await page.click("[data-use]")
      try await page.wait(
        until: "orrery.model?.id === 'shakespeare-char-1' && orrery.state.view === 'generate'", timeout: .seconds(60))
    }
  }
}
