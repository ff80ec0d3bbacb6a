public import CKernels

/// Attention over packed sequences for training: forward keeps the outputs and one logarithm a row and head; backward makes the
/// pattern again. Tiles are independent and fixed by the runs and shapes, so threads change no bit of a result.
///
/// `work` holds the operands; sequences are rows `start ..< start + count` of them, in any order and without overlap.
public struct SequenceAttention: @unchecked Sendable {
  /// One sequence: its first row and how many rows it has.
  public struct Run: Hashable, Sendable {
    public var start: Int32
    public var count: Int32
    public init(start: Int, count: Int) { (self.start, self.count) = (Int32(start), Int32(count)) }
  }

  public var work: sequence_attention
  public var runs: UnsafePointer<Run>
  public var runCount: Int
  /// Rows of the longest sequence.
  public var longest: Int
  /// `[runCount, heads]`, each sequence's gradients by the sinks; nil where they are not wanted.
  public var sinkGradients: UnsafeMutablePointer<Float>?
  private let kernels: sequence_attention_kernels

  /// Uses the fastest kernels that need nothing beyond `features`.
  public init(
    _ work: sequence_attention, runs: UnsafePointer<Run>, runCount: Int, longest: Int,
    sinkGradients: UnsafeMutablePointer<Float>? = nil, features: ProcessorFeatures = .current
  ) {
    (self.work, self.runs, self.runCount, self.longest) = (work, runs, runCount, longest)
    self.sinkGradients = sinkGradients
    kernels = features.best(sequence_attention_kernels_at, needing: \.features).pointee
  }

  /// Floats of scratch that each thread needs; heads' widths alone decide.
  public var scratchFloats: Int { withUnsafePointer(to: work) { sequence_attention_scratch_floats($0) } }

  private var queryBlocks: Int { (longest + Int(SEQUENCE_QUERIES) - 1) / Int(SEQUENCE_QUERIES) }

  /// Tiles of `forward`: blocks of queries of each head of each sequence.
  public var forwardTiles: Int { runCount * work.heads * queryBlocks }

  /// Tiles of `backward`: the key heads of each sequence.
  public var backwardTiles: Int { runCount * work.keyHeads }

  /// Writes one tile of `outputs` and `logSums`.
  public func forward(tile: Int, scratch: UnsafeMutablePointer<Float>) {
    let (rest, block) = tile.quotientAndRemainder(dividingBy: queryBlocks)
    let (index, head) = rest.quotientAndRemainder(dividingBy: work.heads)
    let (run, first) = (runs[index], block * Int(SEQUENCE_QUERIES))
    guard first < Int(run.count) else { return }
    withUnsafePointer(to: work) {
      kernels.forward($0, Int(run.start), Int(run.count), head, first, Int(SEQUENCE_QUERIES), scratch)
    }
  }

  /// Writes one tile of the gradients by queries, keys and values.
  public func backward(tile: Int, scratch: UnsafeMutablePointer<Float>) {
    let (index, head) = tile.quotientAndRemainder(dividingBy: work.keyHeads)
    let run = runs[index]
    withUnsafePointer(to: work) {
      kernels.backward(
        $0, Int(run.start), Int(run.count), head, sinkGradients.map { $0 + index * work.heads }, scratch)
    }
  }
}
