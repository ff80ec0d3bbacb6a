import Kernels
import TensorCore

/// Rows of floats within a region of memory; a row's words follow one another.
struct View: Hashable, Sendable {
  /// Index of the region that owns the words.
  var region: Int
  var offset = 0
  /// How many rows there are: one a token, one an asked row, or a fixed count.
  var rows: Dim
  /// Words of a row.
  var count: Int
  /// Words between rows.
  var stride: Int

  init(region: Int, rows: Dim, count: Int) {
    (self.region, self.rows, self.count, self.stride) = (region, rows, count, count)
  }

  var isContiguous: Bool { stride == count }

  /// Some columns of every row.
  func columns(_ range: Range<Int>) -> View {
    var view = self
    view.offset += range.lowerBound
    view.count = range.count
    return view
  }
}

/// A stretch of memory with one owner.
struct Region: Hashable, Sendable {
  enum Space: String, Hashable, Sendable { case arena, parameters, gradients, frozen }

  var space: Space
  /// Words from the start of its space; given to arena regions once their lifetimes are known.
  var offset = 0
  /// Words at the largest batch.
  var words: Int
  /// Kept from the first step to the end of the run.
  var isPinned = false
  /// What it holds, for prints.
  var name: String
}

/// The sizes of one batch.
struct Sizes: Hashable, Sendable {
  var tokens: Int
  var rows: Int
  var sequences: Int
  /// Rows of the longest sequence.
  var longest: Int

  init(tokens: Int, rows: Int, sequences: Int, longest: Int) {
    (self.tokens, self.rows, self.sequences, self.longest) = (tokens, rows, sequences, longest)
  }

  /// The most of each that batches of so many tokens have.
  init(largest: Int) { self.init(tokens: largest, rows: largest, sequences: largest, longest: largest) }

  /// A size once the batch is known; training graphs have no other symbols.
  subscript(dim: Dim) -> Int {
    switch dim {
    case .fixed(let n): n
    case .tokens: tokens
    case .sequences: sequences
    case .symbol: rows
    case .times(let a, let b): self[a] * self[b]
    case .plus(let a, let b): self[a] + self[b]
    }
  }

  func shape(_ shape: Shape) -> [Int] { shape.map { self[$0] } }
}

extension Dim {
  /// How many sequences a batch has.
  static let sequences = Dim.symbol("sequences")
}

typealias Floats = UnsafeMutablePointer<Float>

/// A view's memory in one run.
struct Lane {
  let base: Floats
  let stride: Int
  let count: Int

  subscript(row: Int) -> Floats { base + row * stride }
}

/// What every step of one run reads: where regions lie, and the batch.
struct Frame {
  /// The address of every region.
  let regions: UnsafePointer<Floats>
  let sizes: Sizes
  /// The rows of each sequence.
  let runs: UnsafePointer<SequenceAttention.Run>
  /// Whether gradients are added to what their buffer holds.
  let accumulates: Bool
  /// This thread's own memory.
  var scratch: Floats

  subscript(view: View) -> Lane {
    Lane(base: regions[view.region] + view.offset, stride: view.stride, count: view.count)
  }

  /// The words of a view that holds integers.
  func integers(_ view: View) -> UnsafeMutablePointer<Int32> {
    UnsafeMutableRawPointer(regions[view.region] + view.offset).assumingMemoryBound(to: Int32.self)
  }
}
