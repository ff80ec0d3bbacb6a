import GraphIR
import TensorCore

extension Differentiation {
  /// Rules of the operations that only training uses: the losses', and those that are linear in one operand.
  func training(_ op: TrainingOp, _ gradient: Value, _ node: Node) throws {
    let inputs = node.inputs
    switch op {
    case .crossEntropy:
      give(
        inputs[0], g.record(.training(.crossEntropyGradient), [value(inputs[0]), value(inputs[1]), gradient]))
    case .sum: give(inputs[0], gradient.spread(to: shape(inputs[0])))
    case .spread: give(inputs[0], gradient.summed(to: shape(inputs[0])))
    case .pad(let before, _):
      let width = shape(inputs[0]).last?.fixed ?? 1
      give(inputs[0], gradient.slice(before..<before + width))
    case .unpick:
      give(inputs[0], gradient.picked(by: value(inputs[1])))
    case .scatterSum:
      give(inputs[1], value(inputs[0]).gather(from: gradient))
    case .dropout, .attentionDropout: give(inputs[0], g.record(.training(op), [gradient, value(inputs[1])]))
    case .crossEntropyGradient, .transposedLinear, .outerSum, .unaryGradient, .rmsNormGradient, .layerNormGradient,
      .attentionPatternGradient, .attentionCollect, .shortConvolutionGradient, .shortConvolutionWeightGradient,
      .recurrenceGradient:
      throw refusal(node, "is itself a gradient and has none")
    }
  }
}
