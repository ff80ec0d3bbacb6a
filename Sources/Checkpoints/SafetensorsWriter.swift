import JSON
public import TensorCore

/// Writes one safetensors file: tensors streamed in the order declared, the whole file or nothing.
public struct SafetensorsWriter: Sendable {
  /// Texts for the header's `__metadata__`.
  public var metadata: [(key: String, value: String)] = []
  public private(set) var tensors: [TensorDeclaration] = []
  private var names: Set<String> = []

  public init(metadata: KeyValuePairs<String, String> = ["format": "pt"]) {
    self.metadata = metadata.map { ($0.key, $0.value) }
  }

  /// Adds a tensor in a format that safetensors has; data follow in the order of declaration.
  public mutating func declare(_ name: String, shape: [Int], format: BlockFormat) throws {
    guard Self.dtype(format) != nil else {
      throw CheckpointError(file: "output", item: name, reason: "safetensors has no data type for \(format)")
    }
    let declaration = try TensorDeclaration(name: name, shape: shape, format: format)
    guard name != "__metadata__", names.insert(name).inserted else {
      throw CheckpointError(file: "output", item: name, reason: "the name is taken")
    }
    tensors.append(declaration)
  }

  /// Writes the file; `data` is called once a tensor, in order, and gives its bytes.
  ///
  /// `isDurable` waits until the bytes are on the disk before the file takes its name.
  public func write(
    to path: String, isDurable: Bool = false, progress: (WritingProgress) -> Void = { _ in },
    data: (TensorDeclaration, inout TensorOutput) throws -> Void
  ) throws {
    let file = try OutputFile(path: path)
    var header = Array(headerText().utf8)
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.write($0) }
    try file.write(header)
    let total = tensors.reduce(0) { $0 + $1.byteCount }
    var written = 0
    for (index, tensor) in tensors.enumerated() {
      progress(
        WritingProgress(
          tensor: tensor.name, tensorIndex: index, tensorCount: tensors.count, bytesWritten: written,
          bytesTotal: total))
      var output = TensorOutput(file: file, declaration: tensor)
      try data(tensor, &output)
      try output.finish()
      written += tensor.byteCount
    }
    try file.commit(isDurable: isDurable)
  }

  /// Declares and writes every tensor of `source` as it is stored.
  public mutating func write(
    _ source: some TensorSource, to path: String, progress: (WritingProgress) -> Void = { _ in }
  ) throws {
    for name in source.names {
      let tensor = try source.tensor(name)
      try declare(name, shape: tensor.shape, format: tensor.format)
    }
    try write(to: path, progress: progress) { declaration, output in
      let tensor = try source.tensor(declaration.name)
      try output.write(tensor)
      tensor.releasePages()
    }
  }

  private func headerText() -> String {
    var members: [JSON.Member] = []
    if !metadata.isEmpty {
      members.append(JSON.Member("__metadata__", .object(metadata.map { JSON.Member($0.key, .string($0.value)) })))
    }
    var offset = 0
    for tensor in tensors {
      let entry: [JSON.Member] = [
        JSON.Member("dtype", .string(Self.dtype(tensor.format) ?? "")),
        JSON.Member("shape", .array(tensor.shape.map { .integer($0) })),
        JSON.Member("data_offsets", [.integer(offset), .integer(offset + tensor.byteCount)]),
      ]
      members.append(JSON.Member(tensor.name, .object(entry)))
      offset += tensor.byteCount
    }
    return JSON.object(members).text()
  }

  private static func dtype(_ format: BlockFormat) -> String? {
    switch format {
    case .f64: "F64"
    case .f32: "F32"
    case .f16: "F16"
    case .bf16: "BF16"
    case .i64: "I64"
    case .i32: "I32"
    case .i16: "I16"
    case .i8: "I8"
    default: nil
    }
  }
}
