import CKernels
import GraphIR
import Kernels
import Planning
import Synchronization
import TensorCore

extension Executor {
  /// This thread's part of a task.
  func execute(_ task: TaskWork, counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext) {
    switch task {
    case .ownRows(let domain, let codes): execute(codes, rows: 0..<rows(domain), context)
    case .products(let step): products(step, counter, context)
    case .headProduct(let step): headProduct(step, counter, context)
    case .experts(let step): experts(step, counter, context)
    case .route(let choices, let route, let domain):
      if context.index == 0 { self.route(choices, route, rows: rows(domain)) }
    case .attention(let step): attention(step.pointee, counter, context)
    case .scores(let step): scores(step.pointee, counter, context)
    case .pattern(let scores, let sinks, let output): pattern(scores, sinks, output, counter, context)
    case .mix(let step): mix(step.pointee, counter, context)
    case .convolution(let state, let input, let weight, let bias, let taps, let output):
      convolution(state, input, weight, bias, taps, output, context)
    case .recurrence(let step): recurrence(step.pointee, counter, context)
    }
  }

  /// Hands out `0..<total` in pieces: in fixed shares where `isStatic`, else as threads ask.
  @inline(__always)
  func share(
    _ total: Int, by piece: Int, isStatic: Bool, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext,
    _ body: (Range<Int>) -> Void
  ) {
    if isStatic {
      let range = total * context.index / context.count..<total * (context.index + 1) / context.count
      if !range.isEmpty { body(range) }
      return
    }
    while true {
      let start = counter.pointee.next.wrappingAdd(piece, ordering: .relaxed).oldValue
      if start >= total { return }
      body(start..<min(total, start + piece))
    }
  }

  private func convolution(
    _ state: Int, _ input: Operand, _ weight: Operand, _ bias: Operand?, _ taps: Int, _ output: Operand,
    _ context: ThreadContext
  ) {
    let blocks = (input.count + 15) / 16
    let first = blocks * context.index / context.count * 16
    let end = min(input.count, blocks * (context.index + 1) / context.count * 16)
    if first >= end { return }
    var row = 0
    for run in runs {
      var range = convolution_range(
        inputs: pointer(input, row: row, context) + first,
        weights: pointer(weight, row: 0, context) + first * taps,
        biases: bias.map { UnsafePointer(pointer($0, row: 0, context) + first) },
        state: states.head(state, slot: run.slot, head: 0).assumingMemoryBound(to: Float.self) + first,
        outputs: pointer(output, row: row, context) + first, inputStride: input.rowStride, stateStride: input.count,
        outputStride: output.rowStride, channels: end - first, taps: taps, count: run.count)
      recurrenceKernels.convolution(&range)
      row += run.count
    }
  }

  private func recurrence(
    _ step: RecurrenceStep, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext
  ) {
    let heads = step.values.groups
    let perGroup = heads / step.query.groups
    let (keyWidth, valueWidth) = (step.query.width, step.values.width)
    share(heads, by: 1, isStatic: false, counter, context) { range in
      for head in range {
        var row = 0
        for run in runs {
          let group = head / perGroup
          var part = recurrence_head(
            queries: pointer(step.query, row: row, context) + group * step.query.groupStride,
            keys: pointer(step.keys, row: row, context) + group * step.keys.groupStride,
            values: pointer(step.values, row: row, context) + head * step.values.groupStride,
            decays: pointer(step.decay, row: row, context) + head,
            rates: step.rate.map { UnsafePointer(pointer($0, row: row, context) + head) },
            outputs: pointer(step.output, row: row, context) + head * step.output.groupStride,
            state: states.head(step.state, slot: run.slot, head: 0).assumingMemoryBound(to: Float.self)
              + head * keyWidth * valueWidth,
            queryStride: step.query.rowStride, keyStride: step.keys.rowStride, valueStride: step.values.rowStride,
            decayStride: step.decay.rowStride, rateStride: step.rate?.rowStride ?? 0,
            outputStride: step.output.rowStride, keyWidth: keyWidth, valueWidth: valueWidth, count: run.count)
          if step.rule == .gatedDelta {
            recurrenceKernels.gated_delta(&part)
          } else {
            recurrenceKernels.decay(&part)
          }
          row += run.count
        }
      }
    }
  }
}
