public import Checkpoints

extension GGUFValue {
  /// A setting as GGUF stores it; throws `CheckpointError` for a number that does not fit its 32 bits.
  public init(_ value: MetadataValue, key: String) throws(CheckpointError) {
    func narrow<T: FixedWidthInteger>(_ number: Int) throws(CheckpointError) -> T {
      guard let result = T(exactly: number) else {
        throw CheckpointError(file: "output", item: key, reason: "\(number) does not fit GGUF's 32 bits")
      }
      return result
    }
    self =
      switch value {
      case .integer(let number): .uint32(try narrow(number))
      case .number(let number): .float32(Float(number))
      case .boolean(let flag): .bool(flag)
      case .string(let text): .string(text)
      case .integers(let numbers): .int32s(try numbers.map { number throws(CheckpointError) in try narrow(number) })
      case .numbers(let numbers): .float32s(numbers.map { Float($0) })
      case .booleans(let flags): .bools(flags)
      case .strings(let texts): .strings(texts)
      }
  }
}
