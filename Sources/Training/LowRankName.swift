import Architectures

/// The names of the two factors beside a weight of a block: `blk.3.attn_q.lora_a` and `blk.3.attn_q.lora_b`.
struct LowRankName {
  let part: String
  let a: String
  let b: String

  /// Nil for what is no matrix of a block.
  init?(weight name: String) {
    let weight = WeightName(name)
    guard weight.layer != nil, weight.kind == "weight" else { return nil }
    part = weight.part
    let stem = name.dropLast(".weight".count)
    (a, b) = ("\(stem).lora_a", "\(stem).lora_b")
  }

  /// The weight that a factor belongs to, and whether it is `A`; nil for other names.
  static func base(of name: String) -> (weight: String, isA: Bool)? {
    for (suffix, isA) in [(".lora_a", true), (".lora_b", false)] where name.hasSuffix(suffix) {
      return (name.dropLast(suffix.count) + ".weight", isA)
    }
    return nil
  }
}
