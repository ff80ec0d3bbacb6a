import CKernels
import TensorCore

/// Kept keys and values of enough layers to come from memory, and queries against them.
struct Caches: Sendable {
  let isa: vector_isa
  let format: UInt32
  let heads: Int
  let group: Int
  let width: Int
  let depth: Int
  let layers: Int
  let headBytes: Int
  let keys: Memory
  let values: Memory
  let queries: Memory
  let outputs: Memory

  init(_ isa: vector_isa, _ format: BlockFormat, heads: Int, group: Int, width: Int, depth: Int) {
    (self.isa, self.format) = (isa, format.rawValue)
    (self.heads, self.group, self.width, self.depth) = (heads, group, width, (depth + 15) / 16 * 16)
    let rowBytes = cache_row_bytes(format.rawValue, width)
    headBytes = rowBytes * self.depth
    layers = max(1, (64 << 20) / (headBytes * heads))
    keys = Memory(headBytes * heads * layers)
    values = Memory(headBytes * heads * layers)
    queries = Memory(floats: heads * group * width * self.depth, scale: 1)
    outputs = Memory(heads * group * width * self.depth * 4)
    let rows = row_kernels_for(isa).pointee
    for unit in 0..<heads * layers {
      for row in 0..<self.depth {
        let x = queries.floats + (unit + row) % (heads * self.depth) * width
        rows.cache_append(format.rawValue, 1, x, width, keys.base + unit * headBytes, row)
        rows.cache_append(format.rawValue, 0, x, width, values.base + unit * headBytes, row)
      }
    }
  }

  /// Bytes and operations of one token through all layers.
  var bytes: Double { Double(keys.bytes + values.bytes) }
  var decodeOperations: Double { 4 * Double(layers * heads * group * width * depth) }
  /// Operations of all rows of one layer, each with the positions up to its own.
  var prefillOperations: Double { 2 * Double(heads * group * width) * Double(depth) * Double(depth + 1) }

  private func row(_ unit: Int) -> attention_row {
    let memory = attention_memory(
      keys: keys.base + unit * headBytes, values: values.base + unit * headBytes, valuesAreKeys: 0, rows: depth,
      keyWidth: width, valueWidth: width, newKeys: nil, newValues: nil, firstNew: 0, newKeyStride: 0,
      newValueStride: 0)
    return attention_row(
      query: queries.floats, queryStride: width, groupHeads: group, memory: memory, format: format, keyOffset: 0,
      keyWidth: width, valueOffset: 0, valueWidth: width, firstVisible: 0, lastVisible: depth - 1, scale: 0.1,
      softcap: 0, sinks: nil, output: outputs.floats, outputStride: width, scratch: outputs.base)
  }

  /// One row of every layer and head of a thread.
  func decode(_ thread: Int, _ threads: Int) {
    var shape = row(0)
    let scratch = Memory(attention_scratch_bytes(&shape, 1))
    let kernels = attention_kernels_for(isa).pointee
    for unit in stride(from: thread, to: heads * layers, by: threads) {
      var row = row(unit)
      row.output = outputs.floats + unit % heads * group * width
      row.scratch = scratch.base
      kernels.attention(&row)
    }
  }

  /// All rows of one layer, in tiles of 32.
  func prefill(_ thread: Int, _ threads: Int) {
    var shape = row(0)
    let scratch = Memory(attention_scratch_bytes(&shape, 32))
    let kernels = attention_kernels_for(isa).pointee
    let tiles = (depth + 31) / 32
    for unit in stride(from: thread, to: tiles * heads, by: threads) {
      let (tile, head) = (tiles - 1 - unit / heads, unit % heads)
      var shared = row(head)
      shared.scratch = scratch.base
      let rows = (tile * 32..<min(depth, tile * 32 + 32)).map { position in
        let place = (head * depth + position) * group * width
        return attention_query(
          query: queries.floats + place, output: outputs.floats + place, firstVisible: 0, lastVisible: position)
      }
      kernels.attention_rows(&shared, rows, rows.count)
    }
  }
}

/// Thirty-two recurrent states, two to a key, as in Qwen3-Next.
struct RecurrentHeads: Sendable {
  let isDelta: Bool
  let kernels: recurrence_kernels
  private static let (heads, width, rows) = (32, 128, 256)
  private let keys = Memory(floats: 2 * 16 * 128 * 256, scale: 0.1)
  private let values = Memory(floats: 32 * 128 * 256, scale: 1)
  private let decays = Memory(floats: 2 * 32 * 256, scale: 1)
  private let outputs = Memory(32 * 128 * 256 * 4)
  private let states = Memory(32 * 128 * 128 * 4)

  init(_ isa: vector_isa, isDelta: Bool) {
    self.isDelta = isDelta
    kernels = recurrence_kernels_for(isa).pointee
    for index in 0..<2 * 32 * 256 {
      let size = decays.floats[index].magnitude
      decays.floats[index] = index < 32 * 256 ? -size : size
    }
  }

  func run(_ thread: Int, _ threads: Int, rows: Int) {
    let (heads, width) = (Self.heads, Self.width)
    for head in stride(from: thread, to: heads, by: threads) {
      let key = keys.floats + head / 2 * width
      var part = recurrence_head(
        queries: key + 16 * width * Self.rows, keys: key, values: values.floats + head * width,
        decays: decays.floats + head, rates: isDelta ? UnsafePointer(decays.floats + heads * Self.rows + head) : nil,
        outputs: outputs.floats + head * width, state: states.floats + head * width * width, queryStride: 16 * width,
        keyStride: 16 * width, valueStride: heads * width, decayStride: heads, rateStride: heads,
        outputStride: heads * width, keyWidth: width, valueWidth: width, count: rows)
      if isDelta { kernels.gated_delta(&part) } else { kernels.decay(&part) }
    }
  }
}

extension recurrence_kernels: @unchecked @retroactive Sendable {}
