import Architectures
import Checkpoints
import GraphIR
import Kernels
import Runtime
import TensorCore

/// A session on disk: a safetensors file of its tokens, logits and states, with what they belong to as metadata.
///
/// `tokens` I32 `[tokens]`; `logits` F32 `[vocabulary]`; of each state by its name I8 `[heads, rows, bytes of a row]` in
/// the cache's format, rows in the order of positions, or F32 `[elements]` where it is recurrent.
extension Session {
  /// Writes the session to a file, the whole or nothing; throws where it holds no token or the file cannot be written.
  public func save(to path: String) throws {
    try catchUp()
    guard !tokens.isEmpty else { throw SessionError.missing("the session holds no token to save") }
    var writer = SafetensorsWriter(metadata: [:])
    writer.metadata = try identity()
    let hasLogits = logitsCount == tokens.count
    var digest = Digest()
    tokens.withUnsafeBytes { digest.combine($0) }
    try writer.declare("tokens", shape: [tokens.count], format: .i32)
    if hasLogits {
      try writer.declare("logits", shape: [logits.count], format: .f32)
      logits.withUnsafeBytes { digest.combine($0) }
    }
    for (index, state) in states.states.enumerated() {
      let shape = states.contentShape(of: index, positions: held)
      try writer.declare(state.name, shape: shape, format: state.isCache ? .i8 : .f32)
      states.forEachPiece(of: index, slot: 0, positions: held) { digest.combine(UnsafeRawBufferPointer($0)) }
    }
    writer.metadata.append(("contents", digest.description))
    let numbers = Dictionary(uniqueKeysWithValues: states.states.enumerated().map { ($1.name, $0) })
    try writer.write(to: path) { declaration, output in
      if let index = numbers[declaration.name] {
        try states.forEachPiece(of: index, slot: 0, positions: held) { try output.write(UnsafeRawBufferPointer($0)) }
      } else if declaration.name == "tokens" {
        try tokens.withUnsafeBytes { try output.write($0) }
      } else {
        try output.write(logits)
      }
    }
  }

  /// Makes the session what a file of `save` holds. Throws `FileError` or `CheckpointError` before anything changes,
  /// where the file is damaged or of another model, cache format, arithmetic, processor or a longer context.
  public func load(from path: String) throws {
    let file = try SafetensorsFile(path: path)
    try check(file)
    let new = try tokens(of: file)
    let newLogits: [Float] = file.has("logits") ? try Self.values(file, "logits", [model.engine.vocabulary]) : []
    try checkContents(file, new, newLogits)
    reset()
    for (index, state) in states.states.enumerated() {
      let tensor = try file.tensor(state.name)
      var offset = 0
      states.forEachPiece(of: index, slot: 0, positions: new.count) { piece in
        piece.copyMemory(from: UnsafeRawBufferPointer(rebasing: tensor.bytes[offset..<offset + piece.count]))
        offset += piece.count
      }
      withExtendedLifetime(tensor) {}
    }
    (tokens, held) = (new, new.count)
    if !newLogits.isEmpty { (logits, logitsCount) = (newLogits, new.count) }
  }

  /// What states are only good for.
  private func identity() throws -> [(key: String, value: String)] {
    [
      ("orrery.session", "1"), ("model", try model.digest()), ("cache", "\(states.format)"),
      ("arithmetic", model.options.arithmetic.rawValue), ("processor", "\(KernelCatalogue.current.features)"),
    ]
  }

  private func check(_ file: SafetensorsFile) throws {
    let found = Dictionary(file.metadata.map { ($0.key, $0.value) }) { first, _ in first }
    guard found["orrery.session"] != nil else {
      throw CheckpointError(file: file.path, reason: "this is no saved session")
    }
    for (key, value) in try identity() where found[key] != value {
      let other = (found[key] ?? "none").prefix(120)
      throw CheckpointError(
        file: file.path, item: key,
        reason:
          "the session was saved with another \(key == "orrery.session" ? "version" : key): \(other), here \(value)"
      )
    }
    let known = Set(states.states.map(\.name) + ["tokens", "logits"])
    if let name = file.names.first(where: { !known.contains($0) }) {
      throw CheckpointError(file: file.path, item: name, reason: "the model has no such state")
    }
  }

  private func tokens(of file: SafetensorsFile) throws -> [Int32] {
    guard file.has("tokens"), let count = file.shape("tokens")?.first, (1...model.context).contains(count) else {
      throw CheckpointError(
        file: file.path, item: "tokens",
        reason: "\(file.shape("tokens")?.first ?? 0) tokens; 1 to \(model.context) fit the context")
    }
    let tokens: [Int32] = try Self.values(file, "tokens", [count])
    do { try model.check(tokens, room: model.context) } catch {
      throw CheckpointError(file: file.path, item: "tokens", reason: "\(error)")
    }
    return tokens
  }

  /// A tensor's values, whose type and shape must be these.
  private static func values<Element: BitwiseCopyable>(
    _ file: SafetensorsFile, _ name: String, _ shape: [Int]
  ) throws -> [Element] {
    let type = Element.self == Int32.self ? "I32" : "F32"
    guard file.dtype(name) == type, file.shape(name) == shape else {
      throw CheckpointError(
        file: file.path, item: name,
        reason: "\(file.dtype(name) ?? "none") \(file.shape(name) ?? []) where \(type) \(shape) belongs")
    }
    let tensor = try file.tensor(name)
    return withExtendedLifetime(tensor) {
      [Element](unsafeUninitializedCapacity: shape[0]) { values, count in
        UnsafeMutableRawBufferPointer(values).copyMemory(from: tensor.bytes)
        count = shape[0]
      }
    }
  }

  /// Throws where a state's shape is not this model's after so many tokens, or where bytes have changed.
  private func checkContents(_ file: SafetensorsFile, _ tokens: [Int32], _ logits: [Float]) throws {
    var digest = Digest()
    tokens.withUnsafeBytes { digest.combine($0) }
    if !logits.isEmpty { logits.withUnsafeBytes { digest.combine($0) } }
    for (index, state) in states.states.enumerated() {
      let shape = states.contentShape(of: index, positions: tokens.count)
      let type = state.isCache ? "I8" : "F32"
      guard file.shape(state.name) == shape, file.dtype(state.name) == type else {
        throw CheckpointError(
          file: file.path, item: state.name,
          reason: "\(file.dtype(state.name) ?? "none") \(file.shape(state.name) ?? []) where \(type) \(shape) belongs")
      }
      let tensor = try file.tensor(state.name)
      let piece = max(1, state.isCache ? shape[1] * shape[2] : tensor.bytes.count)
      for start in stride(from: 0, to: tensor.bytes.count, by: piece) {
        digest.combine(UnsafeRawBufferPointer(rebasing: tensor.bytes[start..<start + piece]))
      }
      withExtendedLifetime(tensor) {}
    }
    guard file.metadata.contains(where: { $0.key == "contents" && $0.value == digest.description }) else {
      throw CheckpointError(file: file.path, reason: "the file is damaged: its bytes are not those that were saved")
    }
  }
}

extension LanguageModel {
  /// What tells this model's files from others.
  func digest() throws -> String {
    var digest = Digest()
    digest.combine(graph.description)
    try ModelFile(path: path).weights().addDigest(to: &digest)
    return digest.description
  }
}
