import Architectures
import Foundation
import TrainingEngine

/// First values of a new model's weights.
///
/// Matrices and embeddings are normal with deviation 0.02; those that end a branch of the residual stream (`attn_output`,
/// `ffn_down`) have 0.02 / √(2 · layers), as GPT-2 §2.3 and nanoGPT have it and llama2.c for Llama; norms are 1, biases
/// 0. The `A` of a low-rank change is uniform within √(6 / ((1 + 5) · in)), its `B` zero (arXiv 2106.09685, as in PEFT).
struct Initialization {
  let seed: UInt64
  let layers: Int

  static let deviation = 0.02

  /// Writes a weight's first values; what they are depends on seed and name alone.
  func fill(_ tensor: ParameterLayout.Tensor, _ values: UnsafeMutableBufferPointer<Float>) {
    if let factor = LowRankName.base(of: tensor.name) {
      let bound = factor.isA ? 1 / Double(tensor.shape[1]).squareRoot() : 0
      return uniform(tensor.name, bound, values)
    }
    let weight = WeightName(tensor.name)
    if weight.kind == "bias" { return values.update(repeating: 0) }
    if tensor.shape.count == 1 { return values.update(repeating: 1) }
    let endsBranch = ["attn_output", "ffn_down"].contains(weight.part)
    normal(tensor.name, endsBranch ? Self.deviation / Double(2 * layers).squareRoot() : Self.deviation, values)
  }

  private func normal(_ name: String, _ deviation: Double, _ values: UnsafeMutableBufferPointer<Float>) {
    var random = TrainingRandom(seed: seed, name: name)
    for index in stride(from: 0, to: values.count, by: 2) {
      let (first, second) = random.normals()
      values[index] = Float(first * deviation)
      if index + 1 < values.count { values[index + 1] = Float(second * deviation) }
    }
  }

  private func uniform(_ name: String, _ bound: Double, _ values: UnsafeMutableBufferPointer<Float>) {
    var random = TrainingRandom(seed: seed, name: name)
    for index in values.indices { values[index] = Float(Double.random(in: -1...1, using: &random) * bound) }
  }
}
