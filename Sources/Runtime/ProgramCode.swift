import CKernels
import GraphIR
import Kernels
import Planning
import TensorCore

/// A program as its threads read it: addresses, matrices and tables found once, and nothing whose references are counted.
final class ProgramCode {
  private(set) var steps = UnsafeBufferPointer<StepCode>(start: nil, count: 0)
  /// Weights that row operations read, by index.
  let constants: UnsafeBufferPointer<Floats>
  /// The most tasks that a step has.
  private(set) var mostTasks = 0
  private var blocks: [UnsafeMutableRawPointer] = []
  private var attentionSteps: [UnsafeMutablePointer<AttentionStep>] = []
  private var recurrenceSteps: [UnsafeMutablePointer<RecurrenceStep>] = []
  private let program: Program
  private let weights: WeightMemory

  init(_ program: Program, weights: WeightMemory, threads: Int) {
    (self.program, self.weights) = (program, weights)
    let constants = UnsafeMutableBufferPointer<Floats>.allocate(capacity: program.constants.count)
    for (index, name) in program.constants.enumerated() {
      (constants.baseAddress! + index).initialize(to: weights.constant(name))
    }
    self.constants = UnsafeBufferPointer(constants)
    steps = keep(program.steps.map { step(of: $0, threads: threads) })
  }

  deinit {
    for step in attentionSteps { step.deinitialize(count: 1).deallocate() }
    for step in recurrenceSteps { step.deinitialize(count: 1).deallocate() }
    for block in blocks { block.deallocate() }
    constants.deallocate()
  }

  /// A copy that lives as long as the code; of types without references.
  private func keep<Element>(_ elements: [Element]) -> UnsafeBufferPointer<Element> {
    let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(1, elements.count))
    _ = copy.initialize(from: elements)
    blocks.append(UnsafeMutableRawPointer(copy.baseAddress!))
    return UnsafeBufferPointer(rebasing: copy[..<elements.count])
  }

  private func step(of step: Step, threads: Int) -> StepCode {
    switch step {
    case .rows(let domain, let instructions): return .rows(domain, rows(instructions))
    case .tasks(let tasks):
      var codes = tasks.map { work($0) }
      mostTasks = max(mostTasks, codes.count)
      for domain in [Domain.tokens, .rows] { share(&codes, domain, threads: threads) }
      return .tasks(keep(codes))
    }
  }

  private func rows(_ instructions: [RowInstruction]) -> UnsafeBufferPointer<RowCode> {
    keep(
      instructions.map { instruction in
        let inputs = keep(instruction.inputs)
        return RowCode(
          work: RowWork(instruction.op, table: table, frequencies: { keep($0) }), inputs: inputs,
          output: instruction.output)
      })
  }

  private func table(_ index: Int) -> TableCode {
    let stored = weights.table(program.tables[index].name)
    return TableCode(
      rows: stored.bytes.baseAddress!, format: stored.format.rawValue, rowBytes: stored.format.rowBytes(stored.columns),
      count: stored.rowCount, columns: stored.columns)
  }

  private func work(_ task: TaskStep) -> TaskWork {
    switch task {
    case .ownRows(let domain, let instructions): return .ownRows(domain, rows(instructions))
    case .products(let step):
      return .products(
        ProductsCode(
          members: keep(step.members.map(product)), epilogue: rows(step.epilogue), domain: step.domain,
          columns: step.columns, unit: step.unit))
    case .headProduct(let step): return .headProduct(product(step))
    case .experts(let step):
      return .experts(
        ExpertCode(
          members: keep(
            step.members.map {
              ExpertCode.Member(matrix: matrix($0.matrix), input: $0.input, hasChoiceRows: $0.hasChoiceRows)
            }), gating: step.gating.map { ExpertCode.Gating(function: RowWork.kernel($0.function), layout: $0.layout) },
          domain: step.domain, unit: step.unit, route: step.route, output: step.output))
    case .route(let choices, let route, let domain): return .route(choices, route, domain)
    case .attention(let step): return .attention(keep(step))
    case .scores(let step): return .scores(keep(step))
    case .pattern(let scores, let sinks, let output): return .pattern(scores, sinks: sinks, output)
    case .mix(let step): return .mix(keep(step))
    case .convolution(let state, let input, let weight, let bias, let taps, let output):
      return .convolution(state, input, weight, bias, taps, output)
    case .recurrence(let step):
      let copy = UnsafeMutablePointer<RecurrenceStep>.allocate(capacity: 1)
      copy.initialize(to: step)
      recurrenceSteps.append(copy)
      return .recurrence(UnsafePointer(copy))
    }
  }

  private func keep(_ step: AttentionStep) -> UnsafePointer<AttentionStep> {
    let copy = UnsafeMutablePointer<AttentionStep>.allocate(capacity: 1)
    copy.initialize(to: step)
    attentionSteps.append(copy)
    return UnsafePointer(copy)
  }

  private func product(_ step: ProductStep) -> ProductCode {
    ProductCode(
      matrix: matrix(step.matrix), firstRow: step.matrixRows.lowerBound, input: step.input, bias: step.bias,
      output: step.output, domain: step.domain)
  }

  private func matrix(_ index: Int) -> MatrixCode {
    let matrix = program.matrices[index]
    return MatrixCode(
      weights: weights.matrix(matrix.name), packing: matrix.packing, count: matrix.count, rows: matrix.rows,
      columns: matrix.columns,
      bytes: matrix.packing.isMapped ? matrix.rows * matrix.format.rowBytes(matrix.columns) : matrix.packedBytes)
  }

  /// Fixed shares of a step's products for each thread: consecutive units of about the same bytes.
  private func share(_ codes: inout [TaskWork], _ domain: Domain, threads: Int) {
    var total = 0
    for code in codes { if case .products(let step) = code, step.domain == domain { total += step.bytes } }
    var before = 0
    for index in codes.indices {
      guard case .products(var step) = codes[index], step.domain == domain else { continue }
      let unitBytes = max(1, step.bytes / step.units)
      let first = before
      step.shares = keep(
        (0...threads).map { thread in
          if thread == threads { return step.units }
          return max(0, min(step.units, (total * thread / threads - first + unitBytes / 2) / unitBytes))
        })
      codes[index] = .products(step)
      before += step.bytes
    }
  }
}

