import Foundation
import JSON
import Training

/// What a run's steps gave, at most `limit` points: where there are more, two neighbours become one, their mean.
struct RunSeries: Sendable {
  static let limit = 8192

  struct Point: Sendable {
    /// The last step that it stands for.
    var step: Int
    var loss: Double
    var rate: Double
    var norm: Double
  }

  private(set) var points: [Point] = []
  /// Steps that one point is the mean of.
  private(set) var stride = 1
  /// Counts the times that points were joined, after which readers must begin anew.
  private(set) var generation = 0
  private var pending: [Point] = []

  mutating func append(_ point: Point) {
    pending.append(point)
    guard pending.count == stride else { return }
    points.append(Self.mean(pending))
    pending = []
    guard points.count >= Self.limit else { return }
    points = Swift.stride(from: 0, to: points.count - 1, by: 2).map { Self.mean(Array(points[$0...$0 + 1])) }
    stride *= 2
    generation += 1
  }

  /// A run that goes on from an earlier step computes the later ones anew.
  mutating func forget(after step: Int) {
    points.removeAll { $0.step > step }
    (pending, generation) = ([], generation + 1)
  }

  private static func mean(_ all: [Point]) -> Point {
    func mean(_ value: (Point) -> Double) -> Double { all.reduce(0) { $0 + value($1) } / Double(all.count) }
    return Point(step: all[all.count - 1].step, loss: mean(\.loss), rate: mean(\.rate), norm: mean(\.norm))
  }

  /// The points from an index on, column by column.
  func json(from start: Int) -> JSON {
    let part = points[min(start, points.count)...]
    return [
      "stride": .integer(stride), "step": .array(part.map { .integer($0.step) }),
      "loss": .array(part.map { .short($0.loss) }), "rate": .array(part.map { .short($0.rate) }),
      "norm": .array(part.map { .short($0.norm) }),
    ]
  }
}

/// Norms by layer over a run's steps, at most `limit` rows: where there are more, every second one stays.
struct LayerSeries: Sendable {
  static let limit = 1024

  private(set) var rows: [LayerReport] = []
  private(set) var generation = 0
  private var spacing = 0

  mutating func append(_ report: LayerReport) {
    if let last = rows.last, report.step - last.step < spacing { return }
    rows.append(report)
    guard rows.count >= Self.limit else { return }
    rows = rows.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    spacing = rows[1].step - rows[0].step
    generation += 1
  }

  mutating func forget(after step: Int) {
    rows.removeAll { $0.step > step }
    generation += 1
  }

  func json(from start: Int) -> JSON {
    let part = rows[min(start, rows.count)...]
    return [
      "names": .array(rows.first?.layers.map { .string($0.name) } ?? []),
      "step": .array(part.map { .integer($0.step) }),
      "gradient": .array(part.map { .array($0.layers.map { .short($0.gradientNorm) }) }),
      "weight": .array(part.map { .array($0.layers.map { .short($0.weightNorm) }) }),
    ]
  }
}

/// Weights of a run at several steps, within `budget`: where it is full, every second one goes. The newest stays.
struct SnapshotShelf: Sendable {
  /// Bytes of all kept weights.
  static let budget = 256 << 20

  private(set) var snapshots: [WeightSnapshot] = []
  private(set) var dropped = 0
  private var spacing = 0

  mutating func append(_ snapshot: WeightSnapshot) {
    // One that was only kept as the newest gives way to the next.
    if let newest = snapshots.last, let before = snapshots.dropLast().last, newest.step - before.step < spacing {
      snapshots.removeLast()
      dropped += 1
    }
    snapshots.append(snapshot)
    while bytes > Self.budget, snapshots.count > 2 {
      let end = snapshots.count - 1
      let kept = snapshots.enumerated().filter { $0.offset % 2 == 0 || $0.offset == end }.map(\.element)
      dropped += snapshots.count - kept.count
      snapshots = kept
      spacing = kept[1].step - kept[0].step
    }
  }

  var bytes: Int { snapshots.reduce(0) { $0 + $1.values.count * 4 } }

  /// The latest at or before a step; the first where there is none before.
  func snapshot(at step: Int) -> WeightSnapshot? { snapshots.last { $0.step <= step } ?? snapshots.first }

  var json: JSON {
    [
      "steps": .array(snapshots.map { .integer($0.step) }), "bytes": .integer(bytes), "budget": .integer(Self.budget),
      "dropped": .integer(dropped),
    ]
  }
}

extension JSON {
  /// A number in six significant digits, as pictures need it; null for what is none.
  static func short(_ value: Double) -> JSON {
    guard value.isFinite, value != 0 else { return value == 0 ? 0 : .null }
    let scale = pow(10, 5 - (log10(abs(value))).rounded(.down))
    return .number(scale.isFinite ? (value * scale).rounded() / scale : value)
  }
}
