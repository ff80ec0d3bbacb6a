public import GraphIR

/// Which values of the forward pass are kept for the backward pass; the others are computed a second time.
///
/// Attention's scores and pattern are always computed again, since a fused attention never has them.
public struct Recomputation: Sendable {
  let keeps: @Sendable (Node, _ names: [String]) -> Bool

  /// `keeps` is asked for each value with all its names.
  public init(keeping keeps: @escaping @Sendable (_ node: Node, _ names: [String]) -> Bool) { self.keeps = keeps }

  /// Every value is kept: the least work, the most memory.
  public static let none = Recomputation { _, _ in true }

  /// Of each layer only the stream that enters it is kept: about a third more work, memory for one layer at a time
  /// (arXiv 1604.06174).
  public static let layers = Recomputation { node, names in
    names.contains { $0.hasSuffix(".resid_pre") || $0.hasSuffix(".resid_post") }
      || !names.contains { $0.hasPrefix("blocks.") }
  }

  /// Products and mixers are kept, what costs little is computed again: norms, functions, rotations, shapes.
  public static let cheap = Recomputation { node, _ in
    switch node.op {
    case .rmsNorm, .layerNorm, .rope, .unary, .binary, .affine, .clamp, .softmax, .normalizeSum, .cast, .reshape,
      .slice,
      .concatenate, .pick, .weightedSum:
      false
    case .input, .weight, .gather, .linear, .headLinear, .expertLinear, .append, .attentionScores, .attentionPattern,
      .attentionMix, .shortConvolution, .recurrence, .topK, .training:
      true
    }
  }
}
