import GraphIR
import Kernels
import TensorCore

extension Program: CustomStringConvertible {
  /// One paragraph a step; `|` marks the barrier between two.
  public var description: String {
    var lines = [
      "capacity \(capacity) rows, context \(options.context), cache \(options.cacheFormat), \(options.arithmetic.rawValue)"
        + " arithmetic",
      "arena \(arenaWords * 4) bytes, \((threadWords + tiles * Self.tileWords) * 4) a thread, weights \(packedBytes) packed in \(matrices.count)"
        + " matrices, \(steps.count) steps",
    ]
    for (index, step) in steps.enumerated() {
      lines.append("step \(index)")
      switch step {
      case .rows(let domain, let instructions):
        lines += instructions.map { "  each \(domain == .tokens ? "token" : "asked row"): \($0.printed)" }
      case .tasks(let tasks): lines += tasks.map { "  shared: \(printed($0))" }
      }
      if index + 1 < steps.count { lines.append("  |") }
    }
    return lines.joined(separator: "\n")
  }

  /// Bytes of all packed matrices.
  public var packedBytes: Int { matrices.reduce(0) { $0 + $1.packedBytes * $1.count } }

  private func printed(_ task: TaskStep) -> String {
    switch task {
    case .ownRows(_, let instructions): "each thread: " + instructions.map(\.printed).joined(separator: "; ")
    case .products(let step):
      (step.members.map { printed($0) } + step.epilogue.map { "  then by \(step.unit): \($0.printed)" })
        .joined(separator: "\n    ")
    case .headProduct(let step): printed(step)
    case .experts(let step):
      step.members.map {
        "experts \(step.name) = \(printed(matrices[$0.matrix])), \(step.route.used) of \(step.route.experts), · "
          + "\($0.input.printed) → \(step.output.printed)"
      }.joined(separator: "\n    ")
        + (step.gating.map { "\n      then by \(step.unit): \($0.function) · multiply, \($0.layout)" } ?? "")
    case .route(let choices, let route, _): "route \(choices.printed) to \(route.experts) experts"
    case .attention(let step):
      "attention \(step.name): \(step.query.groups) heads of \(step.query.width) over \(states[step.keys.state].name), "
        + "\(step.mask) → \(step.output.printed)"
    case .scores(let step): "scores \(step.name) → \(step.output.printed)"
    case .pattern(let scores, _, let output): "pattern \(scores.printed) → \(output.printed)"
    case .mix(let step): "mix \(step.name) → \(step.output.printed)"
    case .convolution(let state, let input, _, _, let taps, let output):
      "convolution of \(taps) rows, \(states[state].name), \(input.printed) → \(output.printed)"
    case .recurrence(let step):
      "\(step.rule.rawValue) \(step.name), \(states[step.state].name) → \(step.output.printed)"
    }
  }

  private func printed(_ step: ProductStep) -> String {
    let matrix = matrices[step.matrix]
    let rows = step.matrixRows.count == matrix.rows ? "" : " rows \(step.matrixRows)"
    return
      "product \(step.name) = \(printed(matrix))\(rows) · \(step.input.printed)\(step.bias == nil ? "" : " + bias")"
      + " → \(step.output.printed)"
  }

  private func printed(_ matrix: Matrix) -> String {
    let kernel = KernelCatalogue.current.kernelName(for: matrix.packing)
    let bytes = matrix.packing.isMapped ? matrix.rows * matrix.format.rowBytes(matrix.columns) : matrix.packedBytes
    return "\(matrix.name) [\(matrix.count > 1 ? "\(matrix.count)×" : "")\(matrix.rows)×\(matrix.columns)] "
      + "\(matrix.format) as \(matrix.packing), \(bytes * matrix.count) bytes by \(kernel)"
  }
}

extension RowInstruction {
  var printed: String {
    "\(op.printed) \(name)(\(inputs.map(\.printed).joined(separator: ", "))) → \(output.printed)"
  }
}

extension RowOperation {
  /// The operation's name without what it carries.
  var printed: String {
    let text = "\(self)"
    return String(text.prefix { $0 != "(" })
  }
}

extension Operand {
  /// As in `arena+4096[2048]`, `thread+0[8×64]`, `constant 3[2048]`.
  var printed: String {
    let place =
      switch space {
      case .arena: "arena+\(offset)"
      case .thread: "thread+\(offset)"
      case .tile: "tile \(offset)"
      case .constant(let index): "constant \(index)"
      }
    return "\(place)[\(groups > 1 ? "\(groups)×" : "")\(width)]"
  }
}
