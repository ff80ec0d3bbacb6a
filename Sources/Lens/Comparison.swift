import Foundation
public import Generation

/// Two runs side by side, position by position: two prompts, two models of one shape, two quantisations, or an edit.
public struct Comparison: Sendable {
  public let first: Recording
  public let second: Recording

  /// Throws `LensError` where the two have other layers or streams of another width.
  public init(_ first: Recording, _ second: Recording) throws(LensError) {
    guard first.map.layers.count == second.map.layers.count, first.map.hiddenSize == second.map.hiddenSize else {
      throw .unsupported(
        "\(first.map.layers.count) layers of \(first.map.hiddenSize) and \(second.map.layers.count) of "
          + "\(second.map.hiddenSize) cannot be compared value by value")
    }
    (self.first, self.second) = (first, second)
  }

  /// Positions that both have.
  public var positions: Range<Int> { 0..<min(first.tokens.count, second.tokens.count) }

  /// The first position whose tokens differ; nil where one text begins the other.
  public var parting: Int? { zip(first.tokens, second.tokens).enumerated().first { $1.0 != $1.1 }?.offset }

  /// How alike the streams are, `[depths][positions]` from before the first layer to after the last.
  public struct Streams: Sendable {
    public let cosine: [[Double]]
    /// The distance as a share of the first one's length.
    public let distance: [[Double]]
  }

  /// Nil where reading must wait.
  public func streams(_ positions: Range<Int>, urgency: Urgency = .view) throws -> Streams? {
    var (cosine, distance): ([[Double]], [[Double]]) = ([], [])
    let width = first.map.hiddenSize
    guard let a = try first.values(first.streamNames, positions, urgency: urgency),
      let b = try second.values(second.streamNames, positions, urgency: urgency)
    else { return nil }
    for (one, other) in zip(first.streamNames, second.streamNames) {
      var (cosines, distances): ([Double], [Double]) = ([], [])
      for row in 0..<positions.count {
        guard let x = a[one]?[row * width..<(row + 1) * width], let y = b[other]?[row * width..<(row + 1) * width]
        else { continue }
        cosines.append(Rows.cosine(x, y))
        let gap = zip(x, y).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
        let length = Rows.dot(x, x).squareRoot()
        distances.append(length > 0 ? gap / length : gap)
      }
      cosine.append(cosines)
      distance.append(distances)
    }
    return Streams(cosine: cosine, distance: distance)
  }

  /// The divergence `Σ p · log(p / q)` of the two lenses' distributions, in nats, `[depths][positions]`; for models of one
  /// vocabulary. Nil where idle work must wait.
  public func divergence(
    _ firstLens: LogitLens, _ secondLens: LogitLens, depths: [Int], positions: Range<Int>, urgency: Urgency = .idle
  ) throws -> [[Double]]? {
    guard firstLens.vocabularySize == secondLens.vocabularySize else {
      throw LensError.unsupported("the two models have other vocabularies")
    }
    guard depths.allSatisfy(first.streamNames.indices.contains) else {
      throw LensError.range("depths \(depths) are asked for; the model has 0…\(first.streamNames.count - 1)")
    }
    var result: [[Double]] = []
    for depth in depths {
      guard let a = try first.values(first.streamNames[depth], positions, urgency: urgency),
        let b = try second.values(second.streamNames[depth], positions, urgency: urgency),
        let p = firstLens.logProbabilities(a, urgency: urgency),
        let q = secondLens.logProbabilities(b, urgency: urgency)
      else { return nil }
      result.append(zip(p, q).map(Self.divergence))
    }
    return result
  }

  private static func divergence(_ p: [Float], _ q: [Float]) -> Double {
    var sum = 0.0
    for (a, b) in zip(p, q) where a > -60 { sum += exp(Double(a)) * (Double(a) - Double(b)) }
    return max(0, sum)
  }

  /// Half the sum of differences between two heads' rows, 0 for the same pattern and 1 for patterns that share nothing:
  /// `[heads]`, the mean over some rows. Nil where reading must wait.
  public func attention(layer: Int, sampled: Int = 24, urgency: Urgency = .view) throws -> [Double]? {
    let (site, other) = (try first.site(layer), try second.site(layer))
    guard site.heads == other.heads else {
      throw LensError.unsupported("layer \(layer) has \(site.heads) heads in one and \(other.heads) in the other")
    }
    let count = min(sampled, positions.count)
    let rows = (0..<count).map { positions.count - 1 - $0 * positions.count / max(1, count) }
    var patterns: [[Float]] = []
    guard
      try first.forEachRow(
        layer: layer, heads: 0..<site.heads, positions: rows, urgency: urgency,
        { _, _, row, _ in
          patterns.append(Array(row))
        })
    else { return nil }
    var gaps = [Double](repeating: 0, count: site.heads)
    var next = 0
    guard
      try second.forEachRow(
        layer: layer, heads: 0..<site.heads, positions: rows, urgency: urgency,
        { head, _, row, _ in
          var gap = 0.0
          for (a, b) in zip(patterns[next], row) { gap += Double(abs(a - b)) }
          gaps[head] += gap / 2
          next += 1
        })
    else { return nil }
    return gaps.map { $0 / Double(max(1, count)) }
  }
}
