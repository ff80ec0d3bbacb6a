public import TensorCore

/// Operations that only training steps use: the loss, and what the gradients of other operations need.
///
/// A training step sees whole sequences from position 0. Attention then reads keys and values of the step's own rows,
/// and a row sees only rows of its own sequence. `g` is the gradient of the loss by an operation's result.
public enum TrainingOp: Hashable, Sendable {
  // MARK: The loss
  /// `out[r] = log Σ exp(logits[r]) − logits[r, target[r]]`.
  case crossEntropy
  /// `out[r] = g[r] · (softmax(logits[r]) − one(target[r]))` of logits, targets and `g`.
  case crossEntropyGradient

  // MARK: Linear maps
  /// `out[t] = Wᵀ · g[t]`: the gradient by a linear map's rows.
  case transposedLinear(LinearMap)
  /// `out = Σₜ g[t] ⊗ x[t]` over all rows: the gradient by a linear map's weight.
  case outerSum(LinearMap)
  /// `out[i] = Σ x[j]` over the `j` with `index[j] = i`, for so many `i`: the gradient by a gathered table.
  case scatterSum(Dim)
  /// `out[t, c] = Σ x[t, k]` over the `k` with `choice[t, k] = c`, for so many `c`: the gradient of `pick`.
  case unpick(Int)

  // MARK: Shapes
  /// Sums over every dimension that this shape, aligned right, lacks or has as 1.
  case sum(Shape)
  /// Repeats along every dimension that this shape has more of: the transpose of `sum`.
  case spread(Shape)
  /// Zeros before and after the last dimension: the transpose of `slice`.
  case pad(before: Int, after: Int)

  // MARK: Functions and norms
  /// `g · f′(x)` of `g` and `x`.
  case unaryGradient(Unary)
  /// The gradient by `x` of `x / √(mean(x²) + ε)`, of `g` and `x`.
  case rmsNormGradient(epsilon: Float)
  /// The gradient by `x` of `(x − mean) / √(variance + ε)`, of `g` and `x`.
  case layerNormGradient(epsilon: Float)

  // MARK: Dropout
  /// `out = x · kept / (1 − rate)` of `x` and each row's key `[T]`; it is its own gradient.
  case dropout(DropoutMask)
  /// The same of a pattern `[t, h, s]`, each head by itself, by the position of `s` in its sequence.
  case attentionDropout(DropoutMask)

  // MARK: Token mixing
  /// `out = p · (g − Σₛ p · g)` of pattern `p` and `g`, both `[t, h, s]`; 0 where `p` is 0, whatever `g` is there.
  case attentionPatternGradient
  /// `out[s, j] = Σₜ Σₕ w[t, h, s] · x[t, h]` over the heads `h` that read key-value head `j`, for so many `j`.
  case attentionCollect(heads: Int)
  /// `out[t, c] = Σⱼ w[c, j] · g[t + taps − 1 − j, c]` within a sequence, of `g` and `w`.
  case shortConvolutionGradient
  /// `out[c, j] = Σₜ g[t, c] · x[t − taps + 1 + j, c]` within each sequence, of `g` and `x`.
  case shortConvolutionWeightGradient(taps: Int)
  /// Gradients by queries, keys, values, decay (and rate) side by side `[T, …]`, of `g` and these operands.
  case recurrenceGradient(RecurrenceRule)
}

/// Which matrix a row meets in a linear map.
public enum LinearMap: Hashable, Sendable {
  /// One for all, `W [out, in]`.
  case rows
  /// One a head, `W [heads, out, in]`.
  case heads
  /// The chosen ones of so many, `W [experts, out, in]`; the choice `[T, K]` is a third operand.
  case experts(Int)
}

extension TrainingOp {
  /// The short name used in prints.
  public var mnemonic: String {
    switch self {
    case .crossEntropy: "crossEntropy"
    case .crossEntropyGradient: "crossEntropyGradient"
    case .transposedLinear: "transposedLinear"
    case .outerSum: "outerSum"
    case .scatterSum: "scatterSum"
    case .unpick: "unpick"
    case .sum: "sum"
    case .spread: "spread"
    case .pad: "pad"
    case .unaryGradient(let function): "\(function.rawValue)Gradient"
    case .rmsNormGradient: "rmsNormGradient"
    case .layerNormGradient: "layerNormGradient"
    case .dropout: "dropout"
    case .attentionDropout: "attentionDropout"
    case .attentionPatternGradient: "attentionPatternGradient"
    case .attentionCollect: "attentionCollect"
    case .shortConvolutionGradient: "shortConvolutionGradient"
    case .shortConvolutionWeightGradient: "shortConvolutionWeightGradient"
    case .recurrenceGradient(let rule): "\(rule.rawValue)Gradient"
    }
  }

  var attributes: [String] {
    switch self {
    case .rmsNormGradient(let epsilon), .layerNormGradient(let epsilon): ["epsilon: \(epsilon)"]
    case .transposedLinear(let map), .outerSum(let map): map == .rows ? [] : [map.printed]
    case .pad(let before, let after): ["before: \(before)", "after: \(after)"]
    case .dropout(let mask), .attentionDropout(let mask): ["rate: \(mask.rate)", "salt: \(mask.salt)"]
    case .crossEntropy, .crossEntropyGradient, .scatterSum, .unpick, .sum, .spread, .unaryGradient,
      .attentionPatternGradient, .attentionCollect, .shortConvolutionGradient, .shortConvolutionWeightGradient,
      .recurrenceGradient:
      []
    }
  }
}

extension LinearMap {
  var printed: String {
    switch self {
    case .rows: "rows"
    case .heads: "heads"
    case .experts(let count): "experts: \(count)"
    }
  }
}
