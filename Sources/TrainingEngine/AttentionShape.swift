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

  /// Query heads that share one key-value head.
  var group: Int { heads / keyValueHeads }

  /// Places within a sequence that a place sees, its own the last.
  func visible(from place: Int) -> ClosedRange<Int> { mask.firstVisible(from: place)...place }
}
