import JSON
import Testing

/// What all views share: the first picture, the keyboard, every width, and who may ask.
@Suite(.serialized, .enabled(if: Browser.isExpected, "no Chromium is installed"))
struct ShellTests {
  @Test func `the first view is small, quick and without errors`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      let begin = ContinuousClock.now
      try await page.open(app.address)
      try await page.wait(until: "document.querySelectorAll('.sentence .t').length > 3")
      let time = ContinuousClock.now - begin
      #expect(page.transferred > 10_000 && page.transferred < 300_000, "\(page.transferred) bytes")
      // A machine that builds and tests beside it is not the user's; that it is no hang is what is tested.
      #expect(time < .seconds(20))
      #expect(page.problems.isEmpty, "\(page.problems)")
      #expect(page.requests.allSatisfy { $0.hasPrefix(app.address) || $0.hasPrefix("data:") })
      print("first view: \(page.transferred) bytes, first words after \(time)")
      try await page.screenshot("first-view")
    }
  }

  @Test(arguments: ["dark", "light"])
  func `every view fits every width`(theme: String) async throws {
    try await AppUnderTest.with(AppUnderTest.story, theme: theme) { app, page in
      try await page.open(app.address)
      try await page.wait(until: "window.orrery?.text.tokens.length > 20")
      let views = try await page.evaluate("import('/views.js').then((all) => all.views.map((view) => view.id))")
      let names = views.array?.compactMap(\.string) ?? []
      #expect(names.first == "generate" && names.count > 2)
      for name in names {
        try await page.evaluate("orrery.set({ view: \(page.quoted(name)) })")
        let shown = "document.querySelector('#rail [aria-current=page]').dataset.view"
        try await page.wait(until: "\(shown) === \(page.quoted(name))")
        try await page.wait(until: "document.querySelector('#view').childElementCount > 0")
        for width in [360, 768, 1440, 2560] {
          try await page.resize(width: width)
          try await Task.sleep(for: .milliseconds(300))
          let wide = try await page.overflow()
          #expect(wide.isEmpty, "\(name) at \(width): \(wide)")
          if width == 360 || width == 1440 { try await page.screenshot("\(name)-\(width)-\(theme)") }
        }
      }
      #expect(page.problems.isEmpty, "\(page.problems)")
    }
  }

  @Test func `keys open help, views and search, and escape closes`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      try await page.open(app.address)
      try await page.wait(until: "window.orrery?.text.tokens.length > 3 && !orrery.text.running", timeout: .seconds(60))
      try await page.key("?")
      try await page.wait(until: "document.querySelector('dialog[open] .keys')")
      #expect(try await page.text("dialog[open]").contains("play or pause"))
      try await page.key("Escape")
      try await page.wait(until: "!document.querySelector('dialog')")
      try await page.key("2")
      try await page.wait(until: "document.querySelectorAll('#rail a')[1].getAttribute('aria-current') === 'page'")
      try await page.key("1")
      try await page.wait(until: "orrery.state.view === 'generate'")
      let last = try await page.evaluate("orrery.current()").int ?? 0
      try await page.key("ArrowLeft")
      try await page.wait(until: "orrery.current() === \(last - 1)")
      try await page.key("/")
      try await page.wait(until: "document.querySelector('dialog[open] input')")
      #expect(page.problems.isEmpty, "\(page.problems)")
    }
  }

  @Test func `a page of another site changes nothing`() async throws {
    try await AppUnderTest.with(AppUnderTest.story) { app, page in
      try await page.open("data:text/html,<title>another site</title>")
      let unload = page.quoted(app.address + "/api/models/unload")
      let status = page.quoted(app.address + "/api/status")
      let read = try await page.evaluate(
        """
        Promise.all([
          fetch(\(unload), { method: 'POST', mode: 'no-cors', body: '{}' }).then(() => 'sent', () => 'refused'),
          fetch(\(status)).then((answer) => answer.text(), () => 'refused'),
        ])
        """)
      #expect(read.array?.last == "refused")
      // The browser itself may hold such a request back.
      #expect(page.statuses.allSatisfy { $0 == 403 }, "\(page.statuses)")
      try await page.open(app.address)
      try await page.wait(until: "window.orrery?.model?.id")
    }
  }

  @Test func `alone it opens with a story, and without a model it offers those on the machine`() async throws {
    try await AppUnderTest.with { app, page in
      try await page.open(app.address)
      try await page.wait(
        until: "window.orrery?.model?.id === 'stories' && !orrery.text.running && orrery.text.tokens.length > 32",
        timeout: .seconds(60))
      _ = try await page.evaluate("orrery.api.json('/api/models/unload', {})")
      try await page.open(app.address)
      try await page.wait(until: "!orrery.model && document.querySelector('#view h2')")
      #expect(try await page.text("#view").contains("model"))
      #expect(try await page.overflow().isEmpty)
      #expect(page.problems.isEmpty, "\(page.problems)")
      try await page.screenshot("no-model")
    }
  }
}
