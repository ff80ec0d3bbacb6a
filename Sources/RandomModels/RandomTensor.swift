import Checkpoints
import Dispatch
import Quantization
import TensorCore

/// A tensor's random values, in its own format.
struct RandomTensor: @unchecked Sendable {
  let tensor: TensorDeclaration
  private let blocks: RandomBlocks
  /// Values of a vector lie around this.
  private let centre: Float
  private let columns: Int

  /// A matrix keeps the scale of what it multiplies; the head's is larger, so that some tokens stand out.
  init(_ tensor: TensorDeclaration, isHead: Bool) {
    self.tensor = tensor
    columns = tensor.shape.last ?? 1
    let isNorm = tensor.name.hasSuffix("norm.weight")
    let isVector = tensor.shape.count < 2
    centre = isNorm ? 1 : 0
    let spread: Float = isNorm ? 0.1 : isVector ? 0.02 : (isHead ? 3 : 1) / Float(columns).squareRoot()
    blocks = RandomBlocks(tensor.format, spread: spread, centre: centre)
  }

  /// Pieces of whole rows, each from a seed of its own, made by all processors in turn.
  func write(to output: inout TensorOutput, seed: UInt64) throws {
    let rowBytes = tensor.format.rowBytes(columns)
    let rows = tensor.shape.dropLast().reduce(1, *)
    let rowsAtOnce = max(1, min(rows, (1 << 20) / max(rowBytes, 1)))
    let pieces = (rows + rowsAtOnce - 1) / rowsAtOnce
    let together = 16
    let buffer = try Buffer(count: rowsAtOnce * rowBytes * min(together, pieces))
    defer { withExtendedLifetime(buffer) {} }
    for first in stride(from: 0, to: pieces, by: together) {
      let count = min(together, pieces - first)
      DispatchQueue.concurrentPerform(iterations: count) { index in
        let piece = first + index
        let size = (min(rows, (piece + 1) * rowsAtOnce) - piece * rowsAtOnce) * rowBytes
        let start = index * rowsAtOnce * rowBytes
        var generator = RandomWords(seed: seed << 32 | UInt64(piece))
        blocks.fill(UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[start..<start + size]), from: &generator)
      }
      let end = (min(rows, (first + count) * rowsAtOnce) - first * rowsAtOnce) * rowBytes
      try output.write(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<end]))
    }
  }
}

/// Eight xorshift generators side by side (Marsaglia, 2003).
struct RandomWords {
  private var state = SIMD8<UInt64>()

  /// Starts from eight values of SplitMix64.
  init(seed: UInt64) {
    var z = seed
    for lane in 0..<8 {
      z &+= 0x9E37_79B9_7F4A_7C15
      var word = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
      state[lane] = (word ^ (word >> 31)) | 1
    }
  }

  @inline(__always)
  mutating func next() -> SIMD8<UInt64> {
    state ^= state &<< 13
    state ^= state &>> 7
    state ^= state &<< 17
    return state
  }
}
