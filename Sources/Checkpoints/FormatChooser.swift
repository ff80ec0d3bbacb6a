import TensorCore

/// Chooses each tensor's format as llama.cpp's recipes do: more bits for the output matrix, for values' projections,
/// and for the down projections that errors pass through last.
struct FormatChooser {
  let recipe: QuantisationRecipe
  let architecture: String
  let layerCount: Int
  let expertCount: Int
  /// Query heads that share a key and value.
  let headsPerKey: Int
  let hasOutput: Bool
  let valueCount: Int
  /// Value projections and down projections met so far.
  private var valueIndex = 0
  private var downIndex = 0

  /// `value` gives metadata by key, `names` are the tensors of the file.
  init(recipe: QuantisationRecipe, names: [String], value: (String) -> GGUFValue?) {
    self.recipe = recipe
    let architecture = value("general.architecture")?.string ?? ""
    self.architecture = architecture
    func size(_ key: String) -> Int? {
      let found = value("\(architecture).\(key)")
      return found?.integer ?? found?.integers?.first
    }
    layerCount = size("block_count") ?? 0
    expertCount = size("expert_count") ?? 0
    let heads = size("attention.head_count") ?? 1
    let keys = size("attention.head_count_kv") ?? heads
    headsPerKey = keys > 0 ? heads / keys : 0
    hasOutput = names.contains("output.weight")
    valueCount = names.count { Self.role($0) == .value }
  }

  enum Role { case output, embedding, value, key, attentionOutput, down, other }

  static func role(_ name: String) -> Role {
    if name == "output.weight" { return .output }
    if name == "token_embd.weight" || name == "per_layer_token_embd.weight" { return .embedding }
    if ["attn_v.weight", "attn_qkv.weight", "attn_kv_b.weight"].contains(where: name.contains) { return .value }
    if name.contains("attn_k.weight") { return .key }
    if name.contains("attn_output.weight") { return .attentionOutput }
    if name.contains("ffn_down") { return .down }
    return .other
  }

  /// Parts of names whose tensors stay as they are: small, or too sensitive.
  private static let kept = [
    "_norm.weight", "ffn_gate_inp.weight", "ffn_gate_tid2eid.weight", "altup", "laurel", "per_layer_model_proj",
    "ssm_conv1d", "shortconv.conv.weight", "indexer.k_proj.weight", "indexer.q_proj.weight", "time_mix_first.weight",
    "time_mix_w0.weight", "time_mix_w1.weight", "time_mix_w2.weight", "time_mix_v0.weight", "time_mix_v1.weight",
    "time_mix_v2.weight", "time_mix_a0.weight", "time_mix_a1.weight", "time_mix_a2.weight", "time_mix_g1.weight",
    "time_mix_g2.weight", "time_mix_decay_w1.weight", "time_mix_decay_w2.weight", "time_mix_lerp_fused.weight",
    "attn_rel_b.weight", ".position_embd", "sam.pos_embd", "sam.neck.", "sam.net_", ".rel_pos", ".patch_embd",
    ".patch_merger", "a.rvq.codebook", "mm.a.code_embd",
  ]

  /// Whether a recipe changes this tensor at all: matrices of weights, not vectors, norms, routers or positions.
  static func isQuantised(_ tensor: TensorDeclaration) -> Bool {
    tensor.shape.dropLast().contains { $0 > 1 } && tensor.name.hasSuffix("weight") && !tensor.format.isInteger
      && tensor.name != "position_embd.weight" && tensor.name != "token_types.weight"
      && !kept.contains(where: tensor.name.contains)
  }

  mutating func step(for tensor: TensorDeclaration, layer: Int) -> QuantisationStep {
    let wanted = Self.isQuantised(tensor) ? choose(tensor, layer: layer) : tensor.format
    let chosen = Self.fitting(wanted, columns: tensor.shape.last ?? 1)
    return QuantisationStep(
      name: tensor.name, shape: tensor.shape, from: tensor.format, to: chosen,
      wanted: chosen == wanted ? nil : wanted)
  }

  /// The format itself, or the nearest whose blocks divide the row.
  static func fitting(_ format: BlockFormat, columns: Int) -> BlockFormat {
    if columns % format.blockWidth == 0 { return format }
    let smaller: BlockFormat? =
      switch format {
      case .iq4_xs: .iq4_nl
      case .q2_k, .q3_k: .q4_0
      case .q4_k: .q5_0
      case .q5_k: .q5_1
      case .q6_k: .q8_0
      default: nil
      }
    if let smaller, columns % smaller.blockWidth == 0 { return smaller }
    return .f16
  }

