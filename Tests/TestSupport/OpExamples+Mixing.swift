import GraphIR
import TensorCore

extension OpExamples {
  static let rotation: [OpExample] =
    [
      rope("half", RotaryEmbedding(width: 6, base: 100)),
      rope("interleaved", RotaryEmbedding(width: 6, base: 100, interleaved: true)),
      rope("partial", RotaryEmbedding(width: 4, base: 100)),
      rope("partial interleaved", RotaryEmbedding(width: 2, base: 100, interleaved: true)),
      rope("magnitude", RotaryEmbedding(width: 6, base: 100, magnitude: 1.25)),
      rope("linear", RotaryEmbedding(width: 6, base: 100, scaling: .linear(factor: 4))),
      rope(
        "llama3",
        RotaryEmbedding(
          width: 6, base: 100,
          scaling: .llama3(factor: 8, lowFrequency: 1, highFrequency: 4, originalContext: 64))),
      rope("yarn", RotaryEmbedding(width: 6, base: 100, scaling: yarn(truncate: true), magnitude: 1.1)),
      rope("yarn untruncated", RotaryEmbedding(width: 6, base: 100, scaling: yarn(truncate: false))),
      rope(
        "longRope short",
        RotaryEmbedding(
          width: 6, base: 100, scaling: .longRope(short: [1, 1.5, 2], long: [2, 4, 8], originalContext: 32))),
      rope(
        "longRope long",
        RotaryEmbedding(
          width: 6, base: 100, scaling: .longRope(short: [1, 1.5, 2], long: [2, 4, 8], originalContext: 31))),
      rope("reversed", reversed(RotaryEmbedding(width: 6, base: 100, magnitude: 1.25))),
      rope("divisors", RotaryEmbedding(width: 6, base: 100, scaling: .divisors([1, 2, 5]))),
    ] + [
      OpExample("rope of rows", width: 6) { g, x in
        x.rope(RotaryEmbedding(width: 4, base: 100), at: g.input("positions", [.tokens], .int32))
      }
    ]

  private static func rope(_ name: String, _ embedding: RotaryEmbedding) -> OpExample {
    OpExample("rope \(name)", width: 14) { g, x in
      x.reshape(2, 7).rope(embedding, at: g.input("positions", [.tokens], .int32))
    }
  }

  private static func reversed(_ embedding: RotaryEmbedding) -> RotaryEmbedding {
    var embedding = embedding
    embedding.isReversed = true
    return embedding
  }

  private static func yarn(truncate: Bool) -> RotaryEmbedding.Scaling {
    .yarn(factor: 4, originalContext: 64, betaFast: 6, betaSlow: 1, truncate: truncate)
  }

  static let attention: [OpExample] = [
    attention("causal", heads: 2, keyHeads: 2),
    attention("one head", heads: 1, keyHeads: 1),
    attention("grouped", heads: 6, keyHeads: 2),
    attention("shared", heads: 3, keyHeads: 1),
    attention("softcap", heads: 2, keyHeads: 1, softcap: 1.5),
    attention("sinks", heads: 4, keyHeads: 2, sinks: true),
    attention("window", heads: 2, keyHeads: 2, mask: .window(3)),
    attention("window of one", heads: 2, keyHeads: 2, mask: .window(1)),
    attention("window with sinks", heads: 4, keyHeads: 2, mask: .window(3), sinks: true),
    attention("chunk", heads: 4, keyHeads: 2, mask: .chunk(4)),
    OpExample("attention latent", width: 7, steps: OpExample.long) { _, x in
      let kept = x.linear("k", 5).appendLatent(to: "kv")
      return x.linear("q", 15).reshape(3, 5).attend(kept, kept.slice(0..<3), scale: 0.5)
    },
  ]

  /// Keys of width 5, values of width 3.
  private static func attention(
    _ name: String, heads: Int, keyHeads: Int, softcap: Float? = nil, mask: AttentionMask = .causal,
    sinks: Bool = false
  ) -> OpExample {
    OpExample("attention \(name)", width: 7, steps: OpExample.long) { g, x in
      let retention: State.Retention = if case .window(let n) = mask { .last(n) } else { .all }
      let keys = x.linear("k", keyHeads * 5).reshape(keyHeads, 5).append(to: "k", retention: retention)
      let values = x.linear("v", keyHeads * 3).reshape(keyHeads, 3).append(to: "v", retention: retention)
      return x.linear("q", heads * 5).reshape(heads, 5).attend(
        keys, values, scale: 0.75, softcap: softcap, mask: mask, sinks: sinks ? g.weight("sinks", [heads]) : nil)
    }
  }

  static let recurrent: [OpExample] = [
    OpExample("shortConvolution", width: 5, steps: OpExample.long) { _, x in
      x.shortConvolution("conv", state: "conv", taps: 4)
    },
    OpExample("shortConvolution with bias", width: 5, steps: OpExample.long) { _, x in
      x.shortConvolution("conv", state: "conv", taps: 2, bias: true)
    },
    recurrence("decay", .decay, groups: 3, heads: 3),
    recurrence("decay grouped", .decay, groups: 2, heads: 6),
    recurrence("gatedDelta", .gatedDelta, groups: 2, heads: 2),
    recurrence("gatedDelta grouped", .gatedDelta, groups: 2, heads: 4),
  ]

  /// Keys of width 5, values of width 3.
  private static func recurrence(_ name: String, _ rule: RecurrenceRule, groups: Int, heads: Int) -> OpExample {
    OpExample("recurrence \(name)", width: 7, steps: OpExample.long) { _, x in
      let keys = x.linear("k", groups * 5).reshape(groups, 5).rmsNorm(epsilon: 1e-6).affine(scale: 0.5)
      let decay = x.linear("decay", heads).unary(.softplus).unary(.negate)
      return x.linear("q", groups * 5).reshape(groups, 5).recurrence(
        rule, keys: keys, values: x.linear("v", heads * 3).reshape(heads, 3), decay: decay,
        rate: rule == .gatedDelta ? x.linear("rate", heads).unary(.sigmoid) : nil, state: "memory")
    }
  }
}
