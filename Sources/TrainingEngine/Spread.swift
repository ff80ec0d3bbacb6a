/// How the few words of one row stand for the many of another: which of the few each of the many meets.
enum Spread: Hashable, Sendable {
  /// Each its own.
  case alike
  /// All meet the only one.
  case one
  /// The few are repeated, so many at a time.
  case tiled(Int)
  /// Each of the few is met by a run of so many.
  case runs(Int)
  case map([Int32])

  /// `small`'s sizes, aligned right, are those of `large` or 1.
  init(_ small: [Int], over large: [Int]) {
    let few = small.reduce(1, *)
    let many = large.reduce(1, *)
    let sizes = [Int](repeating: 1, count: max(0, large.count - small.count)) + small.suffix(large.count)
    if few == many {
      self = .alike
    } else if few == 1 {
      self = .one
    } else if let first = sizes.firstIndex(where: { $0 != 1 }), sizes[first...] == large[first...] {
      self = .tiled(few)
    } else if let last = sizes.lastIndex(where: { $0 != 1 }), sizes[...last] == large[...last] {
      self = .runs(many / few)
    } else {
      self = .map(Self.indices(sizes, over: large))
    }
  }

  /// The place among the few of each of the many.
  static func indices(_ small: [Int], over large: [Int]) -> [Int32] {
    let sizes = [Int](repeating: 1, count: max(0, large.count - small.count)) + small.suffix(large.count)
    return (0..<large.reduce(1, *)).map { index in
      var (rest, place, stride) = (index, 0, 1)
      for d in large.indices.reversed() {
        if sizes[d] != 1 { place += rest % large[d] * stride }
        stride *= sizes[d]
        rest /= large[d]
      }
      return Int32(place)
    }
  }
}
