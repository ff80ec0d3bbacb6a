import GraphIR
import TensorCore

extension OpExamples {
  /// Operations that only training uses, each over one step of a whole sequence.
  public static let training = losses + transposed + gathered + slopes + dropout + mixingSlopes

  private static let sequence: [[Int32]] = [[3, 1, 4, 1, 5, 9, 2]]

  private static func example(
    _ name: String, width: Int, _ body: @escaping @Sendable (GraphBuilder, Value) -> Value
  ) -> OpExample {
    OpExample(name, width: width, steps: sequence, body)
  }

  private static func record(_ op: TrainingOp, _ operands: Value...) -> Value {
    operands[0].builder.record(.training(op), operands)
  }

  /// The step's tokens, as targets.
  private static func tokens(_ g: GraphBuilder) -> Value { g.input("tokens", [.tokens], .int32) }

  private static let losses: [OpExample] = [
    example("crossEntropy", width: 13) { g, x in x.affine(scale: 3).crossEntropy(of: tokens(g)) },
    example("crossEntropyGradient", width: 13) { g, x in
      record(.crossEntropyGradient, x.affine(scale: 3), tokens(g), tokens(g).cast(.float32).affine(scale: 0.25))
    },
  ]

  private static let transposed: [OpExample] = [
    example("transposedLinear", width: 5) { g, x in record(.transposedLinear(.rows), x, g.weight("w", [5, 7])) },
    example("transposedLinear of heads", width: 6) { g, x in
      record(.transposedLinear(.rows), x.reshape(2, 3), g.weight("w", [3, 5]))
    },
    example("transposedHeadLinear", width: 6) { g, x in
      record(.transposedLinear(.heads), x.reshape(2, 3), g.weight("w", [2, 3, 5]))
    },
    example("transposedExpertLinear", width: 8) { g, x in
      let choice = x.topK(Selection(count: 2))
      return record(.transposedLinear(.experts(8)), x.reshape(2, 4), g.weight("w", [8, 4, 5]), choice)
    },
    example("outerSum", width: 5) { _, x in record(.outerSum(.rows), x, x.slice(1..<4).unary(.tanh)) },
    example("outerSum of heads", width: 6) { _, x in
      record(.outerSum(.rows), x.reshape(2, 3), x.reshape(2, 3).slice(0..<2))
    },
    example("headOuterSum", width: 6) { _, x in
      record(.outerSum(.heads), x.reshape(2, 3), x.reshape(2, 3).slice(0..<2))
    },
    example("expertOuterSum", width: 8) { _, x in
      record(.outerSum(.experts(8)), x.reshape(2, 4), x.slice(0..<3), x.topK(Selection(count: 2)))
    },
    example("expertOuterSum of own rows", width: 8) { _, x in
      record(.outerSum(.experts(8)), x.reshape(2, 4), x.reshape(2, 4).slice(0..<3), x.topK(Selection(count: 2)))
    },
  ]

  private static let gathered: [OpExample] = [
    example("scatterSum", width: 3) { g, x in record(.scatterSum(.fixed(OpExample.vocabulary)), tokens(g), x) },
    example("scatterSum of choices", width: 6) { _, x in
      record(.scatterSum(6), x.topK(Selection(count: 2)), x.reshape(2, 3))
    },
    example("scatterSum to rows", width: 5) { g, x in
      record(.scatterSum(.tokens), g.input("positions", [.tokens], .int32).affine(scale: 0.5).cast(.int32), x)
    },
    example("unpick", width: 6) { _, x in x.slice(0..<3).unpicked(by: x.topK(Selection(count: 3)), count: 6) },
    example("sum of rows", width: 5) { _, x in x.summed(to: [5]) },
    example("sum of everything", width: 5) { _, x in x.summed(to: [1]) },
    example("sum of a row", width: 5) { _, x in x.summed(to: [.tokens, 1]) },
    example("sum of heads", width: 6) { _, x in x.reshape(2, 3).summed(to: [.tokens, 1, 3]) },
    example("sum to a number a head", width: 6) { _, x in x.reshape(2, 3).summed(to: [2, 1]) },
    example("spread", width: 6) { _, x in x.reshape(2, 3).slice(1..<2).spread(to: [.tokens, 2, 4]) },
    example("spread to rows", width: 6) { g, _ in g.weight("v", [3, 1]).spread(to: [.tokens, 3, 2]) },
    example("pad", width: 4) { _, x in record(.pad(before: 2, after: 1), x) },
    example("pad heads", width: 6) { _, x in record(.pad(before: 0, after: 2), x.reshape(2, 3)) },
  ]

