import Generation
import Memory

extension ModelPlan {
  /// The plan as a table for people.
  func text(reading bytesPerSecond: Double) -> String {
    var rows = [
      ("weights", size(weightBytes), weightNote), ("state", size(stateBytes), stateNote),
    ]
    rows += layerRows
    rows.append(("activations", size(activationBytes), "the longest step of a prompt"))
    rows.append(("total", size(totalBytes), ""))
    let names = rows.map(\.0.count).max() ?? 0
    let sizes = rows.map(\.1.count).max() ?? 0
    let table = rows.map { name, size, note in
      let line =
        name + String(repeating: " ", count: names - name.count + 2)
        + String(repeating: " ", count: sizes - size.count) + size
      return note.isEmpty ? line : "\(line)  \(note)"
    }
    return
      (["\(path): \(use.layers.count) layers, \(grouped(context)) positions", ""] + table + [""]
      + machineLines(bytesPerSecond))
      .joined(separator: "\n")
  }

  private var stateNote: String { "caches in \(options.cacheFormat)" }

  /// Layers with equal states share a row, in the order they first appear.
  private var layerRows: [(String, String, String)] {
    var groups: [(layers: [Int], layer: MemoryUse.Layer)] = []
    for layer in use.layers {
      if let known = groups.firstIndex(where: { $0.layer.derivation == layer.derivation }) {
        groups[known].layers.append(layer.index)
      } else {
        groups.append(([layer.index], layer))
      }
    }
    return groups.map { layers, layer in
      let name = layers.count == 1 ? "  layer \(layers[0])" : "  \(layers.count) layers, each"
      let places = layers.count == 1 || layers.count == use.layers.count ? "" : ": layers \(Self.ranges(layers))"
      return (name, size(layer.bytes), (layer.derivation.isEmpty ? "no state" : layer.derivation) + places)
    }
  }

  private func machineLines(_ bytesPerSecond: Double) -> [String] {
    let memory = "\(size(machine.availableBytes)) of \(size(machine.memoryBytes)) are free"
    let fit: String
    if totalBytes <= machine.availableBytes {
      fit = "it fits"
    } else if let longest = longestContext {
      fit = "it fits with a context of up to \(grouped(longest)) positions"
    } else {
      fit = "it does not fit: weights and activations alone take more"
    }
    let speed = Self.decimal(bytesPerSecond / 1e9, 1) + " GB/s"
    return [
      "this machine  \(memory): \(fit)",
      "decoding      at most \(Self.rate(rate(held: 0, reading: bytesPerSecond))) token/s, \(Self.rate(rate(held: context, reading: bytesPerSecond))) with a full context",
      "              (estimate: memory was just read at \(speed); a token reads "
        + "\(size(use.activeWeightBytes)) of weights, and the state)",
    ]
  }

  private static func rate(_ value: Double) -> String { decimal(value, value < 10 ? 2 : 0) }

  /// A number of at most 2⁵³ with so many digits after the point.
  private static func decimal(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((min(max(value, 0), 1e13) * Double(scale)).rounded())
    if digits == 0 { return "\(scaled)" }
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  /// As in `0–3, 5, 8–9`.
  private static func ranges(_ numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    let texts = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }
    return (texts.count > 6 ? texts.prefix(4) + ["… \(texts[texts.count - 1])"] : texts[...]).joined(separator: ", ")
  }
}
