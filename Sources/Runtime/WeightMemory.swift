import CKernels
import Kernels
public import Planning
public import TensorCore

/// A model's weights in the form that its programs read: packed matrices, float32 rows, tables as stored.
public final class WeightMemory: @unchecked Sendable {
  /// The packed matrices: in memory of our own, or in a mapped file.
  private let packed: UnsafeRawBufferPointer
  private let owner: any AnyObject & Sendable
  private var offsets: [String: Int] = [:]
  private var mapped: [String: Tensor] = [:]
  private var decoded: [String: Buffer] = [:]

  /// Where weights come from: `tensor` finds one by name, `release` lets go of the pages that were read.
  public struct Source {
    public var tensor: (String) throws -> Tensor
    public var release: (Tensor) -> Void
    public init(tensor: @escaping (String) throws -> Tensor, release: @escaping (Tensor) -> Void = { _ in }) {
      (self.tensor, self.release) = (tensor, release)
    }
  }

  /// Packs what `program` reads, on all threads; `progress` hears the share that is done. Throws what `source` throws,
  /// `PlanError` for a weight of another shape and `AllocationError`.
  /// `stored`, of this program's layout, takes the place of packing.
  public init(
    for program: Program, from source: Source, team: ThreadTeam, stored: PackedWeights? = nil,
    progress: (Double) -> Void = { _ in }
  ) throws {
    var total = 0
    for matrix in program.matrices where !matrix.packing.isMapped {
      offsets[matrix.name] = total
      total += (matrix.packedBytes * matrix.count + 63) / 64 * 64
    }
    let buffer: Buffer?
    if let stored {
      (packed, owner, buffer) = (stored.packed, stored.file, nil)
      guard packed.count == total else { throw FileError(path: stored.path, reason: "has another size than planned") }
    } else {
      let taken = try Buffer(count: total)
      (packed, owner, buffer) = (UnsafeRawBufferPointer(taken.bytes), taken, taken)
    }
    for matrix in program.matrices where buffer != nil || matrix.packing.isMapped {
      let tensor = try source.tensor(matrix.name)
      try Self.check(tensor, [matrix.count * matrix.rows, matrix.columns], matrix.name)
      guard let offset = offsets[matrix.name] else {
        mapped[matrix.name] = tensor
        continue
      }
      guard let buffer else { continue }
      Self.pack(matrix, tensor, into: buffer.base + offset, team)
      // A table that is read from the same tensor asks for its rows again.
      source.release(tensor)
      progress(Double(offset + matrix.packedBytes * matrix.count) / Double(max(total, 1)))
    }
    for table in program.tables {
      let tensor = try source.tensor(table.name)
      try Self.check(tensor, [table.rows, table.columns], table.name)
      mapped[table.name] = tensor
    }
    for name in program.constants {
      let tensor = try source.tensor(name)
      let values = try Buffer(count: tensor.elementCount * 4)
      withExtendedLifetime(tensor) {
        block_decode(
          tensor.format.rawValue, tensor.bytes.baseAddress!, values.base.assumingMemoryBound(to: Float.self),
          tensor.elementCount)
      }
      decoded[name] = values
    }
  }

  /// The packed matrices' bytes, for a file of them.
  public func withPacked<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(packed)
  }

  /// Bytes that were taken for packed and decoded weights; mapped ones belong to the system's cache.
  public var bytes: Int { packed.count + decoded.values.reduce(0) { $0 + $1.count } }

  private static func check(_ tensor: Tensor, _ sizes: [Int], _ name: String) throws {
    guard tensor.columns == sizes[1], tensor.rowCount == sizes[0] else {
      throw PlanError(name: name, reason: "is stored as \(tensor.shape), not as \(sizes)")
    }
  }

  /// One matrix a head or expert; every thread packs its share of all panels.
  private static func pack(
    _ matrix: Matrix, _ tensor: Tensor, into destination: UnsafeMutableRawPointer, _ team: ThreadTeam
  ) {
    let panels = (matrix.rows + 15) / 16
    let all = panels * matrix.count
    let sourceBytes = matrix.rows * matrix.format.rowBytes(matrix.columns)
    let base = tensor.bytes.baseAddress!
    team.run { thread in
      let share = all * thread / team.count..<all * (thread + 1) / team.count
      var next = share.lowerBound
      while next < share.upperBound {
        let index = next / panels
        let first = next % panels
        let end = min(panels, first + share.upperBound - next)
        matrix.packing.pack(
          base + index * sourceBytes, rows: matrix.rows, columns: matrix.columns,
          panels: first..<end, into: destination + index * matrix.packedBytes)
        next += end - first
      }
    }
  }

  /// Throws `PlanError` where `program` reads a weight that is not held in the form it wants.
  public func check(_ program: Program) throws(PlanError) {
    let names =
      program.matrices.map(\.name).filter { offsets[$0] == nil && mapped[$0] == nil }
      + program.tables.map(\.name).filter { mapped[$0] == nil } + program.constants.filter { decoded[$0] == nil }
    if let name = names.first { throw PlanError(name: name, reason: "is not in memory as this program reads it") }
  }

  /// The first byte of a matrix, packed or as stored.
  func matrix(_ name: String) -> UnsafeRawPointer {
    if let offset = offsets[name] { return packed.baseAddress! + offset }
    return mapped[name]!.bytes.baseAddress!
  }

  func table(_ name: String) -> Tensor { mapped[name]! }

  func constant(_ name: String) -> UnsafeMutablePointer<Float> {
    decoded[name]!.base.assumingMemoryBound(to: Float.self)
  }
}
