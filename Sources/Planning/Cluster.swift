import GraphIR
import Kernels

/// Products of one width, and row operations that need no column beside their own: together one task.
struct Cluster {
  /// Products, then operations, each in the graph's order.
  var products: [Int]
  var epilogue: [Int] = []
  var domain: Domain
  var columns: Int
  /// Columns that cannot be parted: whole panels, heads, blocks.
  var unit: Int
  /// Where it lies among barriers; odd, as of all tasks.
  var level: Int

  /// Wider units would leave threads without work.
  static let widestUnit = 512

  var items: [Int] { products + epilogue }
  /// The item that stands for all in a schedule.
  var head: Int { products[0] }
}

/// How a row operation goes with a unit's columns alone.
struct Cutting {
  enum Part {
    case whole
    case groups
    case columns
    /// Columns of another layout.
    case blocks(ActivationLayout)
  }
  /// Columns of a head or block.
  var granule: Int
  var inputs: [Part]
  var output: Part

  func cut(_ part: Part, unit: Int) -> Operand.Cut {
    switch part {
    case .whole: .whole
    case .groups: .groups(unit / granule)
    case .columns: .words(unit)
    case .blocks(let layout): .words(layout.rowBytes(unit) / 4)
    }
  }

  /// An operand as a unit takes it: in heads, or as one run of columns.
  func apply(_ part: Part, unit: Int, to operand: Operand) -> Operand {
    var result = operand
    result.cut = cut(part, unit: unit)
    switch part {
    case .whole, .groups: break
    case .columns, .blocks: (result.groups, result.width, result.groupStride) = (1, operand.count, operand.count)
    }
    return result
  }

  /// Nil where a column of the result needs columns past its head or block. `isInside` tells values of the same cluster.
  init?(_ item: Item, columns: Int, isInside: (Int) -> Bool) {
    guard case .row(let op) = item.work, let first = Shape(item.inputs[0]), first.isContiguous, first.count == columns
    else { return nil }
    let others = item.inputs.dropFirst().map { Shape($0) }
    /// Operands that every unit reads whole come from elsewhere.
    let areOutside = item.inputs.dropFirst().allSatisfy { $0.root.map { !isInside($0) } ?? true }
    switch op {
    case .unary, .affine, .clamp, .cast: self.init(granule: 1, inputs: [.columns], output: .columns)
    case .binary, .gated:
      guard let second = others[0] else { return nil }
      if second.isContiguous && second.count == columns {
        self.init(granule: 1, inputs: [.columns, .columns], output: .columns)
      } else if areOutside, second.groups == 1, second.width == 1 {
        self.init(granule: 1, inputs: [.columns, .whole], output: .columns)
      } else if areOutside, first.groups > 1 {
        self.init(groups: first, others: others)
      } else {
        return nil
      }
    case .rmsNorm, .layerNorm, .softmax, .normalizeSum, .rope:
      guard areOutside, first.groups > 1 else { return nil }
      self.init(groups: first, others: others)
    case .append:
      self.init(groups: first, others: [])
    case .quantise(let layout) where first.groups == 1:
      self.init(granule: layout.blockWidth, inputs: [.columns], output: .blocks(layout))
    case .quantise: self.init(groups: first, others: [])
    default: return nil
    }
  }

  private init(granule: Int, inputs: [Part], output: Part) {
    (self.granule, self.inputs, self.output) = (granule, inputs, output)
  }

  /// Whole groups, where further operands have one run for all or one for each.
  private init?(groups first: Shape, others: [Shape?]) {
    var parts = [Part.groups]
    for other in others {
      guard let other, other.groups == 1 || other.groups == first.groups else { return nil }
      parts.append(other.groups == 1 ? .whole : .groups)
    }
    self.init(granule: first.width, inputs: parts, output: .groups)
  }

  /// What an operand's words are, wherever they lie.
  private struct Shape {
    var groups: Int
    var groupStride: Int
    var width: Int
    var count: Int { groups * width }
    var isContiguous: Bool { groups == 1 || groupStride == width }

    init?(_ source: Source) {
      switch source {
      case .view(let view): (groups, groupStride, width) = (view.groups, view.groupStride, view.width)
      case .constant(let operand): (groups, groupStride, width) = (operand.groups, operand.groupStride, operand.width)
      }
    }
  }
}
