import CKernels

/// A recurrent matrix a head over packed sequences, each from zeros, for training. Forward goes row by row; backward
/// keeps the matrices at the borders of chunks of `RECURRENCE_CHUNK` rows and goes through each chunk by products.
///
/// Tiles are independent and fixed by the runs and shapes, so threads change no bit of a result.
public struct SequenceRecurrence: @unchecked Sendable {
  public typealias Run = SequenceAttention.Run

  /// Heads of values; a group of neighbouring ones reads the same queries and keys.
  public struct Shape: Hashable, Sendable {
    public var heads: Int
    public var groups: Int
    public var keyWidth: Int
    public var valueWidth: Int

    public init(heads: Int, groups: Int, keyWidth: Int, valueWidth: Int) {
      (self.heads, self.groups, self.keyWidth, self.valueWidth) = (heads, groups, keyWidth, valueWidth)
    }

    /// Floats of scratch that each thread needs for sequences of up to `longest` rows.
    public func scratchFloats(longest: Int) -> Int {
      let chunks = (longest + SequenceRecurrence.chunk - 1) / SequenceRecurrence.chunk
      return (chunks + 1) * keyWidth * valueWidth + SequenceRecurrence.chunk * valueWidth
        + recurrence_gradient_scratch_floats(keyWidth, valueWidth)
    }
  }

  /// Where rows begin: queries and keys `[T, groups, keyWidth]`, values `[T, heads, valueWidth]`, decays and rates
  /// `[T, heads]`.
  ///
  /// With rates it is the gated delta rule, without them values are taken in as they are.
  public struct Operands {
    public var queries: FloatMatrix
    public var keys: FloatMatrix
    public var values: FloatMatrix
    public var decays: FloatMatrix
    public var rates: FloatMatrix?

    public init(
      queries: FloatMatrix, keys: FloatMatrix, values: FloatMatrix, decays: FloatMatrix, rates: FloatMatrix?
    ) {
      (self.queries, self.keys, self.values, self.decays, self.rates) = (queries, keys, values, decays, rates)
    }
  }

  private static let chunk = Int(RECURRENCE_CHUNK)
  private let shape: Shape
  private let operands: Operands
  private let runs: UnsafePointer<Run>
  private let runCount: Int
  private let kernels: recurrence_kernels
  private let gradientKernels: recurrence_gradient_kernels

  /// Uses the fastest kernels that need nothing beyond `features`.
  public init(
    _ shape: Shape, _ operands: Operands, runs: UnsafePointer<Run>, runCount: Int,
    features: ProcessorFeatures = .current
  ) {
    (self.shape, self.operands, self.runs, self.runCount) = (shape, operands, runs, runCount)
    kernels = recurrence_kernels_for(features.vectorISA).pointee
    gradientKernels = features.best(recurrence_gradient_kernels_at, needing: \.features).pointee
  }

  /// Tiles of `forward`: the heads of each sequence.
  public var forwardTiles: Int { runCount * shape.heads }

  /// Tiles of `backward`: the groups of each sequence.
  public var backwardTiles: Int { runCount * shape.groups }

  /// Writes one tile of the outputs `[T, heads, valueWidth]`.
  public func forward(
    tile: Int, outputs: UnsafeMutablePointer<Float>, outputStride: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    let (index, head) = tile.quotientAndRemainder(dividingBy: shape.heads)
    let run = runs[index]
    scratch.update(repeating: 0, count: shape.keyWidth * shape.valueWidth)
    advance(
      head, rows: Int(run.start)..<Int(run.start + run.count), state: scratch,
      outputs: outputs + Int(run.start) * outputStride + head * shape.valueWidth, outputStride: outputStride)
  }

