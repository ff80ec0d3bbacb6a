import GraphIR

extension HostArray {
  /// Rows of the first dimension by their keys: kept numbers times the mask's scale, the others 0.
  func dropped(by keys: HostArray, _ mask: DropoutMask) throws -> HostArray {
    try HostArray(shape: shape) { result in
      for t in 0..<(shape.first ?? 1) {
        let key = UInt32(try index(keys.values[t], below: 1 << 31))
        for place in 0..<rowWidth where mask.keeps(key: key, place: place) {
          result[t * rowWidth + place] = values[t * rowWidth + place] * Scalar(mask.scale)
        }
      }
    }
  }

  /// The same of a pattern `[t, h, s]`, each head by itself; places are positions in the row's own sequence.
  func droppedPattern(by keys: HostArray, _ mask: DropoutMask, runs: [Range<Int>]) throws -> HostArray {
    try HostArray(shape: shape) { result in
      for run in runs {
        for t in run {
          let key = UInt32(try index(keys.values[t], below: 1 << 31))
          for h in 0..<shape[1] {
            let row = (t * shape[1] + h) * columns
            for s in run where s < columns && mask.keeps(key: key, place: s - run.lowerBound, head: h) {
              result[row + s] = values[row + s] * Scalar(mask.scale)
            }
          }
        }
      }
    }
  }
}
