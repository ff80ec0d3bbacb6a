import CKernels
import GraphIR
import Planning

extension Executor {
  func pick(_ a: Lane, _ choice: Lane, _ out: Lane, _ rows: Int) {
    for row in 0..<rows {
      for group in 0..<choice.groups {
        let (x, indices) = (a[row] + group * a.groupStride, choice[row] + group * choice.groupStride)
        for index in 0..<choice.width {
          out[row][group * out.groupStride + index] = x[Int(UnsafeRawPointer(indices + index).load(as: Int32.self))]
        }
      }
    }
  }

  /// `weights` has a run of one word a term for each group of the output.
  func weightedSum(_ a: Lane, _ weight: Lane, _ out: Lane, _ rows: Int) {
    for row in 0..<rows {
      out[row].update(repeating: 0, count: out.count)
      for group in 0..<weight.groups {
        for term in 0..<weight.width {
          rowKernels.accumulate(
            a[row] + (group * weight.width + term) * a.groupStride, weight[row][group * weight.groupStride + term],
            a.width, out[row] + group * out.groupStride)
        }
      }
    }
  }

  /// Lists each expert's rows in order of rows; thread 0 alone.
  func route(_ choices: Operand, _ route: Route, rows count: Int) {
    let starts = words(route.starts)
    let slots = words(route.slots)
    let rows = words(route.rows)
    starts.update(repeating: 0, count: route.experts + 1)
    func choice(_ row: Int, _ k: Int) -> Int {
      let expert = Int((arena + (choices.offset + row * choices.rowStride + k) * 4).load(as: Int32.self))
      precondition(expert >= 0 && expert < route.experts, "chooses an expert that the weight lacks")
      return expert
    }
    for row in 0..<count {
      for k in 0..<route.used { starts[choice(row, k) + 1] += 1 }
    }
    let active = words(route.active)
    active[0] = 0
    for expert in 0..<route.experts {
      if starts[expert + 1] > 0 {
        active[0] += 1
        active[Int(active[0])] = Int32(expert)
      }
      starts[expert + 1] += starts[expert]
    }
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: route.experts) { next in
      for expert in 0..<route.experts { next[expert] = starts[expert] }
      for row in 0..<count {
        for k in 0..<route.used {
          let expert = choice(row, k)
          slots[Int(next[expert])] = Int32(row * route.used + k)
          rows[Int(next[expert])] = Int32(row)
          next[expert] += 1
        }
      }
    }
  }

  func words(_ offset: Int) -> UnsafeMutablePointer<Int32> {
    (arena + offset * 4).assumingMemoryBound(to: Int32.self)
  }
}
