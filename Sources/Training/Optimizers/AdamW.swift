import CKernels
import Foundation
import Kernels

/// Adam with decoupled weight decay (arXiv 1711.05101), as PyTorch computes it.
struct AdamW: Sendable {
  private let kernels: TrainingKernels
  private let step: adamw_step

  init(_ settings: OptimizerSettings, rate: Double, step: Int, scale: Float, kernels: TrainingKernels) {
    self.kernels = kernels
    self.step = adamw_step(
      rate: Float(rate / (1 - pow(settings.beta1, Double(step)))), beta1: Float(settings.beta1),
      beta2: Float(settings.beta2), epsilon: Float(settings.epsilon), keep: Float(1 - rate * settings.weightDecay),
      inverseRoot2: Float(1 / (1 - pow(settings.beta2, Double(step))).squareRoot()), gradientScale: scale)
  }

  /// Changes weights and both moments, all of one length, in place.
  func apply(
    _ weights: UnsafeMutableBufferPointer<Float>, _ gradients: UnsafeMutableBufferPointer<Float>,
    _ first: UnsafeMutableBufferPointer<Float>, _ second: UnsafeMutableBufferPointer<Float>, decays: Bool
  ) {
    guard let w = weights.baseAddress, let g = gradients.baseAddress, let m = first.baseAddress,
      let v = second.baseAddress
    else { return }
    var step = self.step
    if !decays { step.keep = 1 }
    kernels.training.adamw(&step, g, weights.count, w, m, v)
  }
}