enum StepCode {
  case rows(Domain, UnsafeBufferPointer<RowCode>)
  case tasks(UnsafeBufferPointer<TaskWork>)
}

enum TaskWork {
  case ownRows(Domain, UnsafeBufferPointer<RowCode>)
  case products(ProductsCode)
  case headProduct(ProductCode)
  case experts(ExpertCode)
  case route(Operand, Route, Domain)
  case attention(UnsafePointer<AttentionStep>)
  case scores(UnsafePointer<AttentionStep>)
  case pattern(Operand, sinks: Operand?, Operand)
  case mix(UnsafePointer<AttentionStep>)
  case convolution(Int, Operand, Operand, Operand?, Int, Operand)
  case recurrence(UnsafePointer<RecurrenceStep>)
}

/// A stored matrix and its packing, where it lies.
struct MatrixCode {
  var weights: UnsafeRawPointer
  var packing: Packing
  /// Matrices one after the other, `bytes` apart.
  var count: Int
  var rows: Int
  var columns: Int
  var bytes: Int
}

struct ProductCode {
  var matrix: MatrixCode
  /// The matrix's row that makes the output's first column.
  var firstRow: Int
  var input: Operand
  var bias: Operand?
  var output: Operand
  var domain: Domain
}

struct ProductsCode {
  var members: UnsafeBufferPointer<ProductCode>
  var epilogue: UnsafeBufferPointer<RowCode>
  var domain: Domain
  var columns: Int
  var unit: Int
  /// The first unit of each thread's fixed share, and the end.
  var shares = UnsafeBufferPointer<Int>(start: nil, count: 0)

  var units: Int { (columns + unit - 1) / unit }
  /// Bytes of weights that all columns read.
  var bytes: Int {
    members.reduce(0) { $0 + Packing.panels(rows: columns) * $1.matrix.packing.panelBytes(columns: $1.matrix.columns) }
  }
}

struct ExpertCode {
  var members: UnsafeBufferPointer<Member>
  var gating: Gating?
  var domain: Domain
  var unit: Int
  var route: Route
  var output: Operand

  struct Member {
    var matrix: MatrixCode
    var input: Operand
    var hasChoiceRows: Bool
  }

  struct Gating {
    var function: row_unary
    var layout: ActivationLayout
  }

  var columns: Int { members[0].matrix.rows }
  var units: Int { (columns + unit - 1) / unit }
  /// Bytes of weights that a unit of one expert reads.
  var unitBytes: Int {
    members.reduce(0) {
      $0 + unit / Packing.panelRows * $1.matrix.packing.panelBytes(columns: $1.matrix.columns)
    }
  }
}
