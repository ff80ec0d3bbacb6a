import CKernels
import GraphIR

/// What attention and its gradient have in common: `q [T, heads, keyWidth]`, `k [T, keyValueHeads, keyWidth]`,
/// `v [T, keyValueHeads, valueWidth]`, each row seeing rows of its own sequence.
struct AttentionShape: Hashable, Sendable {
  var heads: Int
  var keyValueHeads: Int
  var keyWidth: Int
  var valueWidth: Int
  var scale: Float
  var softcap: Float?
  var mask: AttentionMask
  var dropout: DropoutMask?

  /// Pairs of a row's head and a row that it sees, in sequences that are all as long as the longest.
  func pairs(_ sizes: Sizes) -> Int {
    let length = max(1, sizes.longest)
    let seen = (0..<length).reduce(0) { $0 + $1 - mask.firstVisible(from: $1) + 1 }
    return sizes.tokens * seen / length * heads
  }

  /// Attention of this shape on memory without gaps.
  func work(queries: Floats, keys: Floats, values: Floats, outputs: Floats) -> sequence_attention {
    var (window, chunk) = (0, 0)
    switch mask {
    case .causal: break
    case .window(let n): window = n
    case .chunk(let n): chunk = n
    }
    return sequence_attention(
      queries: queries, keys: keys, values: values, queryRow: heads * keyWidth, keyRow: keyValueHeads * keyWidth,
      valueRow: keyValueHeads * valueWidth, heads: heads, keyHeads: keyValueHeads, keyWidth: keyWidth,
      valueWidth: valueWidth, window: window, chunk: chunk, scale: scale, softcap: softcap ?? 0, sinks: nil,
      dropoutKeys: nil, dropout: dropout?.kernel ?? dropout_mask(salt: 0, threshold: 0, scale: 1), outputs: outputs,
      outputRow: heads * valueWidth, logSums: outputs, outputGradients: nil, outputGradientRow: 0,
      queryGradients: nil, queryGradientRow: 0, keyGradients: nil, keyGradientRow: 0, valueGradients: nil,
      valueGradientRow: 0)
  }

  /// Floats that the kernels need beside them, whatever the sequences.
  var scratchWords: Int {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 1) { words in
      guard let place = words.baseAddress else { return 0 }
      var work = work(queries: place, keys: place, values: place, outputs: place)
      return sequence_attention_scratch_floats(&work)
    }
  }
}
