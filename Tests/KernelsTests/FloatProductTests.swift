import Kernels
import Testing

/// Products over strided operands against double precision, on every instruction set.
@Suite struct FloatProductTests {
  /// The kernels of every instruction set that this processor can run, rounding ones last.
  static let kernels: [FloatProductKernels] =
    catalogues.map { FloatProductKernels(.float32, features: $0.features) }
    + catalogues.map { FloatProductKernels(.bfloat16, features: $0.features) }.filter(\.roundsFactors)

  private func check(_ product: FloatProductCase, _ comment: String = "") {
    for kernels in Self.kernels {
      let c = product.run(kernels)
      let error = product.largestError(c, roundsFactors: kernels.roundsFactors)
      #expect(error <= 1, "\(kernels.name) \(product.shape) \(comment)")
      #expect(c == product.run(kernels, isReversed: true), "\(kernels.name) \(product.shape) \(comment): tiles matter")
    }
  }

  @Test(arguments: FloatProductCase.Order.allCases, FloatProductCase.Order.allCases)
  func `any order of operands`(_ a: FloatProductCase.Order, _ b: FloatProductCase.Order) {
    check(FloatProductCase(FloatProductShape(rows: 29, columns: 37, steps: 43), a: a, b: b), "\(a) \(b)")
    check(FloatProductCase(FloatProductShape(rows: 130, columns: 96, steps: 32), a: a, b: b), "\(a) \(b)")
  }

  @Test(arguments: [1, 2, 3, 5, 7, 11, 12, 13, 24, 25, 97]) func `any number of rows`(_ rows: Int) {
    for order in FloatProductCase.Order.allCases {
      check(FloatProductCase(FloatProductShape(rows: rows, columns: 33, steps: 17), a: order))
    }
  }

  @Test(arguments: [1, 2, 15, 16, 17, 31, 32, 33, 48, 49, 64, 385]) func `any number of columns`(_ columns: Int) {
    for order in FloatProductCase.Order.allCases {
      check(FloatProductCase(FloatProductShape(rows: 14, columns: columns, steps: 17), b: order))
    }
  }

  @Test(arguments: [0, 1, 2, 15, 16, 31, 32, 33, 255, 256, 257, 511, 512, 513, 1021, 1030])
  func `any number of steps`(_ steps: Int) {
    for order in [FloatProductCase.Order.rowsApart, .columnsApart] {
      check(FloatProductCase(FloatProductShape(rows: 13, columns: 18, steps: steps), a: order, b: order))
    }
  }

  @Test(arguments: [16, 300, 700]) func `sums start from a bias or from what is there`(_ steps: Int) {
    var product = FloatProductCase(FloatProductShape(rows: 50, columns: 49, steps: steps))
    product.hasBias = true
    check(product, "with bias")
    product.hasBias = false
    product.accumulates = true
    check(product, "added")
  }

  @Test(arguments: FloatProductCase.Order.allCases) func `rows and steps by lists`(_ order: FloatProductCase.Order) {
    var product = FloatProductCase(FloatProductShape(rows: 27, columns: 35, steps: 40), a: order, b: order)
    product.aRows = (0..<27).map { Int32($0 * 5 % 27) }
    product.cRows = (0..<27).map { Int32($0 * 4 % 27) }
    check(product, "rows listed")
    product.accumulates = true
    check(product, "rows listed, added")
    product.accumulates = false
    product.aRows = nil
    product.cRows = nil
    product.steps = (0..<40).map { Int32($0 * 7 % 40) }
    check(product, "steps listed")
  }

  @Test func `instruction sets with fused operations agree to the bit`() {
    let fused = catalogues.filter { $0.features.contains(.fma) }.map {
      FloatProductKernels(.float32, features: $0.features)
    }
    let product = FloatProductCase(FloatProductShape(rows: 61, columns: 75, steps: 530))
    let results = fused.map { product.run($0) }
    for result in results.dropFirst() { #expect(result == results[0]) }
  }

  @Test func `an element does not depend on its neighbours`() {
    let whole = FloatProductCase(FloatProductShape(rows: 200, columns: 400, steps: 300))
    var part = whole
    part.shape = FloatProductShape(rows: 5, columns: 3, steps: 300)
    for kernels in Self.kernels {
      let (all, few) = (whole.run(kernels), part.run(kernels))
      for r in 0..<5 {
        for c in 0..<3 { #expect(all[r * 403 + c] == few[r * 6 + c], "\(kernels.name)") }
      }
    }
  }
}
