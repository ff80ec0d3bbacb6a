import Checkpoints
import Foundation
import JSON
import TensorCore
import TrainingEngine

/// All that a run needs to go on bit for bit: weights, the optimizer's moments, the step, the learning rate's factor.
///
/// One safetensors file, flat buffers with the layout's names and offsets in its header. It is written beside the old
/// one, brought to the disk, and then takes its name, so whenever the program is ended there is a whole one. What is
/// random follows from the recipe's seed and the step.
struct Checkpoint {
  var step: Int
  var rateFactor: Double
  /// Of the data, see `PreparedData.fingerprint`.
  var data: String

  static let name = "checkpoint.safetensors"
  private static let version = "orrery-training-1"

  static func path(in folder: String) -> String { "\(folder)/\(name)" }

  /// Throws `FileError` where the disk is full or the folder cannot be written; the checkpoint before stays.
  func write(to folder: String, parameters: FloatBuffer, optimizer: Optimizer) throws {
    let buffers = [("parameters", parameters), ("first", optimizer.first), ("second", optimizer.second)]
    var writer = SafetensorsWriter(metadata: [
      "format": Self.version, "step": "\(step)", "rateFactor": "\(rateFactor)", "data": data,
      "layout": Self.text(optimizer.layout),
    ])
    for (name, buffer) in buffers { try writer.declare(name, shape: [buffer.count], format: .f32) }
    var index = 0
    try writer.write(to: Self.path(in: folder), isDurable: true) { _, output in
      try output.write(UnsafeRawBufferPointer(buffers[index].1.values))
      index += 1
    }
  }

  /// Reads a folder's checkpoint into these buffers.
  ///
  /// Throws `FileError` where there is none, `TrainingError.folder` where it is another model's.
  init(from folder: String, parameters: FloatBuffer, optimizer: Optimizer) throws {
    let file = try SafetensorsFile(path: Self.path(in: folder))
    func wrong(_ reason: String) -> TrainingError { .folder(path: file.path, reason: reason) }
    let texts = Dictionary(file.metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    guard texts["format"] == Self.version else { throw wrong("is no checkpoint of a training run") }
    guard let step = texts["step"].flatMap({ Int($0) }), step >= 0,
      let factor = texts["rateFactor"].flatMap({ Double($0) }), factor.isFinite
    else { throw wrong("its step is missing") }
    guard texts["layout"] == Self.text(optimizer.layout) else { throw wrong("is of a model with other weights") }
    (self.step, rateFactor, data) = (step, factor, texts["data"] ?? "")
    for (name, buffer) in [("parameters", parameters), ("first", optimizer.first), ("second", optimizer.second)] {
      let tensor = try file.tensor(name)
      guard tensor.format == .f32, tensor.elementCount == buffer.count else { throw wrong("\(name) has another size") }
      withExtendedLifetime(tensor) { UnsafeMutableRawBufferPointer(buffer.values).copyMemory(from: tensor.bytes) }
    }
  }

  init(step: Int, rateFactor: Double, data: String) {
    (self.step, self.rateFactor, self.data) = (step, rateFactor, data)
  }

  private static func text(_ layout: ParameterLayout) -> String {
    let all = layout.tensors.map { "\($0.name) \($0.shape) \($0.offset)" }.joined(separator: "\n")
    var digest = Digest()
    digest.combine(all)
    return "\(digest)"
  }
}
