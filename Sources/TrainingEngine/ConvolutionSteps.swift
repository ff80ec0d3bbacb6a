import CKernels
import Kernels

/// A causal convolution of each channel with its own taps, within sequences, and its gradient by the rows.
struct ConvolutionStep: TrainingStep {
  let name: String
  let input: View
  /// `[channels, taps]`, without gaps.
  let weight: View
  let bias: View?
  let taps: Int
  let output: View
  /// Whether rows are gradients by what the convolution gave, and results those by its input.
  let isGradient: Bool
  let kernels: TrainingKernels

  static let columns = 64

  var kind: String { "convolution" }
  var title: String { name }
  var reads: [View] { [input, weight] + (bias.map { [$0] } ?? []) }
  var writes: [View] { [output] }
  var scratchWords: Int { (taps - 1) * Self.columns }

  private var blocks: Int { (input.count + Self.columns - 1) / Self.columns }
  func tiles(_ sizes: Sizes) -> Int { sizes.sequences * blocks }

  func run(tile: Int, _ frame: Frame) {
    let (index, block) = tile.quotientAndRemainder(dividingBy: blocks)
    let (run, first) = (frame.runs[index], block * Self.columns)
    let (x, out) = (frame[input], frame[output])
    var range = convolution_range(
      inputs: x[Int(run.start)] + first, weights: frame[weight].base + first * taps,
      biases: bias.map { UnsafePointer(frame[$0].base + first) }, state: frame.scratch,
      outputs: out[Int(run.start)] + first, inputStride: x.stride, stateStride: Self.columns, outputStride: out.stride,
      channels: min(Self.columns, input.count - first), taps: taps, count: Int(run.count))
    if isGradient { return kernels.training.convolution_gradient(&range) }
    frame.scratch.update(repeating: 0, count: scratchWords)
    kernels.recurrence.convolution(&range)
  }
}

/// The gradient of a convolution by its taps: sums over the rows of all sequences, in their order.
struct ConvolutionWeightStep: TrainingStep {
  let name: String
  let gradient: View
  let input: View
  let taps: Int
  /// `[channels, taps]`, without gaps.
  let output: View
  let storing: Storing
  let kernels: TrainingKernels

  static let columns = 64

  var kind: String { "convolution" }
  var title: String { name }
  var reads: [View] { [gradient, input] + (storing == .adds ? [output] : []) }
  var writes: [View] { [output] }

  func tiles(_ sizes: Sizes) -> Int { (input.count + Self.columns - 1) / Self.columns }

  func run(tile: Int, _ frame: Frame) {
    let first = tile * Self.columns
    let columns = min(Self.columns, input.count - first)
    let (g, x, sums) = (frame[gradient], frame[input], frame[output].base + first * taps)
    if !storing.adds(frame) { sums.update(repeating: 0, count: columns * taps) }
    for index in 0..<frame.sizes.sequences {
      let run = frame.runs[index]
      kernels.training.convolution_weight_gradient(
        g[Int(run.start)] + first, g.stride, x[Int(run.start)] + first, x.stride, Int(run.count), columns, taps, sums)
    }
  }
}
