public import TensorCore

extension Value {
  /// The loss of each row of logits `[R, vocabulary]` for its target.
  public func crossEntropy(of targets: Value) -> Value { builder.record(.training(.crossEntropy), [self, targets]) }

  /// Sums over every dimension that `shape`, aligned right, lacks or has as 1.
  public func summed(to shape: Shape) -> Value {
    shape == self.shape ? self : builder.record(.training(.sum(shape)), [self])
  }

  /// Repeats along every dimension that `shape` has more of.
  public func spread(to shape: Shape) -> Value {
    shape == self.shape ? self : builder.record(.training(.spread(shape)), [self])
  }

  /// `out[t, c] = Σ x[t, k]` over the `k` with `choice[t, k] = c`.
  public func unpicked(by choice: Value, count: Int) -> Value {
    builder.record(.training(.unpick(count)), [self, choice])
  }
}
