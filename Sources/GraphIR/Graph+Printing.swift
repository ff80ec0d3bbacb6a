import TensorCore

extension Graph: CustomStringConvertible {
  /// One line a node: `%7 = linear(%5, blk.0.attn_q.weight) : [T, 2048]  blocks.0.attn.q`.
  public var description: String {
    nodes.indices.filter { if case .weight = nodes[$0].op { false } else { true } }.map(line).joined(separator: "\n")
  }

  private func line(_ index: Int) -> String {
    let node = nodes[index]
    let operands = node.inputs.map { input in
      if case .weight(let name, _) = nodes[input].op { name } else { "%\(input)" }
    }
    let arguments = (operands + node.op.attributes).joined(separator: ", ")
    let shape = node.shape.map(\.description).joined(separator: ", ")
    let suffix = node.type == .int32 ? " int32" : ""
    return "%\(index) = \(node.op.mnemonic)(\(arguments)) : [\(shape)]\(suffix)  \(node.name)"
      + (outputs.contains { $0.node == index } ? "  ← output" : "")
  }
}

extension Op {
  /// The short name used in prints.
  public var mnemonic: String {
    switch self {
    case .input: "input"
    case .weight: "weight"
    case .gather: "gather"
    case .linear: "linear"
    case .headLinear: "headLinear"
    case .expertLinear: "expertLinear"
    case .rmsNorm: "rmsNorm"
    case .layerNorm: "layerNorm"
    case .rope: "rope"
    case .append: "append"
    case .attentionScores: "attentionScores"
    case .attentionPattern: "attentionPattern"
    case .attentionMix: "attentionMix"
    case .shortConvolution: "shortConvolution"
    case .recurrence(let rule, _): rule.rawValue
    case .topK: "topK"
    case .pick: "pick"
    case .weightedSum: "weightedSum"
    case .unary(let function): function.rawValue
    case .binary(let function): function.rawValue
    case .affine: "affine"
    case .clamp: "clamp"
    case .softmax: "softmax"
    case .normalizeSum: "normalizeSum"
    case .cast: "cast"
    case .reshape: "reshape"
    case .slice: "slice"
    case .concatenate: "concatenate"
    case .training(let op): op.mnemonic
    }
  }

  /// What the operation carries besides its operands, as `name: value`.
  var attributes: [String] {
    switch self {
    case .rmsNorm(let epsilon), .layerNorm(let epsilon), .normalizeSum(let epsilon): ["epsilon: \(epsilon)"]
    case .rope(let embedding):
      ["width: \(embedding.width)", "base: \(embedding.base)"]
        + (embedding.interleaved ? ["interleaved"] : [])
        + (embedding.scaling == .none ? [] : ["scaling: \(embedding.scaling)"])
        + (embedding.isReversed ? ["reversed"] : [])
        + (embedding.magnitude == 1 ? [] : ["magnitude: \(embedding.magnitude)"])
    case .append(let state), .shortConvolution(let state), .recurrence(_, let state): ["state: \(state.printed)"]
    case .attentionScores(let scale, let softcap, let mask):
      ["scale: \(scale)"] + (softcap.map { ["softcap: \($0)"] } ?? []) + ["mask: \(mask)"]
    case .topK(let selection):
      ["count: \(selection.count)"]
        + (selection.groups.map { ["groups: \($0.used) of \($0.count) by their best \($0.best)"] } ?? [])
    case .affine(let scale, let offset): ["scale: \(scale)", "offset: \(offset)"]
    case .clamp(let lower, let upper): ["\(lower)…\(upper)"]
    case .cast(let type): ["\(type)"]
    case .slice(let range): ["\(range)"]
    case .training(let op): op.attributes
    case .input, .weight, .gather, .linear, .headLinear, .expertLinear, .attentionPattern, .attentionMix, .pick,
      .weightedSum, .unary, .binary, .softmax, .reshape, .concatenate:
      []
    }
  }
}

extension State {
  var printed: String {
    switch self {
    case .keyValue(let name, let heads, let width, let retention): "\(name) rows \(heads)×\(width) kept \(retention)"
    case .latent(let name, let width): "\(name) latent rows \(width)"
    case .convolution(let name, let channels, let taps): "\(name) last \(taps - 1) rows of \(channels)"
    case .recurrent(let name, let heads, let keyWidth, let valueWidth):
      "\(name) \(heads) matrices \(keyWidth)×\(valueWidth)"
    }
  }
}
