public import Checkpoints
public import TensorCore

extension WeightRecipe {
  /// The format the made tensor will have; nil where a stored tensor is missing.
  public func format(in source: some TensorSource) -> BlockFormat? {
    switch self {
    case .stored(let name): source.format(name)
    case .first(let all): (all.first { $0.sources.allSatisfy(source.has) } ?? all.first)?.format(in: source)
    case .stacked(let all), .concatenated(let all): all.first?.format(in: source)
    case .rows(let base, _), .columns(let base, _), .transposed(let base), .reshaped(let base, _),
      .interleavedForRope(let base, _, _):
      base.format(in: source)
    case .plus, .negatedExponential: .f32
    case .mxfp4: .mxfp4
    }
  }

  /// The sizes that the made tensor will have; nil where a stored tensor is missing.
  func shape(in source: some TensorSource) -> [Int]? {
    switch self {
    case .stored(let name): source.shape(name)
    case .first(let all): (all.first { $0.isComplete(in: source) } ?? all.first)?.shape(in: source)
    case .rows(let base, let range): base.shape(in: source).map { [range.count] + $0.dropFirst() }
    case .columns(let base, let range): base.shape(in: source).map { $0.dropLast() + [range.count] }
    case .transposed(let base): base.shape(in: source).map { $0.dropLast(2) + $0.suffix(2).reversed() }
    case .stacked(let all): all.first?.shape(in: source).map { [all.count] + $0 }
    case .concatenated(let all): Self.joined(all.map { $0.shape(in: source) })
    case .reshaped(_, let shape): shape
    case .interleavedForRope(let base, _, _), .plus(let base, _), .negatedExponential(let base):
      base.shape(in: source)
    case .mxfp4(_, let scales): scales.shape(in: source).map { $0.dropLast() + [($0.last ?? 0) * 32] }
    }
  }

  private static func joined(_ shapes: [[Int]?]) -> [Int]? {
    let known = shapes.compactMap { $0 }
    guard known.count == shapes.count, let first = known.first, !first.isEmpty else { return nil }
    return [known.reduce(0) { $0 + $1[0] }] + first.dropFirst()
  }
}
