import GraphIR
import Runtime
import TensorCore

extension RowInstruction {
  /// Sums and repeats within a row, and columns that move.
  func reshape(_ rows: Range<Int>, _ lanes: RowLanes) {
    for row in rows {
      let (x, out) = (lanes.a[row], lanes.output[row])
      switch operation {
      case .sum(let spread):
        out.update(repeating: 0, count: output.count)
        add(x, a.count, out, spread)
      case .spread(let spread): repeatWords(x, out, output.count, spread)
      case .pad(let before, let width, let after):
        let whole = before + width + after
        for group in 0..<a.count / width {
          (out + group * whole).update(repeating: 0, count: before)
          (out + group * whole + before).update(from: x + group * width, count: width)
          (out + group * whole + before + width).update(repeating: 0, count: after)
        }
      case .slice(let range, let width):
        for group in 0..<a.count / width {
          (out + group * range.count).update(from: x + group * width + range.lowerBound, count: range.count)
        }
      case .join(let first, let second):
        let y = lanes.b[row]
        for group in 0..<a.count / first {
          let start = out + group * (first + second)
          start.update(from: x + group * first, count: first)
          (start + first).update(from: y + group * second, count: second)
        }
      default: break
      }
    }
  }

  private func add(_ x: Floats, _ count: Int, _ out: Floats, _ spread: Spread) {
    switch spread {
    case .alike: for i in 0..<count { out[i] += x[i] }
    case .one:
      var sum: Double = 0
      for i in 0..<count { sum += Double(x[i]) }
      out[0] = Float(sum)
    case .tiled(let period): for i in 0..<count { out[i % period] += x[i] }
    case .runs(let length):
      for run in 0..<count / length {
        var sum: Double = 0
        for i in run * length..<(run + 1) * length { sum += Double(x[i]) }
        out[run] = Float(sum)
      }
    case .map(let places): for i in 0..<count { out[Int(places[i])] += x[i] }
    }
  }

  private func repeatWords(_ x: Floats, _ out: Floats, _ count: Int, _ spread: Spread) {
    switch spread {
    case .alike: out.update(from: x, count: count)
    case .one: out.update(repeating: x[0], count: count)
    case .tiled(let period):
      for start in stride(from: 0, to: count, by: period) { (out + start).update(from: x, count: period) }
    case .runs(let length):
      for run in 0..<count / length { (out + run * length).update(repeating: x[run], count: length) }
    case .map(let places): for i in 0..<count { out[i] = x[Int(places[i])] }
    }
  }

  /// Rows and columns that indices choose.
  func route(_ rows: Range<Int>, _ lanes: RowLanes, _ frame: Frame) throws {
    for row in rows {
      let (x, y, out) = (lanes.a[row], lanes.b[row], lanes.output[row])
      switch operation {
      case .gather(let width):
        let count = b.map { frame.sizes[$0.rows] } ?? 0
        for slot in 0..<a.count {
          (out + slot * width).update(from: lanes.b[try index(x[slot], below: count)], count: width)
        }
      case .topK(let selection, let width):
        let indices = UnsafeMutableRawPointer(out).assumingMemoryBound(to: Int32.self)
        for group in 0..<a.count / width {
          selection.choose(x + group * width, of: width, into: indices + group * selection.count)
        }
        for slot in 0..<output.count { out[slot] = Float(indices[slot]) }
      case .pick(let width):
        let chosen = output.count / (a.count / width)
        for slot in 0..<output.count {
          out[slot] = x[slot / chosen * width + (try index(y[slot], below: width))]
        }
      case .unpick(let width):
        let groups = output.count / width
        let chosen = a.count / groups
        out.update(repeating: 0, count: output.count)
        for slot in 0..<a.count { out[slot / chosen * width + (try index(y[slot], below: width))] += x[slot] }
      case .weightedSum(let width):
        let weights = b?.count ?? 1
        out.update(repeating: 0, count: width)
        for k in 0..<weights { for i in 0..<width { out[i] += y[k] * x[k * width + i] } }
      default: break
      }
    }
  }
}
