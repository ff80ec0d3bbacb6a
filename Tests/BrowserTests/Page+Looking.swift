import Foundation
import JSON
import TestSupport

extension Page {
  /// Where pictures of pages are kept; not committed.
  static let pictures = TestData.package.appending(path: ".build/screenshots")

  func resize(width: Int, height: Int = 900) async throws {
    try await call(
      "Emulation.setDeviceMetricsOverride",
      [
        "width": .integer(width), "height": .integer(height), "deviceScaleFactor": 1, "mobile": .bool(width < 600),
      ])
  }

  /// `theme` is `dark` or `light`.
  func emulate(theme: String, reducedMotion: Bool = false) async throws {
    try await call(
      "Emulation.setEmulatedMedia",
      [
        "features": [
          ["name": "prefers-color-scheme", "value": .string(theme)],
          ["name": "prefers-reduced-motion", "value": reducedMotion ? "reduce" : "no-preference"],
        ]
      ])
  }

  /// Keeps a picture of the window as `NAME.png`.
  func screenshot(_ name: String) async throws {
    let data = try await call("Page.captureScreenshot", ["format": "png"])["data"]?.string
    guard let picture = data.flatMap({ Data(base64Encoded: $0) }) else { return }
    try FileManager.default.createDirectory(at: Self.pictures, withIntermediateDirectories: true)
    try picture.write(to: Self.pictures.appending(path: "\(name).png"))
  }

  /// Errors and warnings of scripts, and what could not be loaded.
  var problems: [String] {
    devTools.events(session).compactMap { event in
      let parameters = event.parameters
      switch event.method {
      case "Runtime.exceptionThrown":
        let details = parameters["exceptionDetails"]
        return details?["exception"]?["description"]?.string ?? details?["text"]?.string ?? "exception"
      case "Runtime.consoleAPICalled" where ["error", "warning", "assert"].contains(parameters["type"]?.string):
        let words = parameters["args"]?.array?.map { $0["value"]?.string ?? $0["description"]?.string ?? "" }
        return words?.joined(separator: " ")
      case "Log.entryAdded" where parameters["entry"]?["level"]?.string == "error":
        let entry = parameters["entry"]
        return "\(entry?["text"]?.string ?? "") \(entry?["url"]?.string ?? "")"
      default: return nil
      }
    }
  }

  /// Bytes that came over the network, headers included.
  var transferred: Int {
    devTools.events(session).reduce(0) { total, event in
      event.method == "Network.loadingFinished" ? total + (event.parameters["encodedDataLength"]?.int ?? 0) : total
    }
  }

  /// Addresses that the page asked for.
  var requests: [String] {
    devTools.events(session).compactMap { event in
      event.method == "Network.requestWillBeSent" ? event.parameters["request"]?["url"]?.string : nil
    }
  }

  /// The status of every answer so far.
  var statuses: [Int] {
    devTools.events(session).compactMap { event in
      event.method == "Network.responseReceivedExtraInfo" ? event.parameters["statusCode"]?.int : nil
    }
  }

  /// Elements that reach beyond the window or their part of the page, unless they lie in a box that scrolls by itself.
  func overflow() async throws -> [String] {
    let found = try await evaluate(
      """
      (() => {
        const frames = new Set(['BODY', 'view', 'side', 'top']);
        const isFrame = (element) => frames.has(element.id) || frames.has(element.tagName);
        const bounds = (element) => element.closest('#view, #side, #top')?.getBoundingClientRect() ?? { left: 0, right: innerWidth };
        return [...document.querySelectorAll('body *')].filter((element) => {
          const box = element.getBoundingClientRect();
          const frame = bounds(element);
          if (!box.width || !box.height || isFrame(element)) return false;
          if (box.right <= Math.min(frame.right, innerWidth) + 1 && box.left >= Math.max(frame.left, 0) - 1) return false;
          for (let parent = element.parentElement; parent && !isFrame(parent); parent = parent.parentElement) {
            if (/auto|scroll|hidden|clip/.test(getComputedStyle(parent).overflowX)) return false;
          }
          return getComputedStyle(element).visibility !== 'hidden' && !element.closest('dialog:not([open]), [hidden]');
        }).slice(0, 5).map((element) => {
          const box = element.getBoundingClientRect();
          const name = element.id ? `#${element.id}` : `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''}`;
          return `${name} from ${Math.round(box.left)} to ${Math.round(box.right)} of ${innerWidth}`;
        });
      })()
      """)
    return found.array?.compactMap(\.string) ?? []
  }

  /// Milliseconds of script in each frame drawn so far, in order.
  func frameTimes() async throws -> [Double] {
    try await evaluate("[...__frames.values()]").array?.compactMap(\.double) ?? []
  }

  /// Adds up the time of all callbacks that belong to one frame.
  static let frameClock = """
    window.__frames = new Map();
    const request = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) => request((time) => {
      const begin = performance.now();
      try { callback(time); } finally {
        window.__frames.set(time, (window.__frames.get(time) ?? 0) + performance.now() - begin);
        if (window.__frames.size > 4096) window.__frames.delete(window.__frames.keys().next().value);
      }
    });
    """
}
