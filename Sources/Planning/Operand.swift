/// Where a value's rows lie while a program runs; sizes and offsets count 4-byte words.
public struct Operand: Hashable, Sendable {
  public enum Space: Hashable, Sendable {
    /// The program's shared memory: one row a token.
    case arena
    /// A thread's own memory: a block of rows, used again for the next block.
    case thread
    /// A thread's own memory for some rows and columns of products; the offset counts tiles, and the first of the tile's
    /// columns lies first.
    case tile
    /// Decoded float32 weights, the same for every row.
    case constant(Int)
  }

  public var space: Space
  public var offset: Int
  /// Words between rows; 0 where all rows are one.
  public var rowStride: Int
  /// Runs of `width` words in a row, `groupStride` apart.
  public var groups: Int
  public var groupStride: Int
  public var width: Int
  /// What of it a piece of an epilogue's columns takes.
  public var cut = Cut.whole

  /// How a piece of columns, so many units of a `ProductsStep`, cuts an operand.
  public enum Cut: Hashable, Sendable {
    /// Every piece reads all of it.
    case whole
    /// A unit is so many groups.
    case groups(Int)
    /// A unit is so many words of the only group.
    case words(Int)
  }

  public var isContiguous: Bool { groups == 1 || groupStride == width }
  /// Words a row holds.
  public var count: Int { groups * width }
}

/// How a value is cut from the memory of the value that owns it.
struct View: Hashable {
  /// The node whose memory this is.
  var root: Int
  var offset = 0
  var groups: Int
  var groupStride: Int
  var width: Int

  init(root: Int, groups: Int, width: Int) {
    (self.root, self.groups, self.groupStride, self.width) = (root, groups, width, width)
  }

  /// Words of a row.
  var count: Int { groups * width }
  var isContiguous: Bool { groups == 1 || groupStride == width }

  func sliced(_ range: Range<Int>) -> View {
    var view = self
    view.offset += range.lowerBound
    view.width = range.count
    return view
  }

  /// The same words under other sizes; nil where they would no longer lie evenly.
  func reshaped(_ sizes: [Int]) -> View? {
    let (newGroups, newWidth) =
      sizes.count == 1 ? (1, sizes[0]) : (sizes.dropLast().reduce(1, *), sizes[sizes.count - 1])
    if newGroups == groups && newWidth == width { return self }
    guard groups == 1 || groupStride == width else { return nil }
    var view = self
    (view.groups, view.groupStride, view.width) = (newGroups, newWidth, newWidth)
    return view
  }
}