  /// Takes rows of one head into its matrix.
  private func advance(
    _ head: Int, rows: Range<Int>, state: UnsafeMutablePointer<Float>, outputs: UnsafeMutablePointer<Float>,
    outputStride: Int
  ) {
    let group = head / (shape.heads / shape.groups)
    let (o, row) = (operands, rows.lowerBound)
    var work = recurrence_head(
      queries: o.queries[row] + group * shape.keyWidth, keys: o.keys[row] + group * shape.keyWidth,
      values: o.values[row] + head * shape.valueWidth, decays: o.decays[row] + head,
      rates: o.rates.map { $0[row] + head }, outputs: outputs, state: state, queryStride: o.queries.rowStride,
      keyStride: o.keys.rowStride, valueStride: o.values.rowStride, decayStride: o.decays.rowStride,
      rateStride: o.rates?.rowStride ?? 0, outputStride: outputStride, keyWidth: shape.keyWidth,
      valueWidth: shape.valueWidth, count: rows.count)
    if o.rates != nil { kernels.gated_delta(&work) } else { kernels.decay(&work) }
  }

  /// Writes one tile of the gradients by queries, keys, values, decays and rates, side by side in a row, from those by
  /// the outputs.
  public func backward(
    tile: Int, outputGradients: FloatMatrix, gradients: UnsafeMutablePointer<Float>, gradientStride: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (index, group) = tile.quotientAndRemainder(dividingBy: shape.groups)
    let (first, end) = (Int(runs[index].start), Int(runs[index].start + runs[index].count))
    let (size, chunks) = (shape.keyWidth * shape.valueWidth, (end - first + Self.chunk - 1) / Self.chunk)
    let slopes = scratch + chunks * size
    let unread = slopes + size
    let heads = shape.heads / shape.groups
    for head in group * heads..<(group + 1) * heads {
      scratch.update(repeating: 0, count: size)
      for place in 1..<max(1, chunks) {
        let state = scratch + place * size
        state.update(from: state - size, count: size)
        let start = first + (place - 1) * Self.chunk
        advance(
          head, rows: start..<start + Self.chunk, state: state, outputs: unread, outputStride: shape.valueWidth)
      }
      slopes.update(repeating: 0, count: size)
      for place in (0..<chunks).reversed() {
        let start = first + place * Self.chunk
        var work = chunk(
          head, rows: start..<min(start + Self.chunk, end), state: scratch + place * size, stateGradient: slopes,
          outputGradients: outputGradients, gradients: gradients + start * gradientStride, stride: gradientStride)
        gradientKernels.chunk(&work, unread + Self.chunk * shape.valueWidth)
      }
    }
  }

  /// Rows of one head for the kernel; the first head of a group begins its gradients by queries and keys.
  private func chunk(
    _ head: Int, rows: Range<Int>, state: UnsafeMutablePointer<Float>, stateGradient: UnsafeMutablePointer<Float>,
    outputGradients: FloatMatrix, gradients: UnsafeMutablePointer<Float>, stride: Int
  ) -> recurrence_chunk {
    let (group, place) = head.quotientAndRemainder(dividingBy: shape.heads / shape.groups)
    let (o, row) = (operands, rows.lowerBound)
    let keys = gradients + shape.groups * shape.keyWidth
    let values = keys + shape.groups * shape.keyWidth
    let decays = values + shape.heads * shape.valueWidth
    return recurrence_chunk(
      queries: o.queries[row] + group * shape.keyWidth, keys: o.keys[row] + group * shape.keyWidth,
      values: o.values[row] + head * shape.valueWidth, decays: o.decays[row] + head,
      rates: o.rates.map { $0[row] + head }, outputGradients: outputGradients[row] + head * shape.valueWidth,
      queryStride: o.queries.rowStride, keyStride: o.keys.rowStride, valueStride: o.values.rowStride,
      decayStride: o.decays.rowStride, rateStride: o.rates?.rowStride ?? 0,
      outputGradientStride: outputGradients.rowStride, keyWidth: shape.keyWidth, valueWidth: shape.valueWidth,
      count: rows.count, state: state, stateGradient: stateGradient,
      queryGradients: gradients + group * shape.keyWidth, keyGradients: keys + group * shape.keyWidth,
      valueGradients: values + head * shape.valueWidth, decayGradients: decays + head,
      rateGradients: decays + shape.heads + head, gradientStride: stride, adds: place > 0 ? 1 : 0)
  }
}
