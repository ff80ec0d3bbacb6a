import Foundation
import JSON

/// One page of the browser, used as a person uses it: by pointer and keys, on what is really shown.
struct Page: Sendable {
  let devTools: DevTools
  let session: String
  let target: String

  @discardableResult
  func call(_ method: String, _ parameters: JSON = [:]) async throws -> JSON {
    try await devTools.call(method, parameters, session: session)
  }

  func begin() async throws {
    for domain in ["Page", "Runtime", "Log", "Network"] { try await call("\(domain).enable") }
    try await call("Page.addScriptToEvaluateOnNewDocument", ["source": .string(Self.frameClock)])
  }

  func close() async throws { try await devTools.call("Target.closeTarget", ["targetId": .string(target)]) }

  /// Opens an address and waits until its scripts have run.
  func open(_ address: String) async throws {
    let answer = try await call("Page.navigate", ["url": .string(address)])
    if let error = answer["errorText"]?.string { throw DevTools.Failure(description: "\(address): \(error)") }
    try await wait(until: "location.href !== 'about:blank' && document.readyState === 'complete'")
  }

  /// The value of an expression, or of the promise that it is.
  @discardableResult
  func evaluate(_ expression: String) async throws -> JSON {
    let answer = try await call(
      "Runtime.evaluate", ["expression": .string(expression), "awaitPromise": true, "returnByValue": true])
    if let problem = answer["exceptionDetails"] {
      let text = problem["exception"]?["description"]?.string ?? problem["text"]?.string ?? "failed"
      throw DevTools.Failure(description: "\(expression): \(text)")
    }
    return answer["result"]?["value"] ?? .null
  }

  /// Waits until an expression is true; throws `Failure` that names it and the page's last text otherwise.
  func wait(until expression: String, timeout: Duration = .seconds(240)) async throws {
    let end = ContinuousClock.now + timeout
    while ContinuousClock.now < end {
      if (try? await evaluate("Boolean(\(expression))")) == .bool(true) { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    let text = try? await evaluate("document.body.innerText.slice(0, 800)").string
    throw DevTools.Failure(
      description: "not within \(timeout): \(expression)\n\(text ?? "")\n\(problems.joined(separator: "\n"))")
  }

  /// Presses the pointer on the middle of an element, which must be there and uncovered.
  func click(_ selector: String) async throws {
    try await wait(until: "document.querySelector(\(quoted(selector)))", timeout: .seconds(10))
    let place = try await evaluate(
      """
      (() => {
        const element = document.querySelector(\(quoted(selector)));
        element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
        const box = element.getBoundingClientRect();
        const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
        const top = document.elementFromPoint(x, y);
        return { x, y, covered: top && !element.contains(top) && !top.contains(element) ? top.outerHTML.slice(0, 200) : '' };
      })()
      """)
    if let cover = place["covered"]?.string, !cover.isEmpty {
      throw DevTools.Failure(description: "\(selector) is covered by \(cover)")
    }
    try await press(x: place["x"]?.double ?? 0, y: place["y"]?.double ?? 0)
  }

  /// Presses the pointer at a place of the window, in CSS pixels.
  func press(x: Double, y: Double) async throws {
    for type in ["mouseMoved", "mousePressed", "mouseReleased"] {
      try await call(
        "Input.dispatchMouseEvent",
        [
          "type": .string(type), "x": .number(x), "y": .number(y), "button": type == "mouseMoved" ? "none" : "left",
          "clickCount": type == "mouseMoved" ? 0 : 1,
        ])
    }
  }

  /// Writes a text where the focus is.
  func type(_ text: String) async throws { try await call("Input.insertText", ["text": .string(text)]) }

  /// Presses and releases one key: a character, or a name such as `ArrowRight`.
  func key(_ name: String) async throws {
    var event: [JSON.Member] = [.init("key", .string(name))]
    if name.count == 1 { event.append(.init("text", .string(name))) }
    if name == "Enter" { event.append(.init("text", "\r")) }
    let codes = [
      "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9,
    ]
    if let code = codes[name] { event.append(.init("windowsVirtualKeyCode", .integer(code))) }
    try await call("Input.dispatchKeyEvent", .object([.init("type", "keyDown")] + event))
    try await call("Input.dispatchKeyEvent", .object([.init("type", "keyUp")] + event.filter { $0.key != "text" }))
  }

  /// The text that an element shows.
  func text(_ selector: String) async throws -> String {
    try await evaluate("document.querySelector(\(quoted(selector)))?.innerText ?? ''").string ?? ""
  }

  /// A text as a literal of JavaScript.
  func quoted(_ text: String) -> String { JSON.string(text).text() }
}
