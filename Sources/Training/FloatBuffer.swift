public import TensorCore

/// One flat run of float32: all weights, all gradients, or a moment of each; laid out as `ParameterLayout` says.
public final class FloatBuffer: @unchecked Sendable {
  private let memory: Buffer
  public let count: Int

  /// Zeros; throws `AllocationError` where the system refuses the memory.
  public init(count: Int) throws(AllocationError) {
    self.count = count
    memory = try Buffer(count: count * 4)
  }

  public var values: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }

  var base: UnsafeMutablePointer<Float> { memory.base.assumingMemoryBound(to: Float.self) }

  public subscript(range: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: values[range])
  }
}
