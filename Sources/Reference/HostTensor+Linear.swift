extension HostArray {
  /// `out[i…] = table[index[i…]]`, the receiver holding the indices.
  func gathering(from table: HostArray) throws -> HostArray {
    var rows: [Scalar] = []
    rows.reserveCapacity(values.count * table.columns)
    for value in values { rows += table.row(try index(value, below: table.shape[0])) }
    return HostArray(shape: shape + [table.columns], values: rows)
  }

  /// `out[t] = W · x[t] (+ b)`, `W [out, in]`.
  func linear(_ weight: HostArray, bias: HostArray?) -> HostArray {
    let outputs = weight.shape[0]
    return HostArray(shape: shape.dropLast() + [outputs]) { result in
      for t in 0..<rowCount {
        multiply(weight, matrix: 0, row: t) { result[t * outputs + $0] = Scalar($1 + (bias?.values[$0].double ?? 0)) }
      }
    }
  }

  /// `out[t, h] = W[h] · x[t, h]`, `W [heads, out, in]`.
  func headLinear(_ weight: HostArray) -> HostArray {
    let (heads, outputs) = (weight.shape[0], weight.shape[1])
    return HostArray(shape: [shape[0], heads, outputs]) { result in
      for row in 0..<rowCount {
        multiply(weight, matrix: row % heads, row: row) { result[row * outputs + $0] = Scalar($1) }
      }
    }
  }

  /// `out[t, k] = W[choice[t, k]] · x[t]` where `x [T, in]`, `· x[t, k]` where `x [T, K, in]`; `W [experts, out, in]`.
  func expertLinear(_ weight: HostArray, choice: HostArray) throws -> HostArray {
    let (experts, outputs, used) = (weight.shape[0], weight.shape[1], choice.columns)
    return try HostArray(shape: choice.shape + [outputs]) { result in
      for (slot, chosen) in choice.values.enumerated() {
        let expert = try index(chosen, below: experts)
        multiply(weight, matrix: expert, row: shape.count == 3 ? slot : slot / used) {
          result[slot * outputs + $0] = Scalar($1)
        }
      }
    }
  }

  /// Gives each output of one matrix `[out, in]` of `weight [… out, in]` applied to one row of the receiver.
  private func multiply(_ weight: HostArray, matrix: Int, row: Int, _ body: (Int, Double) -> Void) {
    let (inputs, outputs) = (columns, weight.shape[weight.shape.count - 2])
    values.withUnsafeBufferPointer { x in
      weight.values.withUnsafeBufferPointer { w in
        guard let x = x.baseAddress, let w = w.baseAddress else { return }
        for o in 0..<outputs { body(o, dot(x + row * inputs, w + (matrix * outputs + o) * inputs, inputs)) }
      }
    }
  }
}

/// A value used as an index, which must be a whole number of `0..<count`.
func index<Scalar: ReferenceScalar>(_ value: Scalar, below count: Int) throws -> Int {
  guard let index = Int(exactly: value), (0..<count).contains(index) else {
    throw Misuse("index \(value) is not below \(count)")
  }
  return index
}
