import Generation
import GraphIR
import Runtime
import Scenes
import Synchronization
import TensorCore

/// Every value of one text, kept by variants of the model that share its weights; the oldest make room.
///
/// Values of a few layers are kept together: as many as fit the budget. More tokens of the same text are read on from
/// where it was.
final class SceneRun: Sendable {
  private let loaded: LoadedModel
  private let groups: [[String]]
  private let groupOf: [String: Int]
  private let content = Mutex(Content())

  private struct Content {
    var groups: [Int: Group] = [:]
    /// The least recently used first.
    var order: [Int] = []
  }

  /// Values of some names: a row a token, `[heads, …]` with the positions seen so far where it has a context.
  private struct Group {
    let session: Session
    var rows: [String: [[Float]]] = [:]
    var bytes = 0
  }

  /// Bytes of all values kept of one text.
  static let budget = 384 << 20
  /// Rows of one step.
  private static let chunk = 32
  /// Tokens that groups are laid out for.
  private static let plannedTokens = 256

  init(_ scenes: ModelScenes) throws {
    loaded = scenes.loaded
    let graph = loaded.model.graph
    let scene = scenes.scene(tokens: Self.plannedTokens)
    var groups: [[String]] = [[]]
    var size = 0
    for node in Set(scene.blocks.filter { $0.kind != .weight }.map(\.node)).sorted()
    where !graph.nodes[node].inputs.isEmpty {
      let bytes = scene.shape(node).reduce(4, *)
      if size + bytes > Self.budget / 2, !(groups.last ?? []).isEmpty {
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
  }

  /// The rows of a value for these tokens, one a token; blocks while they are worked out.
  ///
  /// Throws `PlanError` where a value cannot be kept, and `RequestError` for another name.
  func rows(_ name: String, tokens: [Int32]) throws -> [[Float]] {
    guard let place = groupOf[name] else {
      throw RequestError(404, "the model makes no value named \(name)", at: "block")
    }
    return try content.withLock { content in
      var group = try content.groups[place] ?? self.group(place)
      try extend(&group, to: tokens, names: groups[place])
      content.groups[place] = group
      content.order.removeAll { $0 == place }
      content.order.append(place)
      while content.groups.values.reduce(0, { $0 + $1.bytes }) > Self.budget, content.order.count > 1 {
        content.groups[content.order.removeFirst()] = nil
      }
      return Array((group.rows[name] ?? []).prefix(tokens.count))
    }
  }

  private func group(_ place: Int) throws -> Group {
    let model = try loaded.model.variant(
      keeping: Set(groups[place]), chunk: Self.chunk, outputRows: Self.chunk, keepsAllRows: true)
    return Group(session: try model.session())
  }

  private func extend(_ group: inout Group, to tokens: [Int32], names: [String]) throws {
    let shared = zip(group.session.tokens, tokens).prefix { $0 == $1 }.count
    if shared == tokens.count { return }
    if shared < group.session.tokens.count {
      group.session.reset()
      (group.rows, group.bytes) = ([:], 0)
    }
    let new = Array(tokens[group.session.tokens.count...])
    try group.session.step(new, rows: .all) { executor, count in
      for name in names {
        guard let value = executor.tap(name) else { continue }
        let width = value.values.count / max(1, value.shape.first ?? count)
        for row in 0..<(value.shape.first ?? 0) {
          group.rows[name, default: []].append(Array(value.values[row * width..<(row + 1) * width]))
        }
        group.bytes += value.values.count * 4
      }
    }
  }
}
