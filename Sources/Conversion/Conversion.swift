public import Architectures
public import Checkpoints
import GraphIR
import Quantization
public import TensorCore

/// Turns a Hugging Face folder into one GGUF file that llama.cpp also loads.
///
/// ```swift
/// try Conversion(folder: "Qwen3-0.6B").write(to: "qwen3.gguf")
/// ```
/// The settings written are those the family read; weights are made and written one at a time.
public struct Conversion {
  public let model: ModelFile
  /// What matrices are stored in; nil keeps the folder's format. Vectors are always float32.
  public var format: BlockFormat?
  /// How many threads encode.
  public var threads = 1
  /// `general.name`; by default the folder's.
  public var name: String
  /// The name of the pre-tokeniser (`tokenizer.ggml.pre`) to write, unchecked; nil finds it, and checks that text comes
  /// out in the same tokens.
  public var preTokenizer: String?

  public init(folder: String) throws {
    model = try ModelFile(path: folder)
    guard model.gguf == nil else {
      throw CheckpointError(file: folder, reason: "is a GGUF file already")
    }
    name = folder.split(separator: "/").last.map(String.init) ?? "model"
  }

  /// Throws what reading throws, and `CheckpointError` for a tokenizer that GGUF cannot describe.
  public func write(to path: String, progress: (WritingProgress) -> Void = { _ in }) throws {
    let weights = try model.weights()
    var writer = GGUFWriter()
    writer["general.architecture"] = .string(model.config.architecture)
    writer["general.type"] = .string("model")
    writer["general.name"] = .string(name)
    for entry in model.config.metadata { writer[entry.key] = try GGUFValue(entry.value, key: entry.key) }
    writer["general.quantization_version"] = .uint32(2)
    if let type = fileType(weights) { writer["general.file_type"] = .uint32(type) }
    for entry in try tokenizerMetadata() { writer[entry.key] = entry.value }
    let tables = Dictionary(uniqueKeysWithValues: model.config.tables.map { ($0.name, $0.values) })
    for table in model.config.tables { try writer.declare(table.name, shape: [table.values.count], format: .f32) }
    for name in weights.names {
      try writer.declare(name, shape: weights.shape(name) ?? [], format: stored(name, weights))
    }
    try writer.write(to: path, progress: progress) { declaration, output in
      if let table = tables[declaration.name] {
        try output.write(table)
      } else {
        let tensor = try weights.tensor(declaration.name)
        try tensor.checkFinite(declaration.name)
        try write(tensor, as: declaration.format, to: &output)
      }
    }
  }

  /// The folder's tokenizer and chat template as GGUF metadata.
  public func tokenizerMetadata() throws -> [GGUFEntry] {
    try TokenizerExport(
      folder: model.path, vocabularySize: model.architecture.config.vocabularySize, preTokenizer: preTokenizer
    ).entries
  }

  /// The format one weight is stored in.
  func stored(_ name: String, _ weights: ModelWeights) -> BlockFormat {
    let weight = WeightName(name)
    let shape = weights.shape(name) ?? []
    let isSmall =
      ["ffn_gate_inp", "ffn_gate_inp_shexp", "ssm_conv1d", "position_embd"].contains(weight.part)
      || weight.part.hasSuffix("norm")
    guard shape.count > 1, weight.kind == "weight", !isSmall else { return .f32 }
    let given = weights.format(name) ?? .f32
    guard let format, format.canEncode else { return given == .f64 ? .f32 : given }
    return (shape.last ?? 0) % format.blockWidth == 0 ? format : .f16
  }

  /// llama.cpp's number for what most matrices are in.
  private func fileType(_ weights: ModelWeights) -> UInt32? {
    let types: [BlockFormat: UInt32] = [
      .f32: 0, .f16: 1, .q4_0: 2, .q4_1: 3, .q8_0: 7, .q5_0: 8, .q5_1: 9, .q2_k: 10, .q3_k: 12, .q4_k: 15, .q5_k: 17,
      .q6_k: 18, .iq4_nl: 25, .iq4_xs: 30, .bf16: 32, .mxfp4: 38,
    ]
    return types[format ?? weights.format("token_embd.weight") ?? .f32]
  }

  private func write(_ tensor: Tensor, as format: BlockFormat, to output: inout TensorOutput) throws {
    defer { tensor.releasePages() }
    if tensor.format == format {
      try output.write(tensor.bytes)
      return
    }
    let rowBytes = format.rowBytes(tensor.columns)
    let step = max(1, (1 << 24) / max(rowBytes, 1))
    let buffer = try Buffer(count: min(step, tensor.rowCount) * rowBytes)
    defer { withExtendedLifetime(buffer) {} }
    for start in stride(from: 0, to: tensor.rowCount, by: step) {
      let rows = start..<min(start + step, tensor.rowCount)
      tensor.encode(rows: rows, as: format, into: buffer.bytes, threads: threads)
      try output.write(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<(rows.count * rowBytes)]))
    }
  }
}