  private mutating func choose(_ tensor: TensorDeclaration, layer: Int) -> BlockFormat {
    if !recipe.base.isQuantised { return recipe.base }
    let role = Self.role(tensor.name)
    if role == .output || (role == .embedding && !hasOutput) { return outputFormat(tensor) }
    if recipe.base == .mxfp4 {
      // Experts are stacked along a third dimension.
      return tensor.shape.count >= 3 && tensor.shape[tensor.shape.count - 3] > 1 ? .mxfp4 : .q8_0
    }
    switch role {
    case .value:
      defer { valueIndex += 1 }
      return valueFormat()
    case .key: return expertCount == 8 ? .q8_0 : recipe.base
    case .down:
      defer { downIndex += 1 }
      return downFormat(layer: expertCount > 1 ? layer : downIndex)
    case .attentionOutput: return attentionOutputFormat()
    case .output, .embedding, .other: return recipe.base
    }
  }

  private func outputFormat(_ tensor: TensorDeclaration) -> BlockFormat {
    let columns = tensor.shape.last ?? 1
    if recipe.base == .mxfp4 || recipe.base == .q8_0 || architecture == "falcon" { return .q8_0 }
    return columns % recipe.base.blockWidth == 0 ? .q6_k : .q8_0
  }

  /// The first and last eighth of the layers, and every third between.
  private func wantsMore(_ index: Int, of count: Int) -> Bool {
    index < count / 8 || index >= 7 * count / 8 || (index - count / 8) % 3 == 2
  }

  private func valueFormat() -> BlockFormat {
    var format = recipe.base
    switch recipe.name {
    case "Q2_K": format = headsPerKey >= 4 ? .q4_k : .q3_k
    case "Q3_K_M": format = valueIndex < 2 ? .q5_k : .q4_k
    case "Q3_K_L": format = .q5_k
    case "IQ4_NL", "IQ4_XS": if headsPerKey >= 4 { format = .q5_k }
    case "Q4_K_M", "Q5_K_M": if wantsMore(valueIndex, of: valueCount) { format = .q6_k }
    case "Q4_K_S": if valueIndex < 4 { format = .q5_k }
    default: break
    }
    // Where eight heads share a value, its matrix is small and errors in it weigh more.
    let isLarge = ["llama", "qwen2", "deci"].contains(architecture) && layerCount == 80 && headsPerKey > 1
    if isLarge, format == .q3_k || format == .q4_k { format = .q5_k }
    return expertCount == 8 ? .q8_0 : format
  }

  private func downFormat(layer: Int) -> BlockFormat {
    let isFalcon = architecture == "falcon"
    switch recipe.name {
    case "Q2_K": return .q3_k
    case "Q3_K_M":
      if layer < layerCount / 16 { return .q5_k }
      return !isFalcon || wantsMore(layer, of: layerCount) ? .q4_k : .q3_k
    case "Q3_K_L": return isFalcon ? .q4_k : .q5_k
    case "Q4_K_M":
      if isFalcon, layer >= layerCount / 16 { return wantsMore(layer, of: layerCount) ? .q5_k : .q4_k }
      return isFalcon || wantsMore(layer, of: layerCount) ? .q6_k : .q4_k
    case "IQ4_NL", "IQ4_XS": return layer < layerCount / 8 ? .q5_k : recipe.base
    case "Q5_K_M": return wantsMore(layer, of: layerCount) ? .q6_k : .q5_k
    case "Q4_K_S": return !isFalcon && layer < layerCount / 8 ? .q5_k : .q4_k
    default: return recipe.base
    }
  }

  private func attentionOutputFormat() -> BlockFormat {
    if architecture == "falcon" { return recipe.name == "Q3_K_L" ? .q4_k : recipe.base }
    if expertCount == 8 {
      let raised = ["Q2_K", "Q3_K_S", "Q3_K_M", "IQ4_NL", "Q4_K_S", "Q4_K_M", "IQ4_XS"]
      return raised.contains(recipe.name) ? .q5_k : recipe.base
    }
    switch recipe.name {
    case "Q2_K": return .q3_k
    case "Q3_K_M": return .q4_k
    case "Q3_K_L": return .q5_k
    default: return recipe.base
    }
  }
}
