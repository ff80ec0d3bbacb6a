public import Planning
public import TensorCore

extension Executor {
  /// Bytes that an executor takes for itself, beside the arena.
  public static func scratchBytes(of program: Program, threads: Int) -> Int {
    threadLayout(program).bytes * threads + AttentionSpans.bytes(program, threads: threads)
  }

  /// Where a thread's tiles and its scratch for kernels begin, and the bytes of its rows, tiles and scratch together.
  static func threadLayout(_ program: Program) -> (tiles: Int, scratch: Int, bytes: Int) {
    let tiles = (program.threadWords * 4 + 63) / 64 * 64
    let scratch = tiles + program.tiles * Program.tileWords * 4
    return (tiles, scratch, (scratch + kernelScratch(program) + 4095) / 4096 * 4096)
  }
}

extension WeightMemory {
  /// Bytes that the weights of a program will take: packed, decoded, and rows of tables that are not packed too.
  ///
  /// `constant` gives the elements of a weight that is kept as float32, `table` the format of one that is not.
  public static func bytes(
    of program: Program, constant: (String) -> Int, table: (String) throws -> BlockFormat
  ) rethrows -> Int {
    let packed = program.matrices.reduce(0) { $0 + ($1.packedBytes * $1.count + 63) / 64 * 64 }
    let names = Set(program.matrices.map(\.name))
    let rows = try program.tables.filter { !names.contains($0.name) }.reduce(0) {
      $0 + $1.rows * (try table($1.name)).rowBytes($1.columns)
    }
    return packed + rows + program.constants.reduce(0) { $0 + constant($1) * 4 }
  }
}
