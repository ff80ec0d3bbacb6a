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

  @Test func `the model stands beside the sentence, moves with it, and opens where it is pressed`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      try await page.open(app.address)
      try await page.wait(until: "window.beside?.geometry && \(done)", timeout: .seconds(120))
      // As llama2.c's stories260K is described: 5 layers of 64 channels, 512 tokens, 260 032 weights.
      let rested = "beside.shown === orrery.text.session && !beside.isReading && \(done)"
      try await page.wait(until: rested, timeout: .seconds(120))
      #expect(try await page.text(".beside figcaption").contains("5 layers, 260\u{202F}032 weights"))
      #expect(try await page.evaluate("beside.geometry.blocks.every((block) => block.picture)") == true)
      try await page.screenshot("generate-beside")

      // While a text is written nothing is asked of the model's insides, and a light goes through the steps in order.
      try await page.evaluate(
        """
        window.lights = []; window.asked = [];
        const [shine, ask] = [beside.stage.shine, window.fetch];
        beside.stage.shine = function (order, glow) { lights.push(glow ? order : -1); shine.call(this, order, glow); };
        window.fetch = (path, options) => { if (orrery.text.running) asked.push(path); return ask(path, options); };
        """)
      try await run("Tim had a red", page)
      try await page.evaluate("(orrery.clock.seek(orrery.text.promptCount), orrery.clock.play())")
      try await page.wait(until: "lights.filter((order) => order < 0).length > 2", timeout: .seconds(60))
      try await page.evaluate("orrery.clock.pause()")
      try await page.wait(until: "lights.at(-1) === -1 && !beside.beat")
      #expect(try await page.evaluate("asked.filter((path) => path.includes('/api/scene'))").array?.isEmpty == true)
      let isOrdered = "lights.every((order, place) => order < 0 || place === 0 || order >= lights[place - 1])"
      #expect(try await page.evaluate(isOrdered) == true)
      #expect(try await page.evaluate("lights.every((order) => order < 0 || order >= beside.steps[0])") == true)
      #expect(try await page.evaluate("beside.stage.renderer.order === Infinity && !beside.stage.pulses") == true)

      // Where motion is not wanted the model is at rest.
      try await page.emulate(theme: "dark", reducedMotion: true)
      try await page.evaluate("(lights.length = 0, orrery.clock.seek(3), orrery.clock.seek(5))")
      try await Task.sleep(for: .milliseconds(300))
      #expect(try await page.evaluate("lights.length") == 0)

      // A press goes into the model, to the block that is there.
      try await page.wait(until: rested, timeout: .seconds(60))
      let place = try await page.evaluate(
        """
        (() => {
          const { stage, geometry, figure } = beside;
          const block = geometry.byName.get('blk.2.ffn_up.weight')[0];
          const [x0, y0, x1, y1] = block.bounds;
          const [x, y] = stage.camera.project((x0 + x1) / 2, (y0 + y1) / 2, block.at[2]);
          const box = figure.getBoundingClientRect();
          return { x: box.left + x, y: box.top + y };
        })()
        """)
      try await page.press(x: place["x"]?.double ?? 0, y: place["y"]?.double ?? 0)
      try await page.wait(until: "window.anatomy?.inspection?.selected", timeout: .seconds(60))
      #expect(try await page.evaluate("anatomy.inspection.selected.block.name") == "blk.2.ffn_up.weight")
      #expect(try await page.evaluate("orrery.state.token") == 5)
      #expect(try await page.evaluate("beside.stage.renderer.gl.isContextLost()") == true)
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
