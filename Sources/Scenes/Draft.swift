import GraphIR

/// A block whose place is not fixed yet.
struct Draft {
  let node: Int
  var columns: Block.Axis
  var rows: Block.Axis
  var fan: Block.Fan?
  /// How copies lie beside one another.
  var spread = Spread.across
  var lane = 0
  /// Relative to the lane, and to the branch's source.
  var x = 0.0
  var y = 0.0

  enum Spread: Hashable { case across, deep, down(Double) }

  var height: Double {
    if case .down(let step) = spread, let fan { return Double(fan.count - 1) * step + Double(rows.count) }
    return Double(rows.count)
  }

  /// The width once copies beside one another are so far apart.
  func width(pitch: Double) -> Double {
    guard spread == .across, let fan else { return Double(columns.count) }
    return Double(fan.count - 1) * pitch + Double(columns.count)
  }
}

extension Draft {
  /// A value, or a part of one: tokens down, the last dimension across, heads or choices as copies.
  static func value(_ node: Int, _ shape: [Int]) -> Draft {
    switch shape.count {
    case 0: Draft(node: node, columns: .init(), rows: .init())
    case 1: Draft(node: node, columns: .init(), rows: .init(dimension: 0, count: shape[0]))
    case 2: Draft(node: node, columns: .init(dimension: 1, count: shape[1]), rows: .init(dimension: 0, count: shape[0]))
    default:
      Draft(
        node: node, columns: .init(dimension: shape.count - 1, count: shape[shape.count - 1]),
        rows: .init(dimension: 0, count: shape[0]), fan: copies(of: 1, shape[1]))
    }
  }

  /// Copies of a dimension; none where there is only one.
  static func copies(of dimension: Int, _ count: Int) -> Block.Fan? {
    count > 1 ? Block.Fan(dimension: dimension, count: count, total: count) : nil
  }

  /// A matrix `[out, in]` above what it makes: its outputs across, like the columns `part` of the result.
  static func matrixAbove(_ node: Int, _ shape: [Int], part: Part, drawn: [Int]) -> Draft {
    var draft = Draft(
      node: node, columns: .init(dimension: 0, first: part.columns.lowerBound, count: part.columns.count),
      rows: shape.count > 1 ? .init(dimension: 1, count: shape[1]) : .init())
    if drawn.count == 3, drawn[1] > 1 {
      draft.columns.count = drawn[2]
      draft.fan = Block.Fan(dimension: 0, count: drawn[1], chunk: drawn[2], total: part.columns.count)
    }
    return draft
  }

  /// A matrix `[out, in]` below what it reads: its inputs across, like the columns of the operand.
  static func matrixBelow(_ node: Int, _ shape: [Int], operand: Draft) -> Draft {
    var draft = Draft(
      node: node, columns: .init(dimension: 1, count: shape[1]), rows: .init(dimension: 0, count: shape[0]))
    if let fan = operand.fan, operand.spread == .across, fan.chunk == 1,
      fan.count * operand.columns.count == shape[1]
    {
      draft.columns.count = operand.columns.count
      draft.fan = Block.Fan(dimension: 1, count: fan.count, chunk: operand.columns.count, total: shape[1])
    }
    return draft
  }

  /// Matrices `[experts, out, in]` one behind the other; with `isBelow` their inputs lie across.
  static func bank(_ node: Int, _ shape: [Int], isBelow: Bool) -> Draft {
    var draft = Draft(
      node: node, columns: .init(dimension: isBelow ? 2 : 1, count: shape[isBelow ? 2 : 1]),
      rows: .init(dimension: isBelow ? 1 : 2, count: shape[isBelow ? 1 : 2]), fan: copies(of: 0, shape[0]))
    draft.spread = .deep
    return draft
  }

  /// Matrices `[heads, out, in]`, each above its head.
  static func heads(_ node: Int, _ shape: [Int]) -> Draft {
    Draft(
      node: node, columns: .init(dimension: 1, count: shape[1]), rows: .init(dimension: 2, count: shape[2]),
      fan: copies(of: 0, shape[0]))
  }

  /// Any other weight, lying as its result does where their sizes agree.
  static func small(_ node: Int, _ shape: [Int], drawn: [Int]) -> Draft {
    if shape.count == 2, drawn.count == 3, drawn[1] == shape[0], drawn[2] == shape[1], shape[0] > 1 {
      return Draft(
        node: node, columns: .init(dimension: 1, count: shape[1]), rows: .init(), fan: copies(of: 0, shape[0]))
    }
    switch shape.count {
    case 0: return Draft(node: node, columns: .init(), rows: .init())
    case 1: return Draft(node: node, columns: .init(dimension: 0, count: shape[0]), rows: .init())
    case 2 where shape[0] > shape[1] && shape[1] < 16:
      return Draft(
        node: node, columns: .init(dimension: 0, count: shape[0]), rows: .init(dimension: 1, count: shape[1]))
    case 2:
      return Draft(
        node: node, columns: .init(dimension: 1, count: shape[1]), rows: .init(dimension: 0, count: shape[0]))
    default: return bank(node, shape, isBelow: false)
    }
  }

  /// This block's rows or columns cut into stretches of `chunk`, as copies beside or below one another.
  func cut(rows chunk: Int) -> Draft {
    guard chunk < rows.count, let dimension = rows.dimension else { return self }
    var draft = self
    draft.rows.count = chunk
    draft.fan = Block.Fan(
      dimension: dimension, count: (rows.count + chunk - 1) / chunk, chunk: chunk, total: rows.count)
    return draft
  }

  func cut(columns chunk: Int, step: Double) -> Draft {
    guard chunk < columns.count, let dimension = columns.dimension else { return self }
    var draft = self
    draft.columns.count = chunk
    draft.fan = Block.Fan(
      dimension: dimension, count: (columns.count + chunk - 1) / chunk, chunk: chunk, total: columns.count)
    draft.spread = .down(step)
    return draft
  }
}
