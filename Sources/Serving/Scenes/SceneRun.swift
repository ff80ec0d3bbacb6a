import Generation
import GraphIR
import Lens
import Scenes
import Synchronization

/// Every value of one text: rows are worked out where somebody looks, and the latest are kept within a budget.
package final class SceneRun: Sendable {
  /// Values that are worked out together: as many as fit the budget for the whole text.
  private let groups: [[String]]
  private let groupOf: [String: Int]
  /// What is changed while the model reads, if anything.
  let edits: EditSet?
  /// Tokens that groups are laid out for.
  let plannedTokens: Int
  private let content: Mutex<Content>
  /// Held by whoever has an overview made.
  private let reading = Mutex(())

  private struct Content {
    var text: ReadText
    var bands: [Place: Band] = [:]
    var bytes = 0
    var uses = 0
    var overview: Overview?
  }

  private struct Place: Hashable {
    let group: Int
    let band: Int
  }

  /// Some rows of a group's values.
  private struct Band {
    let rows: [String: [[Float]]]
    let count: Int
    let bytes: Int
    var lastUse: Int
  }

  /// Bytes of all rows kept.
  private let budget: Int
  package static let standardBudget = 384 << 20
  /// Rows that are worked out together.
  private static let band = 32

  /// For texts of up to `tokens`, or a little more, that the model of these scenes reads with `edits`.
  init(
    _ scenes: ModelScenes, tokens: Int, budget: Int = SceneRun.standardBudget,
    edited: (model: LanguageModel, edits: EditSet?)? = nil
  ) throws {
    self.budget = budget
    edits = edited?.edits
    plannedTokens = max(256, 1 << (Int.bitWidth - max(0, tokens - 1).leadingZeroBitCount))
    let graph = scenes.loaded.model.graph
    let scene = scenes.scene(tokens: plannedTokens)
    var groups: [[String]] = [[]]
    var size = 0
    for node in Set(scene.blocks.filter { $0.kind != .weight }.map(\.node)).sorted()
    where !graph.nodes[node].inputs.isEmpty {
      let bytes = scene.shape(node).reduce(4, *)
      if size + bytes > budget / 2, !(groups.last ?? []).isEmpty {
        groups.append([])
        size = 0
      }
      groups[groups.count - 1].append(graph.nodes[node].name)
      size += bytes
    }
    self.groups = groups
    var groupOf: [String: Int] = [:]
    for (place, names) in groups.enumerated() { for name in names { groupOf[name] = place } }
    self.groupOf = groupOf
    content = Mutex(Content(text: ReadText(edited?.model ?? scenes.loaded.model, edits: edits)))
  }

  /// Whether the text's values do not all fit the budget; then pictures of whole blocks come from one reading.
  var isLong: Bool { groups.count > 1 }

  /// Throws `RequestError` where the model makes no value of this name.
  func check(_ name: String) throws(RequestError) {
    if groupOf[name] == nil { throw RequestError(404, "the model makes no value named \(name)", at: "block") }
  }

  /// A value's row for one of these tokens, `[heads, …]` with the positions seen so far where it has a context.
  ///
  /// Blocks while it is worked out. Throws `PlanError` where a value cannot be kept.
  func row(_ name: String, _ token: Int, of tokens: [Int32]) throws -> [Float] {
    try check(name)
    let place = Place(group: groupOf[name] ?? 0, band: token / Self.band)
    return try content.withLock { content in
      content.uses += 1
      let start = place.band * Self.band
      if let known = content.bands[place], token - start < known.count {
        content.bands[place]?.lastUse = content.uses
        return known.rows[name]?[token - start] ?? []
      }
      let range = start..<min(start + Self.band, tokens.count)
      let names = groups[place.group]
      let rows = try content.text.values(names, key: place.group, rows: range, of: tokens, chunk: Self.band)
      let bytes = rows.values.joined().reduce(0) { $0 + $1.count * 4 }
      content.bytes += bytes - (content.bands[place]?.bytes ?? 0)
      content.bands[place] = Band(rows: rows, count: range.count, bytes: bytes, lastUse: content.uses)
      while content.bytes > budget, content.bands.count > 1,
        let oldest = content.bands.min(by: { $0.value.lastUse < $1.value.lastUse })
      {
        content.bytes -= oldest.value.bytes
        content.bands[oldest.key] = nil
      }
      return rows[name]?[token - start] ?? []
    }
  }

  /// Averages of all values at one reduction, read up to these tokens, in place of another's; blocks while that is done.
  func overview(_ cells: SceneCells, size: Int) throws -> Overview {
    let names = Array(groups.joined())
    return try reading.withLock { _ in
      while true {
        // One line at a time, so that others who look at cells need not wait for all.
        let overview = try content.withLock { content -> Overview? in
          var overview = content.overview ?? Overview(size: size, tokens: cells.tokens.count)
          if overview.size != size { overview = Overview(size: size, tokens: cells.tokens.count) }
          content.overview = nil
          let isDone = try overview.advance(cells) { rows in
            try content.text.values(names, key: -1, rows: rows, of: cells.tokens, chunk: SceneTile.sampled)
          }
          content.overview = overview
          return isDone ? overview : nil
        }
        if let overview { return overview }
      }
    }
  }
}
