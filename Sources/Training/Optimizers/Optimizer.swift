import Kernels
public import Runtime
import TensorCore
public import TrainingEngine

/// Changes weights by their gradients, and keeps what it remembers of earlier ones in flat buffers beside them.
public final class Optimizer {
  public let settings: OptimizerSettings
  public let layout: ParameterLayout
  /// AdamW's first moment, or Muon's momentum.
  public let first: FloatBuffer
  /// AdamW's second moment.
  public let second: FloatBuffer
  private let team: ThreadTeam
  private let kernels = TrainingKernels()
  private let runs: [Run]
  private var muon: Muon?

  /// Neighbouring weights that one rule changes.
  private struct Run {
    var range: Range<Int>
    var decays: Bool
  }

  /// Throws `AllocationError` where there is no memory for the moments.
  public init(_ settings: OptimizerSettings, layout: ParameterLayout, team: ThreadTeam) throws {
    (self.settings, self.layout, self.team) = (settings, layout, team)
    first = try FloatBuffer(count: layout.count)
    second = try FloatBuffer(count: layout.count)
    var runs: [Run] = []
    for tensor in layout.tensors where !settings.usesMuon(tensor.name, shape: tensor.shape) {
      let decays = settings.decays(tensor.name, shape: tensor.shape)
      // Parts that two threads may take; a part's bits do not depend on who takes it.
      for start in stride(from: tensor.offset, to: tensor.range.upperBound, by: 1 << 14) {
        runs.append(Run(range: start..<min(start + 1 << 14, tensor.range.upperBound), decays: decays))
      }
    }
    self.runs = runs
    let matrices = layout.tensors.filter { settings.usesMuon($0.name, shape: $0.shape) }
    if !matrices.isEmpty { muon = try Muon(settings, matrices: matrices, team: team) }
  }

  /// One step, `number` counted from 1: gradients are multiplied by `scale` as they are read.
  public func step(
    _ number: Int, rate: Double, parameters: FloatBuffer, gradients: FloatBuffer, scale: Float = 1
  ) {
    let rule = AdamW(settings, rate: rate, step: number, scale: scale, kernels: kernels)
    nonisolated(unsafe) let (weights, slopes) = (parameters.values, gradients.values)
    nonisolated(unsafe) let (first, second) = (self.first.values, self.second.values)
    let (runs, count) = (self.runs, team.count)
    team.run { thread in
      for index in stride(from: thread, to: runs.count, by: count) {
        let run = runs[index]
        rule.apply(
          UnsafeMutableBufferPointer(rebasing: weights[run.range]),
          UnsafeMutableBufferPointer(rebasing: slopes[run.range]),
          UnsafeMutableBufferPointer(rebasing: first[run.range]),
          UnsafeMutableBufferPointer(rebasing: second[run.range]), decays: run.decays)
      }
    }
    muon?.step(rate: rate, parameters: parameters, gradients: gradients, momentum: self.first, scale: scale)
  }
}
