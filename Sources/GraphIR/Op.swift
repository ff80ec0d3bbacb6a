public import TensorCore

/// Every operation an architecture may use.
///
/// Each reading of a graph (shapes, memory, reference results, plans, later gradients and pictures) is one exhaustive
/// `switch` over this list, so the compiler names every rule a new case still needs. Leading dimensions are rows:
/// `T` tokens of one step, `S` positions held by a state, `R` rows asked for.
public enum Op: Hashable, Sendable {
  // MARK: Leaves
  case input(String, Shape, ElementType)
  /// A stored tensor by its GGUF name, outermost dimension first.
  case weight(String, [Int])

  // MARK: Linear maps
  /// `out[i…] = table[index[i…]]`: embeddings, chosen rows, per-expert biases.
  case gather
  /// `out[t] = W · x[t] (+ b)`, `W [out, in]`.
  case linear
  /// `out[t, h] = W[h] · x[t, h]`, `W [heads, out, in]`.
  case headLinear
  /// `out[t, k] = W[choice[t, k]] · x[t]` (or `x[t, k]`), `W [experts, out, in]`.
  case expertLinear

  // MARK: Normalisation and position
  /// `x / √(mean(x²) + ε) (· w)` over the last dimension.
  case rmsNorm(epsilon: Float)
  /// `(x − mean) / √(variance + ε) (· w) (+ b)` over the last dimension.
  case layerNorm(epsilon: Float)
  /// Rotates the first `width` elements of each head by the row's position.
  case rope(RotaryEmbedding)

  // MARK: Token mixing
  /// Adds this step's rows to a state and yields all its rows.
  case append(State)
  /// `out[t, h, s] = cap(scale · q[t, h] · k[s, h / group])`, −∞ where the mask hides `s` from `t`.
  ///
  /// Keys are all rows of a state `[S, …]`, or in training the step's own rows `[T, …]`, of which a row sees those of
  /// its sequence.
  case attentionScores(scale: Float, softcap: Float?, mask: AttentionMask)
  /// Softmax over positions; an optional sink `[heads]` joins the denominator only.
  case attentionPattern
  /// `out[t, h] = Σₛ pattern[t, h, s] · v[s, h / group]`.
  case attentionMix
  /// `out[t, c] = Σⱼ w[c, j] · x[t − taps + 1 + j, c] (+ b[c])` over the state's and this step's rows.
  case shortConvolution(State)
  /// One step a token over a matrix a head; see `RecurrenceRule`.
  case recurrence(RecurrenceRule, State)

  // MARK: Routing
  /// Indices of the largest scores, largest first, ties to the lower index.
  case topK(Selection)
  /// `out[t, k] = x[t, choice[t, k]]`.
  case pick
  /// `out[t] = Σₖ w[t, k] · x[t, k]`.
  case weightedSum

  // MARK: Elementwise and along the last dimension
  case unary(Unary)
  /// The second operand's dimensions, aligned right, are equal or 1.
  case binary(Binary)
  /// `x · scale + offset`.
  case affine(scale: Float, offset: Float)
  case clamp(lower: Float, upper: Float)
  case softmax
  /// `x / (Σ x + ε)`.
  case normalizeSum(epsilon: Float)
  case cast(ElementType)

  // MARK: Shape
  /// New sizes after the row dimension.
  case reshape([Int])
  case slice(Range<Int>)
  case concatenate

  // MARK: Training
  case training(TrainingOp)
}

/// What a value's elements are while a graph runs.
public enum ElementType: String, Hashable, Sendable { case float32, int32 }

public enum Unary: String, Hashable, Sendable, CaseIterable {
  case silu, sigmoid, gelu, geluTanh, relu, reluSquared, tanh, exp, softplus, log1p, floor, negate
}

public enum Binary: String, Hashable, Sendable, CaseIterable {
  case add, subtract, multiply, divide, minimum, maximum
}

/// Which earlier positions a row may see; its own is always the last.
public enum AttentionMask: Hashable, Sendable {
  case causal
  /// The last `n` positions, the row's own among them.
  case window(Int)
  /// Positions of the same run of `n`: `s / n == t / n`.
  case chunk(Int)

  /// The first position that a row at `position` sees.
  public func firstVisible(from position: Int) -> Int {
    switch self {
    case .causal: 0
    case .window(let n): max(0, position - n + 1)
    case .chunk(let n): position / n * n
    }
  }
}

/// How a recurrent state `S [keyWidth, valueWidth]` of one head takes in a token.
public enum RecurrenceRule: String, Hashable, Sendable {
  /// `S ← eᵍ·S + k ⊗ v; out = qᵀ·S` (Mamba-2's state-space duality, linear attention).
  case decay
  /// `S ← eᵍ·S; S ← S + k ⊗ β·(v − kᵀ·S); out = qᵀ·S` (gated delta rule, arXiv 2412.06464).
  case gatedDelta
}

/// How experts are chosen from their scores.
public struct Selection: Hashable, Sendable {
  public var count: Int
  /// Only experts of the best groups take part (DeepSeek).
  public var groups: Groups?

  public struct Groups: Hashable, Sendable {
    public var count: Int
    public var used: Int
    /// A group's score is the sum of so many of its best experts' scores.
    public var best: Int
    public init(count: Int, used: Int, best: Int) { (self.count, self.used, self.best) = (count, used, best) }
  }

  public init(count: Int, groups: Groups? = nil) { (self.count, self.groups) = (count, groups) }
}
