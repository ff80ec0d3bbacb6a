extension ProcessorFeatures {
  /// The best of a build's tables of kernels, which `table` numbers better ones later: the last one that needs nothing
  /// beyond these features and is wanted.
  func best<Table>(
    _ table: (Int) -> UnsafePointer<Table>?, needing features: (Table) -> UInt32,
    where isWanted: (Table) -> Bool = { _ in true }
  ) -> UnsafePointer<Table> {
    var best: UnsafePointer<Table>?
    var index = 0
    while let candidate = table(index) {
      let isUsable = ProcessorFeatures(rawValue: features(candidate.pointee)).isSubset(of: self)
      if isUsable && isWanted(candidate.pointee) { best = candidate }
      index += 1
    }
    guard let best else { preconditionFailure("every build has portable kernels") }
    return best
  }
}
