/// Work that threads share as tiles, which depend on nothing that the same step writes.
///
/// A tile gives the same bits whoever works on it, and however many threads there are.
protocol TrainingStep: Sendable {
  /// What sort of work it is, for tables of time.
  var kind: String { get }
  /// What it does, for prints: the operations and the values they make.
  var title: String { get }
  var reads: [View] { get }
  var writes: [View] { get }
  /// Words of a thread's own memory at the largest batch.
  var scratchWords: Int { get }
  /// Whether it is computed by plain loops that allocate.
  var isPlain: Bool { get }

  func tiles(_ sizes: Sizes) -> Int
  /// Floating-point operations of products.
  func operations(_ sizes: Sizes) -> Int
  func run(tile: Int, _ frame: Frame) throws
}

extension TrainingStep {
  var scratchWords: Int { 0 }
  var isPlain: Bool { false }
  func operations(_ sizes: Sizes) -> Int { 0 }
}
