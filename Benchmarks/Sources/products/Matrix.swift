import Kernels
import TensorCore

/// A packed random matrix with activations and outputs.
struct Matrix: @unchecked Sendable {
  let packing: Packing
  let rows: Int
  let columns: Int
  let tokens: Int
  let stored: Buffer
  let packed: Buffer
  let activations: Buffer
  let output: Buffer

  init(_ packing: Packing, rows: Int, columns: Int, tokens: Int) throws {
    self.packing = packing
    self.rows = rows
    self.columns = columns
    self.tokens = tokens
    stored = try Buffer(count: rows * packing.source.rowBytes(columns))
    // Bytes that are small numbers in every format: speed does not depend on values, save for what is not finite.
    var state: UInt64 = 1
    let words = stored.base.assumingMemoryBound(to: UInt64.self)
    for index in 0..<stored.count / 8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      words[index] = state & 0x3737_3737_3737_3737
    }
    packed = try Buffer(count: packing.bytes(rows: rows, columns: columns))
    activations = try Buffer(count: tokens * packing.activation.rowBytes(columns))
    output = try Buffer(count: tokens * rows * 4)
    let row = (0..<columns).map { Float($0 % 17) - 8 }
    for token in 0..<tokens {
      row.withUnsafeBufferPointer {
        packing.activation.quantise(
          row: $0.baseAddress!, columns: columns,
          into: activations.base + token * packing.activation.rowBytes(columns))
      }
    }
  }

  var panelCount: Int { Packing.panels(rows: rows) }

  /// The panels of one of several threads.
  func panels(_ thread: Int, of threads: Int) -> Range<Int> {
    panelCount * thread / threads..<panelCount * (thread + 1) / threads
  }

  func pack(_ panels: Range<Int>) {
    packing.pack(stored.base, rows: rows, columns: columns, panels: panels, into: packed.base)
  }

  func multiply(_ catalogue: KernelCatalogue, _ panels: Range<Int>, scratch: Buffer) {
    catalogue.multiply(
      Product(
        weights: packing.isMapped ? stored.base : packed.base, packing: packing, rows: rows, columns: columns,
        panels: panels, activations: activations.base, output: output.base.assumingMemoryBound(to: Float.self),
        tokens: tokens, scratch: scratch.base))
  }
}
