import CKernels
import Foundation
import Testing

extension vector_isa {
  var training: training_kernels { training_kernels_for(self).pointee }
}

/// Broadcasts, sums over rows, gathering, rotation and the optimizer against double precision on every instruction set.
@Suite struct TrainingRowTests {
  static let widths = [1, 3, 15, 16, 17, 63, 64, 65, 130]
  static let rows = 7

  @Test(arguments: widths) func `one row or one number for all rows`(_ width: Int) {
    var random = RowRandom(1)
    let x = random.floats(Self.rows * width)
    let (across, down) = (random.floats(width), random.floats(Self.rows))
    for set in availableSets {
      var (byRow, byColumn) = ([Float](repeating: .nan, count: x.count), [Float](repeating: .nan, count: x.count))
      set.training.binary_row(ROW_MULTIPLY, x, across, Self.rows, width, &byRow)
      set.training.binary_column(ROW_SUBTRACT, x, down, Self.rows, width, &byColumn)
      #expect(byRow == x.indices.map { x[$0] * across[$0 % width] })
      #expect(byColumn == x.indices.map { x[$0] - down[$0 / width] })
    }
  }

  @Test(arguments: widths) func `sums over rows go in order`(_ width: Int) {
    var random = RowRandom(2)
    let stride = width + 2
    let x = random.floats(Self.rows * stride)
    for set in availableSets {
      for adds: Int32 in [0, 1] {
        var out = [Float](repeating: adds == 1 ? 2 : .nan, count: width)
        set.training.column_sums(x, stride, Self.rows, width, adds, &out)
        #expect(out == (0..<width).map { c in (0..<Self.rows).reduce(Float(adds) * 2) { $0 + x[$1 * stride + c] } })
      }
    }
  }

  @Test(arguments: widths) func `dropout keeps numbers or not, alike in parts and on every instruction set`(
    _ width: Int
  ) {
    var random = RowRandom(4)
    let x = random.floats(width).map { $0 + 3 }
    var first: [Float]?
    for set in availableSets {
      var mask = dropout_mask(salt: 9, threshold: 1 << 22, scale: 1.5)
      var (whole, parts) = ([Float](repeating: .nan, count: width), [Float](repeating: .nan, count: width))
      set.training.dropout(&mask, 123_456, 0, x, width, &whole)
      let middle = width / 3
      set.training.dropout(&mask, 123_456, 0, x, middle, &parts)
      let tail = Array(x[middle...])
      var rest = [Float](repeating: .nan, count: width - middle)
      set.training.dropout(&mask, 123_456, middle, tail, tail.count, &rest)
      parts.replaceSubrange(middle..., with: rest)
      #expect(parts == whole && (first ?? whole) == whole)
      #expect(zip(whole, x).allSatisfy { $0 == 0 || $0 == $1 * 1.5 })
      #expect(width < 60 || whole.contains(0) && whole.contains { $0 != 0 })
      first = whole
    }
  }

  @Test(arguments: widths) func `rows are gathered and scattered`(_ width: Int) {
    var random = RowRandom(3)
    let indices: [Int32] = [2, 0, 2, 4, 4, 2, 1]
    let (table, x) = (random.floats(5 * (width + 1)), random.floats(Self.rows * (width + 2)))
    for set in availableSets {
      var rows = [Float](repeating: -1, count: Self.rows * (width + 3))
      set.training.gather(table, width + 1, indices, Self.rows, width, &rows, width + 3)
      var sums = table
      set.training.scatter_add(x, width + 2, indices, Self.rows, width, &sums, width + 1)
      var expected = table
      for r in 0..<Self.rows {
        for c in 0..<width {
          #expect(rows[r * (width + 3) + c] == table[Int(indices[r]) * (width + 1) + c])
          expected[Int(indices[r]) * (width + 1) + c] += x[r * (width + 2) + c]
        }
        #expect(rows[r * (width + 3) + width] == -1)
      }
      #expect(sums == expected)
    }
  }

