public import GraphIR
public import Kernels
public import TensorCore

/// A graph made ready to run: few steps, fixed offsets, packed weights.
public struct Program: Sendable {
  public var steps: [Step] = []
  /// Rows (tokens) that one run may have.
  public let capacity: Int
  public let options: PlanOptions
  /// Asked rows that one run may have.
  public var rowCapacity: Int { min(capacity, options.outputRows) }
  public var arenaWords = 0
  /// Words of a thread's own memory for a block of `rowBlock` rows.
  public var threadWords = 0
  /// Rows that a thread takes at once where each row stands alone.
  public var rowBlock = 1
  /// Tiles of `tileWords` words that a thread needs.
  public var tiles = 0
  /// Words of a tile: rows by columns of products.
  public static let tileWords = 8192
  public var matrices: [Matrix] = []
  /// Weights that row operations read, as float32.
  public var constants: [String] = []
  /// Weights whose rows are looked up, read as stored.
  public var tables: [Table] = []
  public var states: [State] = []
  /// Which states serve as keys; they lie column by column.
  public var keyStates: Set<Int> = []
  public var inputs: [String: Operand] = [:]
  public var output = Operand(space: .arena, offset: 0, rowStride: 0, groups: 1, groupStride: 0, width: 0)
  /// Kept values by name, with the shape that a row has.
  public var taps: [String: Tap] = [:]
}

/// What a program is planned for.
public struct PlanOptions: Sendable {
  public var arithmetic = Arithmetic.quantised
  /// Format of key-value and latent rows.
  public var cacheFormat = BlockFormat.f16
  /// The longest sequence.
  public var context = 4096
  /// Rows of one run whose logits can be asked for.
  public var outputRows = 16
  /// Sequences whose states are kept side by side.
  public var slots = 1
  /// Names of values to keep; their fusions are split.
  public var taps: Set<String> = []

  public init() {}
}

/// A stored matrix (or one for each expert or head) and how it is packed.
public struct Matrix: Hashable, Sendable {
  public let name: String
  /// Matrices in the tensor.
  public let count: Int
  public let rows: Int
  public let columns: Int
  public let format: BlockFormat
  public let packing: Packing

  /// Bytes of one packed matrix.
  public var packedBytes: Int { packing.bytes(rows: rows, columns: columns) }
}

public struct Table: Hashable, Sendable {
  public let name: String
  public let rows: Int
  public let columns: Int
}

/// A kept value.
public struct Tap: Sendable {
  public let operand: Operand
  public let domain: Domain
  /// Sizes after the row dimension; `S` stands for the context.
  public let shape: Shape
  public let type: ElementType
}

/// A graph that cannot be planned: which value, and why.
public struct PlanError: Error, CustomStringConvertible, Sendable {
  public let name: String
  public let reason: String
  public init(name: String, reason: String) { (self.name, self.reason) = (name, reason) }
  public var description: String { "\(name): \(reason)" }
}
