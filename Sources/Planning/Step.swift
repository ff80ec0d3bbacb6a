public import GraphIR
public import Kernels

/// Work between two barriers.
public enum Step: Sendable {
  /// Every row on its own, all instructions in order, rows split between threads.
  case rows(Domain, [RowInstruction])
  /// Independent pieces that share weights or states across rows.
  case tasks([TaskStep])
}

/// Which rows a step runs over.
public enum Domain: Hashable, Sendable {
  /// All rows of the step: `T`.
  case tokens
  /// Rows whose logits are asked for: `R`.
  case rows
}

/// One operation on one row.
public struct RowInstruction: Sendable {
  public var op: RowOperation
  public var inputs: [Operand]
  public var output: Operand
  /// The value it makes, for prints.
  public var name: String
}

public enum RowOperation: Sendable {
  /// A row of a stored table, decoded; the input is its index.
  case embed(table: Int)
  /// A row of another value; inputs are the index and the table.
  case gather
  case rmsNorm(epsilon: Float)
  case layerNorm(epsilon: Float, hasBias: Bool)
  /// Cosines, then sines, of the row's position.
  case rotation(frequencies: [Double], magnitude: Float)
  /// Turns the first `width` words of each group; inputs are the value and a rotation.
  case rope(width: Int, interleaved: Bool)
  /// Stores the row in a state, or in a chunk that is kept later.
  case append(state: Int, chunk: Operand?)
  /// Moves the row from a chunk to its ring.
  case commit(state: Int)
  case topK(Selection)
  case pick
  case weightedSum
  case unary(Unary)
  case binary(Binary)
  /// `function(a) · b`.
  case gated(Unary)
  case affine(scale: Float, offset: Float)
  case clamp(lower: Float, upper: Float)
  case softmax
  case normalizeSum(epsilon: Float)
  case cast(ElementType)
  /// Inputs one after the other in each group.
  case join
  /// Another order of sizes that a view cannot express.
  case copy
  /// Activations as a product reads them.
  case quantise(ActivationLayout)
}

/// An operation whose parts are shared out by weights, heads or channels.
public enum TaskStep: Sendable {
  /// Rows that every thread works out for itself, since that is quicker than to wait for one another.
  case ownRows(Domain, [RowInstruction])
  case products(ProductsStep)
  /// A matrix for each head.
  case headProduct(ProductStep)
  case experts(ExpertStep)
  /// Lists rows by expert; inputs are the choices.
  case route(choices: Operand, route: Route, Domain)
  case attention(AttentionStep)
  case scores(AttentionStep)
  case pattern(scores: Operand, sinks: Operand?, output: Operand)
  case mix(AttentionStep)
  case convolution(state: Int, input: Operand, weight: Operand, bias: Operand?, taps: Int, output: Operand)
  case recurrence(RecurrenceStep)
}

/// Products of one width, and what follows them column by column while a thread has their results in its cache.
///
/// Columns are handed out in units: whole panels, and whole blocks or heads where the epilogue wants them.
public struct ProductsStep: Sendable {
  public var members: [ProductStep]
  /// Operations on a unit's columns alone, in order.
  public var epilogue: [RowInstruction]
  public var domain: Domain
  public var columns: Int
  public var unit: Int
}

/// `out = W · x (+ b)`, for one matrix or one a head.
public struct ProductStep: Sendable {
  public var matrix: Int
  /// Rows of the matrix that take part, which make the output's columns; they start with a panel.
  public var matrixRows: Range<Int>
  public var domain: Domain
  /// As float32 words, or quantised rows of `activationBytes`.
  public var input: Operand
  public var bias: Operand?
  public var output: Operand
  public var name: String
}

/// `out[t, k] = W[choice[t, k]] · x`, or two such products that meet.
public struct ExpertStep: Sendable {
  /// One, or what gates and what is gated.
  public var members: [Member]
  public var gating: Gating?
  public var domain: Domain
  public var route: Route
  public var output: Operand
  public var name: String

  public struct Member: Sendable {
    public var matrix: Int
    public var input: Operand
    /// Whether `x` has a row for each choice, not one a token.
    public var hasChoiceRows: Bool
  }

  /// `function(first) · second` column by column, as the product after it reads activations.
  public struct Gating: Sendable {
    public var function: Unary
    public var layout: ActivationLayout
  }

  /// Columns that cannot be parted: whole panels and whole blocks.
  public var unit: Int { max(Packing.panelRows, gating?.layout.blockWidth ?? 1) }
}

/// Memory of one routing: where each expert's rows begin, and the rows in that order.
public struct Route: Hashable, Sendable {
  public var experts: Int
  public var used: Int
  /// `experts + 1` words, then how many experts have rows, and these experts.
  public var starts: Int
  /// Slots `t · used + k`, by expert.
  public var slots: Int
  /// Rows `t`, in the same order.
  public var rows: Int

  public var active: Int { starts + experts + 1 }
}

/// Queries against kept keys and values.
public struct AttentionStep: Sendable {
  public var query: Operand
  public var keys: StateView
  public var values: StateView
  public var sinks: Operand?
  public var scale: Float
  public var softcap: Float?
  public var mask: AttentionMask
  /// Pattern in, for `mix`.
  public var pattern: Operand?
  public var output: Operand
  public var name: String
}

/// Part of a state's rows.
public struct StateView: Hashable, Sendable {
  public var state: Int
  /// First element within a head's row, and how many.
  public var offset: Int
  public var width: Int
  public var heads: Int
  /// This step's own rows where the state is a ring.
  public var chunk: Operand?
}

public struct RecurrenceStep: Sendable {
  public var rule: RecurrenceRule
  public var state: Int
  public var query: Operand
  public var keys: Operand
  public var values: Operand
  public var decay: Operand
  public var rate: Operand?
  public var output: Operand
  public var name: String
}