  @Test(arguments: [2, 8, 32, 34, 64], [Int32(0), 1]) func `heads turn by their rows' positions and back`(
    _ width: Int, _ isInterleaved: Int32
  ) {
    let (heads, rest, positions) = (3, 5, [Int32(0), 3, 1, 2, 3, 0, 2])
    var random = RowRandom(4)
    let row = heads * (width + rest)
    let x = random.floats(Self.rows * row)
    let angles = random.floats(4 * width / 2, 3)
    let (cosines, sines) = (angles.map { Float(cos(Double($0))) }, angles.map { Float(sin(Double($0))) })
    for set in availableSets {
      var (turned, back) = (x, x)
      turn(set, x, cosines, sines, positions, heads, width, rest, isInterleaved, isInverse: 0, &turned)
      for r in 0..<Self.rows {
        for h in 0..<heads {
          let at = r * row + h * (width + rest)
          var expected = Array(x[at..<at + width + rest])
          let angle = Int(positions[r]) * width / 2
          set.rows.rope(
            Array(x[at..<at + width]), Array(cosines[angle...]), Array(sines[angle...]), width, isInterleaved, &expected
          )
          #expect(Array(turned[at..<at + width + rest]) == expected)
        }
      }
      turn(set, turned, cosines, sines, positions, heads, width, rest, isInterleaved, isInverse: 1, &back)
      #expect(largestError(back, x.map(Double.init)) <= 16 * 0x1p-24)
    }
  }

  private func turn(
    _ set: vector_isa, _ x: [Float], _ cosines: [Float], _ sines: [Float], _ positions: [Int32], _ heads: Int,
    _ width: Int, _ rest: Int, _ isInterleaved: Int32, isInverse: Int32, _ out: inout [Float]
  ) {
    let row = heads * (width + rest)
    x.withUnsafeBufferPointer { x in
      out.withUnsafeMutableBufferPointer { out in
        cosines.withUnsafeBufferPointer { cosines in
          sines.withUnsafeBufferPointer { sines in
            positions.withUnsafeBufferPointer { positions in
              var work = rope_rows(
                x: x.baseAddress!, xRow: row, out: out.baseAddress!, outRow: row, heads: heads,
                headWidth: width + rest, width: width, cosines: cosines.baseAddress!, sines: sines.baseAddress!,
                positions: positions.baseAddress!, interleaved: isInterleaved, isInverse: isInverse)
              set.training.rope(&work, 0, 3)
              set.training.rope(&work, 3, Self.rows - 3)
            }
          }
        }
      }
    }
  }

  @Test(arguments: [1, 16, 19, 200]) func `steps of AdamW`(_ count: Int) {
    var random = RowRandom(5)
    let (p, g, m) = (random.floats(count), random.floats(count, 4), random.floats(count, 0.1))
    let v = random.floats(count).map { abs($0) }
    let (rate, decay, beta1, beta2, epsilon) = (Float(1e-3), Float(0.1), Float(0.9), Float(0.95), Float(1e-8))
    var step = adamw_step()
    (step.beta1, step.beta2, step.epsilon, step.gradientScale) = (beta1, beta2, epsilon, 0.5)
    step.rate = rate / (1 - pow(beta1, 3))
    step.inverseRoot2 = 1 / (1 - pow(beta2, 3)).squareRoot()
    step.keep = 1 - rate * decay
    for set in availableSets {
      var (newP, newM, newV) = (p, m, v)
      set.training.adamw(&step, g, count, &newP, &newM, &newV)
      for i in 0..<count {
        let slope = Double(g[i]) * 0.5
        let first = Double(beta1) * Double(m[i]) + (1 - Double(beta1)) * slope
        let second = Double(beta2) * Double(v[i]) + (1 - Double(beta2)) * slope * slope
        let divisor = second.squareRoot() * Double(step.inverseRoot2) + Double(epsilon)
        let exact = Double(step.keep) * Double(p[i]) - Double(step.rate) * first / divisor
        #expect(abs(Double(newM[i]) - first) <= 4 * 0x1p-24 * (abs(Double(m[i])) + abs(slope)))
        #expect(abs(Double(newV[i]) - second) <= 6 * 0x1p-24 * second)
        let size = abs(Double(p[i])) + Double(step.rate) * (abs(Double(m[i])) + abs(slope)) / divisor
        #expect(abs(Double(newP[i]) - exact) <= 8 * 0x1p-24 * size)
      }
    }
  }

  @Test(arguments: [0, 1, 16, 33, 5000]) func `squares are summed in double precision`(_ count: Int) {
    var random = RowRandom(6)
    let x = random.floats(count, 3)
    let exact = x.reduce(0.0) { $0 + Double($1) * Double($1) }
    let sums = availableSets.map { $0.training.sum_squares(x, count) }
    for sum in sums { #expect(abs(sum - exact) <= Double(count + 8) * 0x1p-53 * exact) }
    for sum in sums { #expect(sum == sums[0]) }
    for set in availableSets {
      var scaled = x
      set.training.scale(0.3, count, &scaled)
      #expect(scaled == x.map { $0 * 0.3 })
    }
  }
}
