import Foundation
public import Generation

extension Recording {
  /// Attention of one head: rows of some positions over the positions before them.
  public struct AttentionRows: Sendable {
    public let layer: Int
    public let head: Int
    public let rows: Range<Int>
    public let columns: Range<Int>
    /// `[rows, columns]`; 0 for what a row does not see.
    public let values: [Float]
    /// What a learnt sink takes of each row.
    public let sinks: [Float]
  }

  /// The attention of `layer`; throws `LensError` for a layer that there is not, or that has none.
  public func site(_ layer: Int) throws(LensError) -> LayerMap.AttentionSite {
    guard map.layers.indices.contains(layer) else {
      throw .range("layer \(layer) is asked for; the model has \(map.layers.count)")
    }
    guard let site = map.layers[layer].attention else {
      throw .unsupported("layer \(layer) has no softmax attention: it mixes tokens by a recurrence")
    }
    return site
  }

  /// The pattern of a head, exactly as the run's formats give it; nil where reading must wait.
  public func attention(
    layer: Int, head: Int, rows: Range<Int>, columns: Range<Int>? = nil, urgency: Urgency = .view
  ) throws -> AttentionRows? {
    let columns = columns ?? 0..<rows.upperBound
    var values = [Float](repeating: 0, count: rows.count * columns.count)
    var sinks = [Float](repeating: 0, count: rows.count)
    let done = try forEachRow(layer: layer, head: head, rows: rows, urgency: urgency) { position, row, sink in
      let seen = columns.clamped(to: 0..<position + 1)
      let start = (position - rows.lowerBound) * columns.count - columns.lowerBound
      for column in seen { values[start + column] = row[column] }
      sinks[position - rows.lowerBound] = sink
    }
    return done
      ? AttentionRows(layer: layer, head: head, rows: rows, columns: columns, values: values, sinks: sinks) : nil
  }

  /// Calls `body` with each position's row, `[position + 1]`, and its sink's share; false where reading must wait.
  public func forEachRow(
    layer: Int, head: Int, rows: Range<Int>, urgency: Urgency = .view,
    _ body: (_ position: Int, _ row: UnsafeMutableBufferPointer<Float>, _ sink: Float) -> Void
  ) throws -> Bool {
    try forEachRow(layer: layer, heads: head..<head + 1, positions: Array(rows), urgency: urgency) {
      body($1, $2, $3)
    }
  }

  /// The same for several heads and any positions.
  public func forEachRow(
    layer: Int, heads: Range<Int>, positions: [Int], urgency: Urgency = .view,
    _ body: (_ head: Int, _ position: Int, _ row: UnsafeMutableBufferPointer<Float>, _ sink: Float) -> Void
  ) throws -> Bool {
    let site = try site(layer)
    guard heads.lowerBound >= 0, heads.upperBound <= site.heads else {
      throw LensError.range("heads \(heads) are asked for; layer \(layer) has \(site.heads)")
    }
    guard session.canReplay else {
      throw LensError.unsupported("attention is read from kept keys, which this architecture's states do not all keep")
    }
    let longest = (positions.max() ?? 0) + 1
    return try withUnsafeTemporaryAllocation(of: Float.self, capacity: longest) { buffer in
      for position in positions {
        guard let queries = try values(site.query, position..<position + 1, urgency: urgency) else { return false }
        let row = UnsafeMutableBufferPointer(rebasing: buffer[0...position])
        for head in heads {
          let sink = queries.withUnsafeBufferPointer { queries in
            queries.baseAddress.flatMap { base in
              session.attentionRow(
                of: site.mixed, head: head, position: position, query: base + head * site.width, into: row)
            }
          }
          guard let sink else { throw LensError.range("position \(position) is no longer held") }
          body(head, position, row, sink)
        }
      }
      return true
    }
  }

  /// Which elements of query and key make one score: `query · key · scale`, element by element.
  public struct ScoreParts: Sendable {
    public let query: [Float]
    public let key: [Float]
    public let scale: Float
    /// Before any cap; `capped` is what the softmax sees.
    public let score: Double
    public let capped: Double
    public let probability: Double
  }

  /// How a head's query at `from` meets the key at `to`; nil where reading must wait.
  public func score(layer: Int, head: Int, from: Int, to: Int) throws -> ScoreParts? {
    let site = try site(layer)
    try check(from..<from + 1)
    guard (0...from).contains(to), (0..<site.heads).contains(head) else {
      throw LensError.range("head \(head) of \(site.heads), key position \(to) of 0…\(from)")
    }
    guard let queries = try values(site.query, from..<from + 1),
      let row = try attention(layer: layer, head: head, rows: from..<from + 1),
      let key = session.key(of: site.mixed, head: head, position: to)
    else { return nil }
    let query = Array(queries[head * site.width..<(head + 1) * site.width])
    let score = zip(query, key).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } * Double(site.scale)
    let cap = site.softcap.map { Double($0) }
    return ScoreParts(
      query: query, key: key, scale: site.scale, score: score, capped: cap.map { $0 * tanh(score / $0) } ?? score,
      probability: Double(row.values[to]))
  }
}
