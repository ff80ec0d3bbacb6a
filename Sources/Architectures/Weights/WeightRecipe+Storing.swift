public import Checkpoints

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tensors of a checkpoint as they come together from a graph's weights.
public struct StoredWeights: Sendable {
  public struct Stored: Sendable {
    public var values: [Float]
    public var shape: [Int]

    public init(values: [Float], shape: [Int]) { (self.values, self.shape) = (values, shape) }
  }

  /// The tensors so far, in the order in which they came.
  public private(set) var names: [String] = []
  private var tensors: [String: Stored] = [:]
  /// The sizes of a stored tensor that several weights share; nil where none is known.
  let shape: (@Sendable (String) -> [Int]?)

  public init(shape: @escaping @Sendable (String) -> [Int]? = { _ in nil }) { self.shape = shape }

  public subscript(name: String) -> Stored? {
    get { tensors[name] }
    set {
      if tensors[name] == nil { names.append(name) }
      tensors[name] = newValue
    }
  }
}

extension WeightRecipe {
  /// The way back: stores a weight of the graph so that this recipe gives it again.
  ///
  /// Throws `CheckpointError` for a step that loses what it does not use, or where the sizes of a shared tensor are not
  /// known.
  public func store(_ values: [Float], shape: [Int], into stored: inout StoredWeights) throws(CheckpointError) {
    switch self {
    case .stored(let name): stored[name] = .init(values: values, shape: shape)
    case .first(let all):
      let chosen = all.first { $0.sources.allSatisfy { stored.shape($0) != nil } } ?? all.first
      guard let chosen else { throw misfit("there is no recipe") }
      try chosen.store(values, shape: shape, into: &stored)
    case .transposed(let base):
      guard shape.count == 2 else { throw misfit("\(shape) cannot be transposed back") }
      let (rows, columns) = (shape[0], shape[1])
      let turned = [Float](unsafeUninitializedCapacity: values.count) { output, count in
        for row in 0..<rows {
          for column in 0..<columns { output[column * rows + row] = values[row * columns + column] }
        }
        count = values.count
      }
      try base.store(turned, shape: [columns, rows], into: &stored)
    case .interleavedForRope(let base, let heads, let width):
      guard shape.first == heads * width, width % 2 == 0 else { throw misfit("\(shape) has no \(heads) heads") }
      let size = values.count / (heads * width)
      var halves = values
      for head in 0..<heads {
        for row in 0..<width {
          let from = (head * width + row) * size
          let to = (head * width + row % 2 * (width / 2) + row / 2) * size
          halves.replaceSubrange(to..<to + size, with: values[from..<from + size])
        }
      }
      try base.store(halves, shape: shape, into: &stored)
    case .plus(let base, let constant): try base.store(values.map { $0 - constant }, shape: shape, into: &stored)
    case .negatedExponential(let base): try base.store(values.map { logf(-$0) }, shape: shape, into: &stored)
    case .reshaped(.stored(let name), _):
      stored[name] = .init(values: values, shape: stored.shape(name) ?? shape)
    case .stacked(let all):
      let size = values.count / max(all.count, 1)
      for (index, part) in all.enumerated() {
        try part.store(
          Array(values[index * size..<(index + 1) * size]), shape: Array(shape.dropFirst()), into: &stored)
      }
    case .rows(.stored(let name), let range):
      guard let whole = stored.shape(name) ?? stored[name]?.shape, let rows = whole.first, range.upperBound <= rows,
        values.count == whole.dropFirst().reduce(range.count, *)
      else { throw misfit("its sizes are not known") }
      let size = values.count / max(range.count, 1)
      var tensor = stored[name] ?? .init(values: [Float](repeating: 0, count: rows * size), shape: whole)
      tensor.values.replaceSubrange(range.lowerBound * size..<range.upperBound * size, with: values)
      stored[name] = tensor
    case .reshaped, .rows, .columns, .concatenated, .mxfp4:
      throw misfit("a weight that is made of it cannot be written back")
    }
  }
}
