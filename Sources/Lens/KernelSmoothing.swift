import Foundation
import Generation
import GraphIR
import TensorCore

/// One head's attention at one position as kernel smoothing: the output is the mean of the value vectors, weighted by a
/// kernel of query and key (Tsai et al., 2019).
public struct KernelSmoothing: Sendable {
  /// What the softmax sees of each position `0...position`, scaled and capped; −∞ where the mask hides it.
  public let scores: [Double]
  /// `exp(score − largest)`: the kernel, relative to its largest value.
  public let kernel: [Double]
  /// The run's own weights, and what a learnt sink takes of them.
  public let weights: [Float]
  public let sink: Float
  /// Positions whose value vectors were read, ascending: all of a short text, else those of most weight.
  public let positions: [Int]
  /// Value vectors `[positions, width]`.
  public let values: [Float]
  public let width: Int
  /// `Σ weight · value` over `positions`, in double precision.
  public let average: [Double]
  /// The run's own output of the head.
  public let output: [Float]

  /// The share of the weight that `positions` hold.
  public var covered: Double { positions.reduce(0) { $0 + Double(weights[$1]) } }
}

extension Recording {
  /// A head's smoothing at one position; nil where reading must wait.
  ///
  /// Values are read again from the session's states: of all positions up to `most`, else of the `most` heaviest ones.
  public func smoothing(layer: Int, head: Int, position: Int, most: Int = 256) throws -> KernelSmoothing? {
    let site = try site(layer)
    try check(position..<position + 1)
    guard (0..<site.heads).contains(head) else {
      throw LensError.range("head \(head) is asked for; layer \(layer) has \(site.heads)")
    }
    let source = try valueSource(of: site)
    guard let scores = try scores(layer: layer, head: head, position: position),
      let row = try attention(layer: layer, head: head, rows: position..<position + 1),
      let mixed = try values(site.mixed, position..<position + 1)
    else { return nil }
    let weights = Array(row.values.prefix(position + 1))
    var positions = Array(weights.indices)
    if positions.count > most {
      positions = positions.sorted { weights[$0] > weights[$1] }.prefix(most).sorted()
    }
    let start = head / (site.heads / source.groups) * source.stride + source.offset
    var values: [Float] = []
    values.reserveCapacity(positions.count * source.width)
    for run in Self.runs(positions) {
      guard let rows = try self.values(source.name, run) else { return nil }
      for place in 0..<run.count {
        values += rows[(place * source.groups * source.stride + start)...].prefix(source.width)
      }
    }
    var average = [Double](repeating: 0, count: source.width)
    for (place, position) in positions.enumerated() {
      for element in 0..<source.width {
        average[element] += Double(weights[position]) * Double(values[place * source.width + element])
      }
    }
    let largest = scores.max() ?? 0
    return KernelSmoothing(
      scores: scores, kernel: scores.map { exp($0 - largest) }, weights: weights, sink: row.sinks[0],
      positions: positions, values: values, width: source.width, average: average,
      output: Array(mixed[(head * source.width)...].prefix(source.width)))
  }

  /// What the softmax of a head sees at one position; nil where reading must wait.
  private func scores(layer: Int, head: Int, position: Int) throws -> [Double]? {
    let site = try site(layer)
    guard let queries = try values(site.query, position..<position + 1) else { return nil }
    var row = [Float](repeating: 0, count: position + 1)
    let sink = row.withUnsafeMutableBufferPointer { row in
      queries.withUnsafeBufferPointer { queries in
        queries.baseAddress.flatMap { base in
          session.attentionRow(
            of: site.mixed, head: head, position: position, query: base + head * site.width, isPattern: false, into: row
          )
        }
      }
    }
    guard sink != nil else { throw LensError.range("position \(position) is no longer held") }
    let first = site.mask.firstVisible(from: position)
    return row.enumerated().map { $0 < first || !$1.isFinite ? -.infinity : Double($1) }
  }

  /// The rows that attention keeps as values, before they are kept: `[T, groups, stride]`, of which the values are `width`
  /// numbers from `offset` on; latent attention keeps keys beside them.
  private func valueSource(of site: LayerMap.AttentionSite) throws -> ValueSource {
    let graph = session.model.graph
    var part: Range<Int>?
    guard let mixed = graph.node(named: site.mixed), var kept = graph.nodes[mixed].inputs.last else {
      throw LensError.unknown("the model has no value named \(site.mixed)")
    }
    if case .slice(let range) = graph.nodes[kept].op { (part, kept) = (range, graph.nodes[kept].inputs[0]) }
    guard case .append = graph.nodes[kept].op, let source = graph.nodes[kept].inputs.first,
      let groups = graph.nodes[kept].shape[1].fixed, let stride = graph.nodes[kept].shape[2].fixed,
      groups > 0, site.heads % groups == 0
    else { throw LensError.unsupported("the values of \(site.mixed) are not kept row by row") }
    let columns = part ?? 0..<stride
    return ValueSource(
      name: graph.nodes[source].name, groups: groups, stride: stride, offset: columns.lowerBound, width: columns.count)
  }

  private struct ValueSource {
    let name: String
    let groups: Int
    let stride: Int
    let offset: Int
    let width: Int
  }

  /// Ascending positions as ranges without gaps.
  private static func runs(_ positions: [Int]) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for position in positions {
      if let last = runs.last, last.upperBound == position {
        runs[runs.count - 1] = last.lowerBound..<position + 1
      } else {
        runs.append(position..<position + 1)
      }
    }
    return runs
  }
}
