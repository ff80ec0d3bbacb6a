import CKernels
import GraphIR
import Planning
import Synchronization
import TensorCore

/// Memory for rows of attention whose contexts several threads share: a partial result for each span of positions.
struct AttentionSpans: ~Copyable {
  /// Rows and key-value heads that can be shared out at once.
  let units: Int
  /// Floats in all.
  let capacity: Int
  let partials: UnsafeMutablePointer<Float>
  /// Spans of each unit that have been computed; the thread that computes the last one merges them.
  let finished: UnsafeMutablePointer<Atomic<Int>>

  /// Partial results take at most so many bytes; longer contexts of many heads are not shared out.
  private static let limit = 16 << 20

  init(_ program: Program, threads: Int) {
    let size = Self.size(program, threads: threads)
    (units, capacity) = (size.units, size.floats)
    partials = .allocate(capacity: max(1, capacity))
    partials.initialize(repeating: 0, count: max(1, capacity))
    finished = .allocate(capacity: max(1, units))
    for index in 0..<units { (finished + index).initialize(to: Atomic(0)) }
  }

  deinit {
    finished.deinitialize(count: units)
    finished.deallocate()
    partials.deallocate()
  }

  /// Bytes that an executor of this program takes.
  static func bytes(_ program: Program, threads: Int) -> Int { size(program, threads: threads).floats * 4 }

  /// Nothing where heads are many enough to keep all threads busy, or where a step holds several attentions.
  private static func size(_ program: Program, threads: Int) -> (units: Int, floats: Int) {
    guard threads > 1 else { return (0, 0) }
    var floats = 0
    for step in program.steps {
      guard case .tasks(let tasks) = step else { continue }
      let attentions = tasks.compactMap { if case .attention(let attention) = $0 { attention } else { nil } }
      if attentions.count > 1 { return (0, 0) }
      for attention in attentions where attention.keys.heads < 4 * threads {
        var shape = Executor.attentionShape(attention, program)
        shape.lastVisible = max(0, program.options.context - 1)
        let spans = attention_span_count(&shape)
        if spans > 1 { floats = max(floats, 4 * threads * spans * attention_partial_floats(&shape)) }
      }
    }
    return floats == 0 ? (0, 0) : (4 * threads, min(floats, limit / 4))
  }
}

extension Executor {
  /// Whether this step's rows are few enough, and long enough, that threads share the context of each.
  func sharesSpans(_ step: AttentionStep) -> Bool {
    let units = runs.count * step.keys.heads
    if units >= 4 * team.count || units > spans.units || runs.contains(where: { $0.count > 1 }) { return false }
    var shape = Self.attentionShape(step, program)
    let floats = attention_partial_floats(&shape)
    var (total, longest) = (0, 0)
    for run in runs {
      (shape.firstVisible, shape.lastVisible) = (step.mask.firstVisible(from: run.start), run.start)
      let count = attention_span_count(&shape)
      total += count * step.keys.heads * floats
      longest = max(longest, count)
    }
    return longest > 1 && total <= spans.capacity
  }

  /// Spans of single rows, by run and key-value head; each unit is merged by the thread that ends its last span.
  func attentionSpans(
    _ step: AttentionStep, _ counter: UnsafeMutablePointer<Counter>, _ context: ThreadContext
  ) {
    var (firstItem, place) = (0, 0)
    var wanted = counter.pointee.next.wrappingAdd(1, ordering: .relaxed).oldValue
    for (row, run) in runs.enumerated() {
      for head in 0..<step.keys.heads {
        var shape = singleRow(step, run, row: row, head: head, context)
        let count = attention_span_count(&shape)
        let partials = spans.partials + place
        let finished = spans.finished + (row * step.keys.heads + head)
        while wanted < firstItem + count {
          attentionKernels.attention_partials(&shape, wanted - firstItem, 1, partials)
          if finished.pointee.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue == count {
            finished.pointee.store(0, ordering: .relaxed)
            attentionKernels.attention_merge(&shape, partials)
          }
          wanted = counter.pointee.next.wrappingAdd(1, ordering: .relaxed).oldValue
        }
        firstItem += count
        place += count * attention_partial_floats(&shape)
      }
    }
  }

  private func singleRow(
    _ step: AttentionStep, _ run: Run, row: Int, head: Int, _ context: ThreadContext
  ) -> attention_row {
    var shape = Self.attentionShape(step, program)
    let group = shape.groupHeads
    shape.sinks = step.sinks.map { UnsafePointer(pointer($0, row: 0, context) + head * group) }
    shape.scratch = context.scratch
    memory(step, run, firstRow: row, head: head, &shape)
    shape.query = UnsafePointer(pointer(step.query, row: row, context) + head * group * step.query.groupStride)
    shape.output = pointer(step.output, row: row, context) + head * group * step.output.groupStride
    (shape.firstVisible, shape.lastVisible) = (step.mask.firstVisible(from: run.start), run.start)
    return shape
  }
}
