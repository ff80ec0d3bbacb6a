import Foundation
public import Generation

/// What a head does, computed from its pattern over one text; each score is a mean over rows, 0…1.
public struct HeadScores: Sendable {
  public let layer: Int
  public let head: Int
  /// Mass on the token just before.
  public var previous = 0.0
  /// Mass on the first token: a sink.
  public var first = 0.0
  /// Mass on the row's own token.
  public var own = 0.0
  /// Mass on the last `localWidth` tokens, the row's own among them.
  public var local = 0.0
  /// Entropy as a share of the greatest that so many tokens allow: 0 for one token, 1 for all alike.
  public var entropy = 0.0
  /// Mass on tokens that follow an earlier occurrence of the row's own token (Olsson et al., 2022), over rows that have
  /// one; nil where the text repeats no token.
  public var induction: Double?
  /// Mass on earlier occurrences of the row's own token, over the same rows.
  public var duplicate: Double?
  /// Mass that a learnt sink takes.
  public var sink = 0.0
  /// Rows that were read; fewer than the text has makes the scores estimates.
  public var rows = 0

  public static let localWidth = 8

  /// The score that stands out, in the field's word; nil where none does.
  public var role: String? {
    let candidates: [(String, Double)] = [
      ("previous token", previous), ("induction", induction ?? 0), ("duplicate token", duplicate ?? 0),
      ("first-token sink", max(first, sink)), ("own token", own),
    ]
    if let best = candidates.max(by: { $0.1 < $1.1 }), best.1 >= 0.4 { return best.0 }
    if local >= 0.8 { return "local" }
    return entropy >= 0.9 ? "uniform" : nil
  }
}

extension HeadScores {
  /// Collects the scores of one head row by row.
  struct Sum {
    private let tokens: [Int32]
    private var scores: HeadScores
    private var repeats = 0
    private var (induction, duplicate) = (0.0, 0.0)

    init(layer: Int, head: Int, tokens: [Int32]) {
      self.tokens = tokens
      scores = HeadScores(layer: layer, head: head)
    }

    /// Adds the row of a position over `0...position`. Position 0 sees only itself and tells nothing.
    mutating func add(_ position: Int, _ row: UnsafeMutableBufferPointer<Float>, sink: Float) {
      guard position > 0 else { return }
      scores.rows += 1
      scores.previous += Double(row[position - 1])
      scores.first += Double(row[0])
      scores.own += Double(row[position])
      for index in max(0, position + 1 - HeadScores.localWidth)...position { scores.local += Double(row[index]) }
      var entropy = 0.0
      for weight in row where weight > 0 { entropy -= Double(weight) * log(Double(weight)) }
      scores.entropy += entropy / log(Double(position + 1))
      scores.sink += Double(sink)
      var (found, following, same) = (false, 0.0, 0.0)
      for earlier in 0..<position where tokens[earlier] == tokens[position] {
        found = true
        same += Double(row[earlier])
        if earlier + 1 < position { following += Double(row[earlier + 1]) }
      }
      if found { (repeats, induction, duplicate) = (repeats + 1, induction + following, duplicate + same) }
    }

    var mean: HeadScores {
      var result = scores
      let count = Double(max(1, scores.rows))
      result.previous /= count
      result.first /= count
      result.own /= count
      result.local /= count
      result.entropy /= count
      result.sink /= count
      if repeats > 0 {
        (result.induction, result.duplicate) = (induction / Double(repeats), duplicate / Double(repeats))
      }
      return result
    }
  }
}

extension Recording {
  /// A layer's heads at a glance: scores, and pictures `size × size` of their patterns.
  public struct Glance: Sendable {
    public let layer: Int
    public let scores: [HeadScores]
    /// Side of a picture; fewer than asked for where the text is shorter.
    public let size: Int
    /// `[heads][size][size]`: rows of the picture are sampled rows, columns the largest weight of a run of positions.
    public let pictures: [[Float]]
    /// The rows that were read.
    public let positions: [Int]
  }

  /// Up to `sampled` rows of a layer's heads; nil where reading must wait.
  public func glance(
    layer: Int, size wanted: Int = 24, sampled: Int = 48, urgency: Urgency = .view
  ) throws -> Glance? {
    let site = try site(layer)
    let tokens = tokens
    guard !tokens.isEmpty else { throw LensError.range("the run has no positions yet") }
    let size = min(wanted, tokens.count)
    let count = min(max(sampled, size), tokens.count)
    let positions = (0..<count).map { $0 * (tokens.count - 1) / max(1, count - 1) }
    var sums = (0..<site.heads).map { HeadScores.Sum(layer: layer, head: $0, tokens: tokens) }
    var pictures = [[Float]](repeating: [Float](repeating: 0, count: size * size), count: site.heads)
    let done = try forEachRow(layer: layer, heads: 0..<site.heads, positions: positions, urgency: urgency) {
      head, position, row, sink in
      sums[head].add(position, row, sink: sink)
      let line = position * size / tokens.count
      for (column, weight) in row.enumerated() {
        let place = line * size + column * size / tokens.count
        pictures[head][place] = max(pictures[head][place], weight)
      }
    }
    guard done else { return nil }
    return Glance(
      layer: layer, scores: sums.map(\.mean), size: size, pictures: pictures, positions: positions)
  }

  /// A head's matrix at a resolution: cells of `[height, width]` over rows and columns, each the largest weight in it.
  ///
  /// Where a cell is one row and column it is the value itself. Nil where reading must wait.
  public func matrix(
    layer: Int, head: Int, rows: Range<Int>, columns: Range<Int>, height: Int, width: Int, urgency: Urgency = .view
  ) throws -> [Float]? {
    try check(rows)
    let (height, width) = (max(1, min(height, rows.count)), max(1, min(width, columns.count)))
    var cells = [Float](repeating: 0, count: height * width)
    let done = try forEachRow(layer: layer, head: head, rows: rows, urgency: urgency) { position, row, _ in
      let line = (position - rows.lowerBound) * height / rows.count * width
      for column in columns.clamped(to: 0..<position + 1) {
        let place = line + (column - columns.lowerBound) * width / columns.count
        if row[column] > cells[place] { cells[place] = row[column] }
      }
    }
    return done ? cells : nil
  }
}