  private static let slopes: [OpExample] =
    Unary.allCases.filter { $0 != .floor && $0 != .negate }.map { function in
      example("\(function.rawValue)Gradient", width: 5) { g, x in
        record(.unaryGradient(function), x.unary(.tanh), x.affine(scale: function == .log1p ? 0.5 : 4))
      }
    } + [
      example("rmsNormGradient", width: 9) { _, x in record(.rmsNormGradient(epsilon: 0.125), x.unary(.tanh), x) },
      example("rmsNormGradient of heads", width: 6) { _, x in
        record(.rmsNormGradient(epsilon: 1e-5), x.unary(.tanh).reshape(2, 3), x.reshape(2, 3))
      },
      example("layerNormGradient", width: 9) { _, x in record(.layerNormGradient(epsilon: 0.125), x.unary(.tanh), x) },
    ]

  private static let dropout: [OpExample] = [
    example("dropout", width: 19) { g, x in record(.dropout(DropoutMask(rate: 0.4, salt: 8192)), x, tokens(g)) },
    example("dropout of heads", width: 6) { g, x in
      record(.dropout(DropoutMask(rate: 0.25, salt: 7)), x.reshape(2, 3), tokens(g))
    },
    example("attention with dropout", width: 7) { g, x in
      let (q, k) = (x.linear("q", 20).reshape(4, 5), x.linear("k", 10).reshape(2, 5))
      let scores = x.builder.record(.attentionScores(scale: 0.75, softcap: nil, mask: .causal), [q, k])
      let pattern = x.builder.record(.attentionPattern, [scores])
      let kept = record(.attentionDropout(DropoutMask(rate: 0.3, salt: 8192)), pattern, tokens(g))
      return x.builder.record(.attentionMix, [kept, x.linear("v", 6).reshape(2, 3)])
    },
  ]

  private static let mixingSlopes: [OpExample] =
    [AttentionMask.causal, .window(3), .chunk(4)].map { mask in
      example("attention of own rows, \(mask)", width: 7) { _, x in
        x.linear("q", 20).reshape(4, 5).attend(
          x.linear("k", 10).reshape(2, 5), x.linear("v", 6).reshape(2, 3), scale: 0.75, mask: mask)
      }
    } + [
      example("attentionPatternGradient", width: 7) { _, x in
        let (q, k) = (x.linear("q", 20).reshape(4, 5), x.linear("k", 10).reshape(2, 5))
        let scores = x.builder.record(.attentionScores(scale: 0.75, softcap: nil, mask: .window(3)), [q, k])
        let pattern = x.builder.record(.attentionPattern, [scores])
        return record(.attentionPatternGradient, pattern, scores)
      },
      example("attentionCollect", width: 7) { _, x in
        let (q, k) = (x.linear("q", 20).reshape(4, 5), x.linear("k", 10).reshape(2, 5))
        let scores = x.builder.record(.attentionScores(scale: 0.75, softcap: nil, mask: .causal), [q, k])
        return record(.attentionCollect(heads: 2), x.builder.record(.attentionPattern, [scores]), q)
      },
      example("shortConvolutionGradient", width: 5) { g, x in
        record(.shortConvolutionGradient, x, g.weight("conv", [5, 4]))
      },
      example("shortConvolutionWeightGradient", width: 5) { _, x in
        record(.shortConvolutionWeightGradient(taps: 4), x.unary(.tanh), x)
      },
      recurrence("decay", .decay, groups: 2, heads: 4),
      recurrence("gatedDelta", .gatedDelta, groups: 2, heads: 4),
    ]

  private static func recurrence(_ name: String, _ rule: RecurrenceRule, groups: Int, heads: Int) -> OpExample {
    example("\(name)Gradient", width: 7) { _, x in
      let queries = x.linear("q", groups * 5).reshape(groups, 5)
      let keys = x.linear("k", groups * 5).reshape(groups, 5).rmsNorm(epsilon: 1e-6).affine(scale: 0.5)
      let values = x.linear("v", heads * 3).reshape(heads, 3)
      let decay = x.linear("decay", heads).unary(.softplus).unary(.negate)
      let rate = rule == .gatedDelta ? [x.linear("rate", heads).unary(.sigmoid)] : []
      return x.builder.record(
        .training(.recurrenceGradient(rule)), [values.unary(.tanh), queries, keys, values, decay] + rate)
    }
  }
}
