import JSON
import Testing

/// The way from one's own sentence into the model, and the views that look inside.
@Suite(.serialized, .enabled(if: Browser.isExpected, "no Chromium is installed"))
struct InsideTests {
  private let ready = "window.orrery?.text.tokens.length > 8 && !orrery.text.running"

  @Test func `from an own sentence to the inside of the model in a few clicks`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      try await page.open(app.address)
      try await page.wait(until: ready, timeout: .seconds(60))
      try await page.click("#prompt")
      try await page.type("The cat saw a bird")
      try await page.key("Enter")
      // The buttons stand still once all of the text is drawn.
      let drawn = "document.querySelector('.generate .line').innerText.includes('token/s')"
      try await page.wait(
        until: "document.querySelector('.sentence').innerText.includes('saw a bird') && \(drawn)", timeout: .seconds(60)
      )
      try await page.click(".ways button:nth-of-type(2)")
      try await page.wait(
        until: "orrery.state.view === 'attention' && document.querySelectorAll('.attention-top li').length",
        timeout: .seconds(30))
      let shown = try await page.evaluate(
        "[...document.querySelectorAll('.attention-words [data-index]')].map((span) => span.innerText).join('')")
      #expect(shown.string?.contains("saw a bird") == true)
      #expect(page.problems.isEmpty, "\(page.problems)")
      try await page.screenshot("inside-attention")
    }
  }

  @Test func `markup in a prompt is text in every view`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      try await page.open(app.address)
      try await page.wait(until: ready, timeout: .seconds(60))
      let hostile = "<img src=x onerror=window.broken=1><script>window.broken=1</script>"
      try await page.evaluate("orrery.run({ prompt: \(page.quoted(hostile)), maxTokens: 4 })")
      for name in ["generate", "attention", "lens", "compare", "edit", "meaning", "trace", "tokens"] {
        try await page.evaluate("orrery.set({ view: \(page.quoted(name)) })")
        try await page.wait(until: "document.body.dataset.view === \(page.quoted(name))")
        try await Task.sleep(for: .milliseconds(700))
        let broken = "window.broken ?? document.querySelectorAll('#view img, #side img, #view script').length"
        #expect(try await page.evaluate(broken) == 0, "\(name)")
      }
      #expect(page.problems.isEmpty, "\(page.problems)")
    }
  }

  @Test func `attention as smoothing shows the run's numbers`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      // Else the clock plays the text and goes on from the chosen token.
      try await page.emulate(theme: "dark", reducedMotion: true)
      try await page.open(app.address)
      try await page.wait(until: ready, timeout: .seconds(60))
      try await page.evaluate("orrery.set({ view: 'meaning', layer: 2, head: 1, token: 6 })")
      try await page.wait(until: "document.querySelectorAll('button.kernel-row').length > 3", timeout: .seconds(30))
      let path = "/api/meaning/smoothing?session=${orrery.text.session}&layer=2&head=1&position=6"
      let weights = try await page.evaluate("orrery.api.json(`\(path)`).then((found) => found.weights)")
      let largest = (weights.array?.compactMap(\.double).max() ?? 0) * 100
      let shown = try await page.text("button.kernel-row .number:nth-child(4)")
      #expect(abs((Double(shown.split(separator: " ").first ?? "") ?? -1) - largest) < 0.06, "\(shown), \(largest)")
      #expect(try await page.text(".kernel-rows").contains("weighted mean"))
      #expect(page.problems.isEmpty, "\(page.problems)")
      try await page.screenshot("meaning-smoothing")
    }
  }

  @Test func `without motion nothing flies and nothing plays by itself`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      try await page.emulate(theme: "dark", reducedMotion: true)
      try await page.open(app.address)
      try await page.wait(until: ready, timeout: .seconds(60))
      #expect(try await page.evaluate("orrery.clock.playing") == false)
      try await page.evaluate("orrery.set({ view: 'anatomy' })")
      try await page.wait(until: "window.anatomy?.geometry", timeout: .seconds(60))
      #expect(try await page.evaluate("(anatomy.stage.home(800), anatomy.stage.camera.flight)").isNull)
      let before = try await page.evaluate("anatomy.stage.camera.distance").double ?? 0
      try await page.key("+")
      try await page.wait(until: "anatomy.stage.camera.distance < \(before)")
      #expect(page.problems.isEmpty, "\(page.problems)")
    }
  }

  @Test func `two fingers spread to come nearer`() async throws {
    try await AppUnderTest.with(AppUnderTest.story, width: 360) { app, page in
      try await page.call("Emulation.setTouchEmulationEnabled", ["enabled": true, "maxTouchPoints": 2])
      try await page.emulate(theme: "dark", reducedMotion: true)
      try await page.open(app.address)
      try await page.wait(until: ready, timeout: .seconds(60))
      try await page.evaluate("orrery.set({ view: 'anatomy' })")
      try await page.wait(until: "window.anatomy?.geometry && anatomy.stage.camera.width > 100", timeout: .seconds(60))
      let before = try await page.evaluate("anatomy.stage.camera.distance").double ?? 0
      for (type, spread) in [("touchStart", 30), ("touchMove", 60), ("touchMove", 90)] {
        let points: JSON = [
          ["x": .integer(180 - spread), "y": 350, "id": 0], ["x": .integer(180 + spread), "y": 350, "id": 1],
        ]
        try await page.call("Input.dispatchTouchEvent", ["type": .string(type), "touchPoints": points])
      }
      try await page.call("Input.dispatchTouchEvent", ["type": "touchEnd", "touchPoints": []])
      try await page.wait(until: "anatomy.stage.camera.distance < \(before * 0.8)")
      #expect(page.problems.isEmpty, "\(page.problems)")
    }
  }
}
