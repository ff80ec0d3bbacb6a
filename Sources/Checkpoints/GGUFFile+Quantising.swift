import Quantization
import TensorCore

extension GGUFFile {
  /// Writes this model to `path` with the formats of `recipe`: the whole file or nothing.
  ///
  /// Tensors are read and written in pieces, so a model larger than memory passes. Throws `CheckpointError` for a
  /// weight that is an infinity or a NaN, where `path` is this model's own file, and, unless `requantising`, where a
  /// quantised tensor would be quantised again, which adds one rounding to another.
  public func quantise(
    to path: String, recipe: QuantisationRecipe, threads: Int = 1, requantising: Bool = false,
    progress: (WritingProgress) -> Void = { _ in }
  ) throws {
    if OutputFile.replaces(self.path, at: path) {
      throw CheckpointError(file: path, reason: "the model itself would be overwritten; name another file")
    }
    let steps = recipe.plan(for: self)
    var writer = GGUFWriter(metadata: metadata.filter { !$0.key.hasPrefix("split.") })
    writer["general.quantization_version"] = .uint32(2)
    writer["general.file_type"] = .uint32(UInt32(recipe.fileType))
    for step in steps {
      if step.from.isQuantised, step.from != step.to, !requantising {
        throw CheckpointError(
          file: self.path, item: step.name,
          reason: "it is stored as \(step.from) already; quantise the original model, or ask for requantising")
      }
      try writer.declare(step.name, shape: step.shape, format: step.to)
    }
    try writer.write(to: path, progress: progress) { declaration, output in
      let tensor = try self.tensor(declaration.name)
      if tensor.format == declaration.format {
        try output.write(tensor)
      } else {
        try self.write(tensor, as: declaration, to: &output, threads: threads)
      }
      tensor.releasePages()
    }
  }

  private func write(
    _ tensor: Tensor, as declaration: TensorDeclaration, to output: inout TensorOutput, threads: Int
  ) throws {
    if declaration.byteCount == 0 { return }
    try checkFinite(declaration.name)
    let rowBytes = declaration.format.rowBytes(tensor.columns)
    let rowsAtOnce = max(1, min(tensor.rowCount, (4 << 20) / max(1, tensor.columns)))
    let buffer = try Buffer(count: rowsAtOnce * rowBytes)
    for start in stride(from: 0, to: tensor.rowCount, by: rowsAtOnce) {
      let rows = start..<min(start + rowsAtOnce, tensor.rowCount)
      tensor.encode(rows: rows, as: declaration.format, into: buffer.bytes, threads: threads)
      try withExtendedLifetime(buffer) {
        try output.write(UnsafeRawBufferPointer(rebasing: buffer.bytes[0..<rows.count * rowBytes]))
      }
    }
  }
}
