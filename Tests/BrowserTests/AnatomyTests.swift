import JSON
import Testing

/// The model in space, in a browser: from all of it down to the numbers of one cell.
@Suite(.serialized, .enabled(if: Browser.isExpected, "no Chromium is installed"))
struct AnatomyTests {
  private static let filled =
    "window.anatomy?.geometry?.scene.tokens > 12 && !orrery.text.running && "
    + "anatomy.geometry.blocks.every((block) => block.picture)"

  @Test(arguments: ["dark", "light"]) func `a text is seen inside the model`(theme: String) async throws {
    try await AppUnderTest.with(AppUnderTest.story, theme: theme) { app, page in
      try await page.open(app.address)
      try await page.wait(
        until: "window.orrery?.text.tokens.length > 12 && !orrery.text.running", timeout: .seconds(240))
      try await page.evaluate("orrery.set({ view: 'anatomy' })")
      try await page.wait(until: Self.filled, timeout: .seconds(240))
      try await page.screenshot("anatomy-whole-\(theme)")
      try await page.evaluate(
        """
        anatomy.pattern = anatomy.geometry.byName.get('blocks.0.attn.pattern')[0];
        anatomy.stage.frameBlocks([anatomy.pattern], { milliseconds: 0 });
        anatomy.inspection.select({ block: anatomy.pattern, copy: 1, row: 9, column: 4 });
        """)
      try await page.wait(until: "document.querySelector('#side')?.textContent.includes('How it was made')")
      let row = try await page.evaluate(
        "anatomy.source.values(anatomy.pattern, 1, 9, 0, 1, anatomy.pattern.width).then((row) => [...row])")
      let shares = row.array?.compactMap(\.double) ?? []
      #expect(shares.count > 12)
      #expect(abs(shares.reduce(0, +) - 1) < 1e-5)
      #expect(shares.dropFirst(10).allSatisfy { $0 == 0 })
      let cell = try await page.evaluate("anatomy.source.cell(anatomy.pattern, 1, 9, 4)")
      let value = try #require(cell["value"]?.double)
      let made = try #require(cell["computed"]?.double)
      #expect(abs(value - made) < 1e-4 && shares.dropFirst(4).first == value)
      try await page.screenshot("anatomy-pattern-\(theme)")
      #expect(page.problems.isEmpty, "\(page.problems)")
    }
  }

  @Test func `the walk goes through all chapters, and a zoom ends at numbers`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      try await page.open(app.address)
      try await page.wait(
        until: "window.orrery?.text.tokens.length > 12 && !orrery.text.running", timeout: .seconds(240))
      try await page.evaluate("orrery.set({ view: 'anatomy' })")
      try await page.wait(until: Self.filled, timeout: .seconds(240))
      try await page.evaluate("anatomy.walk.toggle(true)")
      var titles: Set<String> = []
      for _ in 0..<20 {
        titles.insert(try await page.text(".walk h2"))
        if try await page.text(".walk nav .primary") == "Done" { break }
        try await page.click(".walk nav .primary")
        try await Task.sleep(for: .milliseconds(500))
      }
      #expect(titles.count >= 9, "\(titles)")
      try await page.evaluate(
        """
        anatomy.walk.toggle(false);
        anatomy.weight = anatomy.geometry.byName.get('blk.2.ffn_up.weight')[0];
        anatomy.corner = anatomy.weight.at.map((place) => place + 20);
        anatomy.stage.camera.jump({ target: [...anatomy.corner.slice(0, 2), 0], distance: 14, yaw: 0, pitch: 0 });
        anatomy.stage.draw();
        """)
      try await page.wait(until: "[...anatomy.stage.overlay.numbers.values()].some((entry) => entry.data)")
      try await page.screenshot("anatomy-numbers")
      #expect(page.problems.isEmpty, "\(page.problems)")
    }
  }
}
