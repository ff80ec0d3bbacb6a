import Checkpoints
public import TensorCore

extension ModelWeights {
  /// Adds what tells these weights from others: every stored tensor's name, shape and format, and samples of its bytes.
  public func addDigest(to digest: inout Digest) throws {
    for name in stored.names {
      guard let shape = stored.shape(name), let format = stored.format(name) else { continue }
      digest.combine("\(name) \(shape) \(format)")
      let tensor = try stored.tensor(name)
      withExtendedLifetime(tensor) {
        let (samples, length) = (8, 256)
        for sample in 0..<samples {
          let start = max(0, tensor.bytes.count - length) / (samples - 1) * sample
          digest.combine(
            UnsafeRawBufferPointer(rebasing: tensor.bytes[start..<min(tensor.bytes.count, start + length)]))
        }
      }
    }
  }
}
