public import Checkpoints
import Quantization
public import TensorCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tensors of a checkpoint as they come together from a graph's weights, over those that it had before.
public struct StoredWeights: TensorSource {
  /// The tensors that were stored so far, in the order in which they came.
  public private(set) var written = MemoryTensors()
  private let before: any TensorSource

  /// `before` gives the sizes of tensors that several weights share, and what no weight reads of them.
  public init(over before: any TensorSource = MemoryTensors()) { self.before = before }

  public var names: [String] { written.names + before.names.filter { !written.has($0) } }
  public func has(_ name: String) -> Bool { written.has(name) || before.has(name) }
  public func tensor(_ name: String) throws -> Tensor { try written[name] ?? before.tensor(name) }
  public func shape(_ name: String) -> [Int]? { written.shape(name) ?? before.shape(name) }
  public func format(_ name: String) -> BlockFormat? { written.format(name) ?? before.format(name) }

  /// Stores values; a tensor that was there keeps its sizes where they count as many.
  public mutating func store(_ name: String, _ values: [Float], shape: [Int]) {
    let known = self.shape(name).flatMap { $0.reduce(1, *) == values.count ? $0 : nil }
    written[name] = Tensor(values, shape: known ?? shape)
  }
}

extension WeightRecipe {
  /// The way back: stores a weight of the graph so that this recipe gives it again; what it does not read stays.
  ///
  /// Throws what `checkStoring` throws, and `CheckpointError` where the sizes of a shared tensor are not known or do not
  /// fit, or a value has no logarithm.
  public func store(_ values: [Float], shape: [Int], into stored: inout StoredWeights) throws {
    switch self {
    case .stored(let name): stored.store(name, values, shape: shape)
    case .first(let all): try chosen(of: all, in: stored).store(values, shape: shape, into: &stored)
    case .transposed(let base):
      let turned = try transposed(Tensor(values, shape: shape))
      try base.store(turned.floats(), shape: turned.shape, into: &stored)
    case .interleavedForRope(let base, let heads, let width):
      guard shape.first == heads * width, width % 2 == 0 else { throw misfit("\(shape) has no \(heads) heads") }
      try base.store(Self.halved(values, heads: heads, width: width), shape: shape, into: &stored)
    case .plus(let base, let constant):
      try base.store(values.map { $0 - constant }, shape: shape, into: &stored)
    case .negatedExponential(let base):
      guard values.allSatisfy({ $0 < 0 }) else { throw misfit("a value is not below 0, so it has no logarithm") }
      try base.store(values.map { logf(-$0) }, shape: shape, into: &stored)
    case .reshaped(let base, _):
      try base.store(values, shape: base.shape(in: stored) ?? shape, into: &stored)
    case .stacked(let all):
      try storeParts(zip(all, all.map { _ in Array(shape.dropFirst()) }), values, into: &stored)
    case .concatenated(let all):
      try storeParts(zip(all, all.map { $0.shape(in: stored) ?? [] }), values, into: &stored)
    case .rows(let base, let range):
      let whole = try base.tensor(from: stored)
      let rows = whole.shape.first ?? 1
      let all = try replacing(range, of: whole, length: rows, size: whole.elementCount / max(rows, 1), by: values)
      try base.store(all, shape: whole.shape, into: &stored)
    case .columns(let base, let range):
      let whole = try base.tensor(from: stored)
      let all = try replacing(range, of: whole, length: whole.columns, size: 1, by: values)
      try base.store(all, shape: whole.shape, into: &stored)
    case .mxfp4: throw packed
    }
  }

  /// Throws `CheckpointError` for a weight that `store` cannot write back, before there is one: MXFP4 is only read.
  public func checkStoring(in before: some TensorSource) throws {
    switch self {
    case .stored: return
    case .first(let all): try chosen(of: all, in: before).checkStoring(in: before)
    case .stacked(let all), .concatenated(let all): for part in all { try part.checkStoring(in: before) }
    case .rows(let base, _), .columns(let base, _), .transposed(let base), .reshaped(let base, _),
      .interleavedForRope(let base, _, _), .plus(let base, _), .negatedExponential(let base):
      try base.checkStoring(in: before)
    case .mxfp4: throw packed
    }
  }

  private var packed: CheckpointError {
    misfit("is packed in MXFP4: a weight that is made of it cannot be written back")
  }

  private func chosen(of all: [WeightRecipe], in source: some TensorSource) throws(CheckpointError) -> WeightRecipe {
    guard let chosen = all.first(where: { $0.isComplete(in: source) }) ?? all.first else {
      throw misfit("there is no recipe")
    }
    return chosen
  }

  /// Stores each part's share of the values, one after the other.
  private func storeParts(
    _ parts: some Sequence<(WeightRecipe, [Int])>, _ values: [Float], into stored: inout StoredWeights
  ) throws {
    var start = 0
    for (part, shape) in parts {
      let end = start + shape.reduce(1, *)
      guard end <= values.count else { throw misfit("its parts have more than \(values.count) numbers") }
      try part.store(Array(values[start..<end]), shape: shape, into: &stored)
      start = end
    }
    guard start == values.count else { throw misfit("its parts have \(start) numbers, not \(values.count)") }
  }

  /// A tensor's numbers with others in a range of each run, which has `length` parts of `size` numbers.
  private func replacing(
    _ range: Range<Int>, of whole: Tensor, length: Int, size: Int, by values: [Float]
  ) throws -> [Float] {
    let (runs, count) = (whole.elementCount / max(length * size, 1), range.count * size)
    guard range.lowerBound >= 0, range.upperBound <= length, values.count == runs * count else {
      throw misfit("its shape \(whole.shape) has no \(values.count) numbers in \(range)")
    }
    var all = whole.floats()
    for run in 0..<runs {
      let start = (run * length + range.lowerBound) * size
      all.replaceSubrange(start..<start + count, with: values[run * count..<(run + 1) * count])
    }
    return all
  }

  /// Rows `2i + j` of each head brought to `i + j · width / 2`.
  private static func halved(_ values: [Float], heads: Int, width: Int) -> [Float] {
    let size = values.count / (heads * width)
    var halves = values
    for head in 0..<heads {
      for row in 0..<width {
        let from = (head * width + row) * size
        let to = (head * width + row % 2 * (width / 2) + row / 2) * size
        halves.replaceSubrange(to..<to + size, with: values[from..<from + size])
      }
    }
    return halves
  }
}
