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
      try await page.wait(until: "document.querySelector('.train .charts .loss')?.width > 0")
      try await page.wait(until: sampled("CBABBC") + " !== ''")
      let early = try await page.evaluate(losses).array?.compactMap(\.double) ?? []
      try await page.screenshot("train-early")

      // Paused it stands still; the learning rate changes from the next step on.
      try await page.wait(until: "training.course.run.step > 10")
      try await page.click("[data-pause]")
      try await page.wait(until: "document.querySelector('.train header').innerText.includes('Paused')")
      let paused = try await page.text(".figures dd")
      try await slide(page, to: 0.25)
      try await page.wait(until: "document.querySelector('.rate output').innerText.includes('0.3')")
      try await Task.sleep(for: .milliseconds(600))
      #expect(try await page.text(".figures dd") == paused)
      let step = try await page.evaluate("training.course.run.step").int ?? 0
      try await page.click("[data-pause]")
      try await page.wait(until: "training.course.last > \(step) && training.course.rate[\(step)] > 0")
      let rates = try await page.evaluate("training.course.rate.slice(\(step - 1), \(step + 1))").array
      let (before, after) = (rates?.first?.double ?? 0, rates?.last?.double ?? 0)
      #expect(after > 0 && after < before * 0.8, "the rate went from \(before) to \(after)")
      // The line grows while the run goes on, and may move the slider away from the pointer.
      let isBack = "Math.abs(training.course.run.rateFactor - 1) < 0.15"
      for _ in 0..<20 where try await page.evaluate(isBack) != true {
        try await slide(page, to: 0.5)
        try await Task.sleep(for: .milliseconds(500))
      }
      #expect(try await page.evaluate(isBack) == true)

      // A reload loses nothing.
      try await page.open(app.address + "/#train")
      try await page.evaluate("location.reload()")
      try await page.wait(until: "document.querySelector('.train h2')?.innerText === 'sort-1'")

      try await page.wait(
        until: "document.querySelector('.train header [role=status]').innerText.startsWith('Finished')",
        timeout: .seconds(900))
      let late = try await page.evaluate(losses).array?.compactMap(\.double) ?? []
      #expect(
        try #require(early.first) > 1 && (try #require(late.last)) < 0.05, "\(early.prefix(3)) … \(late.suffix(3))")
      #expect(try await page.evaluate(sampled("CBABBC")) == "ABBBCC")
      #expect(try await page.evaluate(sampled("BACACBCA")) == "AAABBCCC")
      try await page.screenshot("train-finished")

      try await look(page)
      try await lookAtModel(page)
      try await stepBackward(page)
      #expect(page.problems.isEmpty, "\(page.problems)")

      // Its own model sorts in the Generate view.
      try await page.click("[data-use]")
      try await page.wait(
        until: "orrery.model?.id === 'sort-1' && orrery.state.view === 'generate'")
      try await page.wait(until: "orrery.text.tokens.length > 4 && !orrery.text.running")
      try await page.screenshot("train-used")
      for (view, filled) in [
        ("attention", "document.querySelectorAll('.attention-top li').length"),
        ("lens", "document.querySelector('.lens-grid')?.childElementCount > 0"),
      ] {
        try await page.evaluate("orrery.set({ view: '\(view)' })")
        try await page.wait(until: "document.body.dataset.view === '\(view)' && \(filled)")
        try await page.screenshot("train-used-\(view)")
      }
      #expect(page.problems.isEmpty, "\(page.problems)")
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

  /// Presses the pointer on the learning rate's slider, at a share of its width.
  private func slide(_ page: Page, to share: Double) async throws {
    let box = try await page.evaluate(
      "(({ left, top, width, height }) => ({ left, top, width, height }))(document.querySelector('.slider.rate input')"
        + ".getBoundingClientRect())")
    func part(_ name: String) -> Double { box[name]?.double ?? 0 }
    // The thumb's middle goes from one half of it to the other.
    let thumb = 16.0
    try await page.press(
      x: part("left") + thumb / 2 + share * (part("width") - thumb), y: part("top") + part("height") / 2)
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
      try await page.wait(until: "document.querySelector('.samples .written')")
      try await page.wait(
        until: "Number(document.querySelector('.figures dd').innerText.split(' ')[0]) > 20")
      try await page.evaluate(
        "[...document.querySelectorAll('.train header button')].find((one) => one.innerText === 'Stop').click()")
      try await page.wait(
        until: "document.querySelector('.train header [role=status]').innerText.startsWith('Stopped')")
      try await page.screenshot("train-stopped")
      try await page.click("[data-use]")
      try await page.wait(
        until: "orrery.model?.id === 'shakespeare-char-1' && orrery.state.view === 'generate'")
    }
  }
}
