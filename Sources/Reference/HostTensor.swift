/// Float32 numbers with sizes.
public typealias HostTensor = HostArray<Float>

/// Plain numbers with sizes, outermost dimension first; integers are held exactly, as floats below 2²⁴.
public struct HostArray<Scalar: ReferenceScalar>: Equatable, Sendable {
  public var shape: [Int]
  public var values: [Scalar]

  /// `values` must hold exactly the elements of `shape`.
  public init(shape: [Int], values: [Scalar]) {
    precondition(values.count == shape.reduce(1, *), "values do not fit the shape")
    (self.shape, self.values) = (shape, values)
  }

  /// The last dimension; 1 for a scalar.
  public var columns: Int { shape.last ?? 1 }
  public var rowCount: Int { shape.dropLast().reduce(1, *) }

  /// The values of one row of `columns`, counted over all leading dimensions.
  public func row(_ index: Int) -> ArraySlice<Scalar> { values[index * columns..<(index + 1) * columns] }

  /// Elements after the first dimension.
  var rowWidth: Int { shape.dropFirst().reduce(1, *) }

  init(shape: [Int], filling fill: (inout [Scalar]) throws -> Void) rethrows {
    self.shape = shape
    values = [Scalar](repeating: 0, count: shape.reduce(1, *))
    try fill(&values)
  }

  /// Each row of the last dimension made anew from its values.
  func mapRows(_ transform: (ArraySlice<Scalar>) -> [Scalar]) -> HostArray {
    HostArray(shape: shape, values: (0..<rowCount).flatMap { transform(row($0)) })
  }

  func map(_ transform: (Scalar) -> Scalar) -> HostArray {
    HostArray(shape: shape, values: values.map(transform))
  }
}

/// `Σᵢ a[i] · b[i]` in double precision, in four running sums.
func dot<Scalar: ReferenceScalar>(
  _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ count: Int
) -> Double {
  var (s0, s1, s2, s3) = (0.0, 0.0, 0.0, 0.0)
  var i = 0
  while i + 4 <= count {
    s0 += a[i].double * b[i].double
    s1 += a[i + 1].double * b[i + 1].double
    s2 += a[i + 2].double * b[i + 2].double
    s3 += a[i + 3].double * b[i + 3].double
    i += 4
  }
  while i < count {
    s0 += a[i].double * b[i].double
    i += 1
  }
  return (s0 + s1) + (s2 + s3)
}
