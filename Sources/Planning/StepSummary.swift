import GraphIR
import Kernels
import TensorCore

/// What a step does in words that are the same in every layer.
public struct StepSummary: Hashable, Sendable {
  /// As in `attn_q + attn_k + attn_v, q4_0`, or `each token: rmsNorm, quantise`.
  public var title: String
  /// Sizes, kernels and what is fused, a line each.
  public var details: [String]
}

extension Program {
  /// One summary a step.
  public var summaries: [StepSummary] { steps.map { summary(of: $0) } }

  private func summary(of step: Step) -> StepSummary {
    switch step {
    case .rows(let domain, let instructions):
      return StepSummary(title: "\(domain.each): \(operations(instructions))", details: [])
    case .tasks(let tasks):
      // What threads prepare for themselves is part of what reads it.
      let shared = tasks.filter { if case .ownRows = $0 { false } else { true } }
      let titles = (shared.isEmpty ? tasks : shared).map { title(of: $0) }
      let formats = unique(tasks.flatMap { matrices(of: $0) }.map { "\($0.format)" })
      return StepSummary(
        title: ([titles.joined(separator: " + ")] + formats).joined(separator: ", "),
        details: tasks.flatMap { details(of: $0) })
    }
  }

  private func operations(_ instructions: [RowInstruction]) -> String {
    unique(instructions.map(\.op.summary)).joined(separator: ", ")
  }

  /// Each text once, in the order of first appearance.
  private func unique(_ texts: [String]) -> [String] {
    var seen: Set<String> = []
    return texts.filter { seen.insert($0).inserted }
  }

  private func matrices(of task: TaskStep) -> [Matrix] {
    switch task {
    case .products(let step): step.members.map { matrices[$0.matrix] }
    case .headProduct(let step): [matrices[step.matrix]]
    case .experts(let step): step.members.map { matrices[$0.matrix] }
    default: []
    }
  }

  private func title(of task: TaskStep) -> String {
    switch task {
    case .ownRows(let domain, _): domain.each
    case .products(let step): step.members.map { matrices[$0.matrix].part }.joined(separator: " + ")
    case .headProduct(let step): matrices[step.matrix].part
    case .experts(let step): step.members.map { matrices[$0.matrix].part }.joined(separator: " + ")
    case .route: "route to experts"
    case .attention: "attention"
    case .scores: "scores"
    case .pattern: "pattern"
    case .mix: "mix"
    case .convolution: "convolution"
    case .recurrence(let step): step.rule.rawValue
    }
  }

  private func details(of task: TaskStep) -> [String] {
    switch task {
    case .ownRows(let domain, let instructions): ["\(domain.each), by every thread: \(operations(instructions))"]
    case .products(let step):
      step.members.flatMap { details(of: matrices[$0.matrix], "") }
        + (step.epilogue.isEmpty ? [] : ["  then \(operations(step.epilogue))"])
    case .headProduct(let step): details(of: matrices[step.matrix], "")
    case .experts(let step):
      step.members.flatMap { details(of: matrices[$0.matrix], "\(step.route.used) of ") }
        + (step.gating.map { ["  then \($0.function.rawValue) · multiply, quantise"] } ?? [])
    case .attention(let step), .scores(let step), .mix(let step):
      [
        "\(step.query.groups) heads of \(step.keys.width) over \(step.keys.heads) in \(options.cacheFormat), \(step.mask)"
      ]
    case .convolution(_, let input, _, _, let taps, _): ["\(input.count) channels, \(taps) taps"]
    case .recurrence(let step): ["\(step.values.groups) heads of \(step.query.width)×\(step.values.width)"]
    case .route, .pattern: []
    }
  }

  private func details(of matrix: Matrix, _ choice: String) -> [String] {
    let count = matrix.count > 1 ? "\(choice)\(matrix.count)×" : ""
    return [
      "\(matrix.part) [\(count)\(matrix.rows)×\(matrix.columns)] \(matrix.packing), "
        + KernelCatalogue.current.kernelName(for: matrix.packing)
    ]
  }
}

extension RowOperation {
  fileprivate var summary: String {
    switch self {
    case .unary(let function): function.rawValue
    case .binary(let function): function.rawValue
    case .gated(let function): "\(function.rawValue) · multiply"
    default: printed
    }
  }
}

extension Domain {
  fileprivate var each: String { self == .tokens ? "each token" : "each asked row" }
}

extension Matrix {
  /// Its name without layer and `.weight`, as in `attn_q`.
  fileprivate var part: String {
    var words = name.split(separator: ".")
    if words.count > 1, words.last == "weight" { words.removeLast() }
    if words.count > 2, words[0] == "blk", Int(words[1]) != nil { words.removeFirst(2) }
    return words.joined(separator: ".")
  }
}
