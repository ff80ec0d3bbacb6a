import GraphIR
import Kernels
import TensorCore

/// What a step has to do whatever kernel does it: bytes that must be read, operations that must be done.
///
/// A multiplication and an addition count as two operations. Rows that travel between steps count no bytes: they should
/// stay in a cache.
public struct StepWork: Hashable, Sendable {
  /// Weights, each byte once.
  public var weightBytes = 0
  /// Kept rows and recurrent states, each byte once, written ones among them.
  public var stateBytes = 0
  /// Products of bytes, summed as int32.
  public var int8Operations = 0
  /// Products of bfloat16 pairs, summed as float32.
  public var bfloat16Operations = 0
  /// Everything computed in float32.
  public var float32Operations = 0

  public init() {}

  public var bytes: Int { weightBytes + stateBytes }
  public var operations: Int { int8Operations + bfloat16Operations + float32Operations }

  public static func += (a: inout StepWork, b: StepWork) {
    a.weightBytes += b.weightBytes
    a.stateBytes += b.stateBytes
    a.int8Operations += b.int8Operations
    a.bfloat16Operations += b.bfloat16Operations
    a.float32Operations += b.float32Operations
  }
}

/// One sequence's rows in a run of a program.
public struct RunSize: Hashable, Sendable {
  public var tokens: Int
  /// Positions that the sequence had before.
  public var depth: Int
  /// Rows whose logits are asked for.
  public var rows: Int

  public init(tokens: Int, depth: Int = 0, rows: Int = 1) {
    (self.tokens, self.depth, self.rows) = (tokens, depth, rows)
  }
}

extension Program {
  /// The work of every step together.
  public func work(_ size: RunSize) -> StepWork {
    steps.reduce(into: StepWork()) { $0 += work(of: $1, size) }
  }

  /// The work of one step.
  public func work(of step: Step, _ size: RunSize) -> StepWork {
    var work = StepWork()
    switch step {
    case .rows(let domain, let instructions):
      let rows = domain == .tokens ? size.tokens : size.rows
      for instruction in instructions where rows > 0 { work += self.work(of: instruction, rows: rows) }
    case .tasks(let tasks):
      for task in tasks { work += self.work(of: task, size) }
    }
    return work
  }

  /// Rows of weights, and rows that are kept. Arithmetic on single rows is too little to count.
  private func work(of instruction: RowInstruction, rows: Int) -> StepWork {
    var work = StepWork()
    for input in instruction.inputs { if case .constant = input.space { work.weightBytes += input.count * 4 } }
    switch instruction.op {
    case .append(let state, _), .commit(let state):
      work.stateBytes += rows * states[state].rowBytes(options.cacheFormat)
    default: break
    }
    return work
  }

  private func work(of task: TaskStep, _ size: RunSize) -> StepWork {
    switch task {
    case .ownRows(let domain, let instructions):
      return instructions.reduce(into: StepWork()) { $0 += work(of: $1, rows: rows(domain, size)) }
    case .products(let step):
      var work = StepWork()
      for member in step.members { work += self.work(of: member, size) }
      if rows(step.domain, size) == 0 { return work }
      for instruction in step.epilogue { work += self.work(of: instruction, rows: rows(step.domain, size)) }
      return work
    case .headProduct(let step): return work(of: step, size)
    case .experts(let step):
      let rows = rows(step.domain, size)
      let count = Self.experts(step.route.experts, used: step.route.used, tokens: rows)
      return step.members.reduce(into: StepWork()) { work, member in
        let matrix = matrices[member.matrix]
        work += matrix.work(rows: matrix.rows, products: rows * step.route.used, matrices: count)
      }
    case .attention(let step): return work(of: step, scores: true, mix: true, size)
    case .scores(let step): return work(of: step, scores: true, mix: false, size)
    case .mix(let step): return work(of: step, scores: false, mix: true, size)
    case .route, .pattern: return StepWork()
    case .convolution(_, let input, _, _, let taps, _):
      var work = StepWork()
      work.weightBytes = input.count * taps * 4
      work.stateBytes = 2 * input.count * (taps - 1) * 4
      work.float32Operations = 2 * input.count * taps * size.tokens
      return work
    case .recurrence(let step):
      // Decay, update and read of each element; the delta rule reads once more.
      let elements = step.values.count * step.query.width
      var work = StepWork()
      work.stateBytes = 2 * elements * 4
      work.float32Operations = (step.rate == nil ? 5 : 7) * elements * size.tokens
      return work
    }
  }

  private func rows(_ domain: Domain, _ size: RunSize) -> Int { domain == .tokens ? size.tokens : size.rows }

  private func work(of step: ProductStep, _ size: RunSize) -> StepWork {
    let rows = rows(step.domain, size)
    let matrix = matrices[step.matrix]
    return matrix.work(
      rows: step.matrixRows.count, products: rows * matrix.count, matrices: rows == 0 ? 0 : Double(matrix.count))
  }

  /// How many of `experts` some row chooses, where each row chooses `used` of them evenly.
  static func experts(_ experts: Int, used: Int, tokens: Int) -> Double {
    var unused = 1.0
    for _ in 0..<tokens { unused *= 1 - Double(used) / Double(experts) }
    return Double(experts) * (1 - unused)
  }

  private func work(of step: AttentionStep, scores: Bool, mix: Bool, _ size: RunSize) -> StepWork {
    var work = StepWork()
    let seen = step.mask.seen(by: size)
    let kept = step.mask.kept(by: size)
    // Keys and values of latent attention are one row.
    if scores { work.stateBytes += kept * rowBytes(step.keys) }
    if mix, !scores || step.values.state != step.keys.state { work.stateBytes += kept * rowBytes(step.values) }
    let pairs = 2 * step.query.groups * seen
    // Keys kept as bytes are multiplied as such.
    let isInteger = options.cacheFormat == .q8_0
    if scores, isInteger { work.int8Operations = pairs * step.keys.width }
    work.float32Operations = pairs * ((scores && !isInteger ? step.keys.width : 0) + (mix ? step.values.width : 0))
    return work
  }

  private func rowBytes(_ view: StateView) -> Int {
    State.rowBytes(view.heads * view.width, headWidth: view.width, format: options.cacheFormat)
  }
}

extension Matrix {
  /// `products` rows through `rows` rows of some of the matrices, on average `matrices` of them.
  fileprivate func work(rows: Int, products: Int, matrices: Double) -> StepWork {
    var work = StepWork()
    let bytes = packing.isMapped ? rows * format.rowBytes(columns) : packing.bytes(rows: rows, columns: columns)
    work.weightBytes = Int(Double(bytes) * matrices)
    let operations = 2 * rows * columns * products
    switch packing.activation {
    case .q8, .q8Wide: work.int8Operations = operations
    case .bf16: work.bfloat16Operations = operations
    case .f32: work.float32Operations = operations
    }
    return work
  }
}

extension AttentionMask {
  /// Pairs of a row and a kept row that it sees.
  fileprivate func seen(by size: RunSize) -> Int {
    (size.depth..<size.depth + size.tokens).reduce(0) { $0 + seen(at: $1) }
  }

  /// Kept rows that some row sees.
  fileprivate func kept(by size: RunSize) -> Int {
    size.tokens == 0 ? 0 : min(size.depth + size.tokens, seen(at: size.depth) + size.tokens - 1)
  }

  private func seen(at position: Int) -> Int { position - firstVisible(from: position) + 1 }
}

extension State {
  fileprivate func rowBytes(_ format: BlockFormat) -> Int {
    State.rowBytes(rowWidth, headWidth: headWidth, format: format)
  }
}
