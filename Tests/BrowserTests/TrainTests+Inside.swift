import JSON
import Testing

extension TrainTests {
  /// The run's blocks in space: weights at any step, what changed, gradients, and a click that chooses.
  func lookAtModel(_ page: Page) async throws {
    func filled(_ show: String, _ step: Int) -> String {
      "training.model.painted?.show === '\(show)' && training.model.painted.step === \(step)"
        + " && training.model.geometry.blocks.filter((block) => block.isWeight).every((block) => block.picture)"
    }
    let last = try await page.evaluate("training.course.last").int ?? 0
    try await page.wait(until: filled("weights", last))
    let bytes = "[...training.model.geometry.byName.get('blk.1.attn_qkv.weight')[0].picture.data].join()"
    let learnt = try await page.evaluate(bytes)
    try await page.screenshot("train-model")
    try await page.evaluate("orrery.set({ at: 0 })")
    try await page.wait(until: filled("weights", 0))
    #expect(try await page.evaluate(bytes) != learnt)
    try await page.click("[data-show=gradients]")
    try await page.wait(until: filled("gradients", 0))
    // What lies between the weights has gradients too.
    #expect(
      try await page.evaluate("training.model.geometry.byName.get('blocks.1.mlp.post')[0].picture !== null") == true)
    try await page.wait(until: "document.querySelector('.weights p').innerText.includes('gradient at step 0')")
    try await page.screenshot("train-gradients")

    let name = "blk.2.ffn_up.weight"
    try await page.evaluate("document.querySelector('.space').scrollIntoView({ block: 'center', behavior: 'instant' })")
    let place = try await page.evaluate(
      """
      (() => {
        const { stage, geometry } = training.model;
        const [block] = geometry.byName.get('\(name)');
        const [x0, y0, x1, y1] = block.bounds;
        const [x, y] = stage.camera.project((x0 + x1) / 2, (y0 + y1) / 2, block.at[2]);
        const box = stage.canvas.getBoundingClientRect();
        return { x: x + box.left, y: y + box.top };
      })()
      """)
    try await page.press(x: place["x"]?.double ?? 0, y: place["y"]?.double ?? 0)
    try await page.wait(until: "document.querySelector('.weights select').value === '\(name)'")
    try await page.wait(until: "document.querySelector('.weights p').innerText.startsWith('\(name)')")
    try await page.click("[data-show=change]")
    try await page.evaluate("orrery.set({ at: null })")
    try await page.wait(until: filled("change", last))
    try await page.screenshot("train-change")
    try await page.click("[data-show=weights]")
    // The course is drawn, not only known.
    for canvas in ["strip", "rate"] {
      let inked = try await page.evaluate(
        """
        (() => {
          const canvas = document.querySelector('.charts .\(canvas)');
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let at = 3; at < data.length; at += 4) if (data[at] > 40) count += 1;
          return count / canvas.width;
        })()
        """)
      #expect(try #require(inked.double) > 1, "\(canvas) has \(inked) pixels a column")
    }
    #expect(try await page.evaluate("training.course.layers.names.length").int ?? 0 >= 5)
  }

  /// The pass, step by step to its end: every step is told with numbers, and every weight gets its gradient.
  func stepBackward(_ page: Page) async throws {
    try await page.click("[data-backward]")
    try await page.wait(until: "document.querySelectorAll('.map .block').length > 50")
    let count = try await page.evaluate("training.backward.pass.steps.length").int ?? 0
    try await page.click("[data-loss]")
    try await page.wait(until: "document.querySelector('.passing .where').innerText.startsWith('The loss')")
    var told: Set<String> = []
    let first = try await page.evaluate("training.backward.place").int ?? 0
    for place in first + 1..<count {
      try await page.click("[data-next]")
      try await page.wait(until: "training.backward.place === \(place)")
      if place % 9 == 0 || place == count - 1 {
        try await page.wait(until: "training.backward.told === training.backward.node")
        told.insert(try await page.text(".formula .numbers"))
      }
      if place == first + 14 { try await page.screenshot("train-backward") }
    }
    #expect(told.count > 8, "\(told)")
    #expect(try await page.text(".passing .where").hasPrefix("Backward"))
    #expect(try await page.evaluate("document.querySelectorAll('.block.weight canvas.unknown').length") == 0)
    #expect(try await page.evaluate("document.querySelectorAll('.block.lit').length").int ?? 0 < 8)
    try await everyStepIsTold(page)
    for width in [360, 1440] {
      try await page.resize(width: width)
      try await Task.sleep(for: .milliseconds(300))
      let wide = try await page.overflow()
      #expect(wide.isEmpty, "at \(width): \(wide)")
    }
  }

  /// Each step of the pass has a formula with the numbers of a cell.
  func everyStepIsTold(_ page: Page) async throws {
    let untold = try await page.evaluate(
      """
      (async () => {
        const { pass, course } = training.backward;
        const untold = [];
        for (const { node, op } of pass.steps) {
          const cell = await orrery.api.json(`/api/training/backward/cell?${course.query(pass.step)}&node=${node}`);
          if (!cell.words || !cell.symbols) untold.push(op);
        }
        return untold;
      })()
      """)
    #expect(untold == [], "\(untold)")
  }

  @Test func `a run of the terminal opens at its last checkpoint, turned positions and all`() async throws {
    try await AppUnderTest.with { app, page in
      try app.train(
        [
          "name": "small-llama", "about": "Sorts short words, with positions that turn.",
          "model": [
            "family": "llama", "layers": 2, "heads": 2, "keyValueHeads": 1, "width": 32, "context": 17,
            "tiedHead": true,
          ],
          "data": ["kind": "sort", "letters": "ABC", "longest": 8, "usual": 6], "batch": 8, "steps": 12, "seed": 1,
          "optimizer": ["kind": "adamw"], "rate": ["form": "constant", "peak": 1e-3], "products": "float32",
          "every": ["validation": 0, "samples": 0, "checkpoint": 6, "layers": 1, "snapshot": 0],
        ])
      try await page.open(app.address + "/#train")
      try await page.click("[data-run=small-llama-1] button")
      try await page.wait(until: "document.querySelector('.model .closed')?.innerText.includes('last checkpoint')")
      #expect(try await page.evaluate("document.querySelector('.inside').hidden") == true)
      try await page.screenshot("train-recorded")
      try await page.click("[data-open]")
      try await page.wait(until: "document.querySelectorAll('.heads canvas').length === 4")
      try await page.wait(
        until: "training.model.painted?.step === 12 && training.model.geometry.blocks.some((block) => block.picture)")
      try await page.click("[data-backward]")
      try await page.wait(until: "document.querySelectorAll('.map .block').length > 30")
      #expect(try await page.evaluate("training.backward.pass.steps.some(({ op }) => op === 'rope')") == true)
      try await everyStepIsTold(page)
      try await page.screenshot("train-recorded-open")
      try await page.click("[data-use]")
      try await page.wait(until: "orrery.model?.id === 'small-llama-1' && orrery.state.view === 'generate'")
      #expect(page.problems.isEmpty, "\(page.problems)")
    }
  }
}
