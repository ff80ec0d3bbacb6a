import GraphIR

/// Cosines and sines of every position, `[context, pairs]` each.
final class RotaryTable: @unchecked Sendable {
  let cosines: UnsafeMutablePointer<Float>
  let sines: UnsafeMutablePointer<Float>
  let pairs: Int
  let context: Int

  init(_ embedding: RotaryEmbedding, context: Int) {
    let frequencies = embedding.frequencies(context: context)
    (pairs, self.context) = (frequencies.count, context)
    cosines = .allocate(capacity: max(1, context * pairs))
    sines = .allocate(capacity: max(1, context * pairs))
    for position in 0..<context {
      for (pair, frequency) in frequencies.enumerated() {
        let (sine, cosine) = sineAndCosine(Double(position) * frequency)
        cosines[position * pairs + pair] = Float(cosine * Double(embedding.magnitude))
        sines[position * pairs + pair] = Float(sine * Double(embedding.magnitude))
      }
    }
  }

  deinit {
    cosines.deallocate()
    sines.deallocate()
  }
}
