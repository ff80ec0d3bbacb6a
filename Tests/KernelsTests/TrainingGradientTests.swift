import CKernels
import Foundation
import Testing

/// Gradients of norms and functions, and the loss, against double precision on every instruction set.
@Suite struct TrainingGradientTests {
  static let widths = [1, 2, 15, 16, 17, 48, 63, 64, 65, 100, 129, 384]
  static let rows = 5

  /// A row's factor, and with it every element, carries the roundings of its sums: `width / 64 + 8` of them twice.
  private static func relative(_ width: Int) -> Double { 4 * (Double(width) / 64 + 16) * 0x1p-24 }

  private struct NormCase {
    let width: Int
    let isCentred: Bool
    let x, g, weight: [Float]

    init(width: Int, isCentred: Bool) {
      var random = RowRandom(7)
      (self.width, self.isCentred) = (width, isCentred)
      (x, g, weight) = (random.floats(rows * width, 3), random.floats(rows * width), random.floats(width))
    }

    /// Gradients by x, by the weight and by the bias, and the largest sum of magnitudes in one by x.
    func exact(isWeighted: Bool) -> (x: [Double], weight: [Double], bias: [Double], size: Double) {
      var (dx, dw, db) = ([Double](), [Double](repeating: 0, count: width), [Double](repeating: 0, count: width))
      var size = 0.0
      for r in 0..<rows {
        let row = x[r * width..<(r + 1) * width].map(Double.init)
        let g = self.g[r * width..<(r + 1) * width].map(Double.init)
        let mean = isCentred ? row.reduce(0, +) / Double(width) : 0
        let centred = row.map { $0 - mean }
        let factor = 1 / (centred.reduce(0) { $0 + $1 * $1 } / Double(width) + Double(Float(1e-5))).squareRoot()
        let slopes = isWeighted ? zip(g, weight).map { $0 * Double($1) } : g
        let level = isCentred ? slopes.reduce(0, +) / Double(width) : 0
        let share = zip(slopes, centred).reduce(0) { $0 + $1.0 * $1.1 } * factor * factor / Double(width)
        let shareSize = zip(slopes, centred).reduce(0) { $0 + abs($1.0 * $1.1) } * factor * factor / Double(width)
        for c in 0..<width {
          dx.append(factor * (slopes[c] - level - centred[c] * share))
          dw[c] += g[c] * centred[c] * factor
          db[c] += g[c]
          size = max(size, factor * (2 + (abs(centred[c]) + 3) * shareSize))
        }
      }
      return (dx, dw, db, size)
    }
  }

  @Test(arguments: widths, [false, true]) func `norms give gradients by rows, weights and biases`(
    _ width: Int, _ isCentred: Bool
  ) {
    let test = NormCase(width: width, isCentred: isCentred)
    // A centred row of one element is 0 over the square root of epsilon, whose rounding is all there is.
    if isCentred && width == 1 { return }
    let before = [Float](repeating: 0.5, count: test.x.count)
    for set in availableSets {
      for isWeighted in [false, true] {
        let exact = test.exact(isWeighted: isWeighted)
        let weight = isWeighted ? test.weight : nil
        var (plain, added) = ([Float](repeating: .nan, count: before.count), before)
        var (dw, db) = ([Float](repeating: .nan, count: width), [Float](repeating: .nan, count: width))
        if isCentred {
          let gradient = set.training.layer_norm_gradient
          gradient(test.x, test.g, weight, 1e-5, Self.rows, width, 0, &plain, &dw, &db)
          gradient(test.x, test.g, weight, 1e-5, Self.rows, width, 1, &added, nil, nil)
          #expect(largestError(db, exact.bias) <= Double(Self.rows) * Double(Self.rows) * 0x1p-24)
        } else {
          set.training.rms_norm_gradient(test.x, test.g, weight, 1e-5, Self.rows, width, 0, &plain, &dw)
          set.training.rms_norm_gradient(test.x, test.g, weight, 1e-5, Self.rows, width, 1, &added, nil)
        }
        let bound = Self.relative(width) * exact.size
        #expect(largestError(plain, exact.x) <= bound)
        #expect(added == plain.map { $0 + 0.5 })
        let largest = Double(width).squareRoot()
        #expect(largestError(dw, exact.weight) <= Self.relative(width) * Double(Self.rows) * largest)
      }
    }
  }

  @Test(arguments: widths) func `softmax gives gradients by its logits`(_ width: Int) {
    var random = RowRandom(3)
    var p = random.floats(Self.rows * width).map { max($0, 0) / Float(width) }
    var g = random.floats(Self.rows * width, 4)
    p[0] = 0
    g[0] = .nan
    var exact: [Double] = []
    for r in 0..<Self.rows {
      let at = r * width..<(r + 1) * width
      let share = at.reduce(0.0) { $0 + (p[$1] == 0 ? 0 : Double(p[$1]) * Double(g[$1])) }
      exact += at.map { p[$0] == 0 ? 0 : Double(p[$0]) * (Double(g[$0]) - share) }
    }
    for set in availableSets {
      var out = [Float](repeating: .nan, count: p.count)
      set.training.softmax_gradient(p, g, Self.rows, width, &out)
      #expect(largestError(out, exact) <= Self.relative(width) * 8 / Double(width))
    }
  }

