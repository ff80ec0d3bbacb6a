/// The precision that values are kept in between operations; each operation sums in double precision.
public protocol ReferenceScalar: BinaryFloatingPoint, Sendable {
  init(_ value: Double)
  var double: Double { get }
}

extension Float: ReferenceScalar {
  public var double: Double { Double(self) }
}

extension Double: ReferenceScalar {
  public var double: Double { self }
}