  @Test(arguments: widths) func `the loss and its gradient`(_ width: Int) {
    var random = RowRandom(4)
    let logits = random.floats(Self.rows * width, 10)
    let weights = random.floats(Self.rows)
    let targets = (0..<Self.rows).map { $0 == 2 ? -1 : Int32(($0 * 7) % width) }
    var (losses, slopes) = ([Double](), [Double]())
    for r in 0..<Self.rows {
      let row = logits[r * width..<(r + 1) * width].map(Double.init)
      let sum = row.reduce(0) { $0 + exp($1) }
      losses.append(targets[r] < 0 ? 0 : log(sum) - row[Int(targets[r])])
      slopes += row.enumerated().map {
        targets[r] < 0 ? 0 : Double(weights[r]) * (exp($0.element) / sum - ($0.offset == Int(targets[r]) ? 1 : 0))
      }
    }
    for set in availableSets {
      var (loss, alone) = ([Float](repeating: .nan, count: Self.rows), [Float](repeating: .nan, count: Self.rows))
      var gradient = logits
      gradient.withUnsafeMutableBufferPointer {
        set.training.cross_entropy($0.baseAddress!, targets, weights, Self.rows, width, &loss, $0.baseAddress!)
      }
      set.training.cross_entropy(logits, targets, nil, Self.rows, width, &alone, nil)
      #expect(largestError(loss, losses) <= Self.relative(width) * 20)
      #expect(largestError(alone, losses) <= Self.relative(width) * 20)
      #expect(largestError(gradient, slopes) <= Self.relative(width) * 2)
    }
  }

  /// `f(x)` and `f′(x)`.
  private static func exact(_ function: row_unary, _ x: Double) -> (value: Double, slope: Double) {
    let sigmoid = 1 / (1 + exp(-x))
    let root = (2 / Double.pi).squareRoot()
    switch function {
    case ROW_SILU: return (x * sigmoid, sigmoid * (1 + x * (1 - sigmoid)))
    case ROW_SIGMOID: return (sigmoid, sigmoid * (1 - sigmoid))
    case ROW_GELU:
      let half = 0.5 * (1 + erf(x * 0.5.squareRoot()))
      return (x * half, half + x * exp(-0.5 * x * x) / (2 * Double.pi).squareRoot())
    case ROW_GELU_TANH:
      let t = tanh(root * (x + 0.044715 * x * x * x))
      return (0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * root * (1 + 3 * 0.044715 * x * x))
    case ROW_RELU: return (max(x, 0), x > 0 ? 1 : 0)
    case ROW_RELU_SQUARED: return (max(x, 0) * max(x, 0), 2 * max(x, 0))
    case ROW_TANH: return (tanh(x), 1 / (cosh(x) * cosh(x)))
    case ROW_EXP: return (exp(x), exp(x))
    case ROW_SOFTPLUS: return (log1p(exp(x)), sigmoid)
    case ROW_LOG1P: return (log1p(x), 1 / (1 + x))
    case ROW_FLOOR: return (floor(x), 0)
    case ROW_NEGATE: return (-x, -1)
    default: return (x.squareRoot(), 0.5 / x.squareRoot())
    }
  }

  @Test(arguments: 0..<13 as Range<UInt32>) func `slopes of functions`(_ code: UInt32) {
    let function = row_unary(code)
    var random = RowRandom(UInt64(code) + 1)
    let isPositive = function == ROW_LOG1P || function == ROW_SQRT
    let x = (random.floats(300, 12) + random.floats(300, 1)).map { isPositive ? abs($0) : $0 }
    let (g, y) = (random.floats(x.count), random.floats(x.count))
    let values = x.map { Self.exact(function, Double($0)) }
    for set in availableSets {
      for count in [1, 15, 16, 17, 600] {
        var (out, dx, dy) = (g, g, y)
        set.training.unary_gradient(function, g, x, count, &out)
        set.training.gated_gradient(function, g, x, y, count, &dx, &dy)
        for i in 0..<count {
          // Eight units of the slope, or of 1 where terms of that size cancel.
          let unit = 8 * 0x1p-24 * max(abs(values[i].slope), function == ROW_EXP ? 0 : 1)
          let valueUnit = 8 * 0x1p-24 * max(abs(values[i].value), 1)
          #expect(abs(Double(out[i]) - Double(g[i]) * values[i].slope) <= unit, "\(function) at \(x[i])")
          #expect(abs(Double(dx[i]) - Double(g[i]) * Double(y[i]) * values[i].slope) <= unit)
          #expect(abs(Double(dy[i]) - Double(g[i]) * values[i].value) <= valueUnit)
        }
        #expect(out[count...] == g[count...])
      }
    }
  }
}
