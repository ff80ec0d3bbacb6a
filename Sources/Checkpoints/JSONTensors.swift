public import JSON
public import TensorCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Tensors in one JSON file: name → `{"shape", "dtype": "torch.float32", "data": base64}`, and a `config` object.
///
/// minGPT's models and intermediates are published this way by llm-viz. Everything is read into memory.
public struct JSONTensors: TensorSource {
  public let path: String
  /// The file's `config`, where it has one.
  public let config: JSON?
  private var tensors = MemoryTensors()

  public init(path: String) throws {
    self.path = path
    let json = try JSON(file: path)
    guard let members = json.object else { throw CheckpointError(file: path, reason: "the file is no JSON object") }
    config = json["config"]
    for member in members where member.key != "config" {
      guard tensors[member.key] == nil else {
        throw CheckpointError(file: path, item: member.key, reason: "two tensors have this name")
      }
      tensors[member.key] = try Self.tensor(member, path: path)
    }
  }

  public var names: [String] { tensors.names }
  public func has(_ name: String) -> Bool { tensors.has(name) }
  public func shape(_ name: String) -> [Int]? { tensors.shape(name) }
  public func format(_ name: String) -> BlockFormat? { tensors.format(name) }
  public func tensor(_ name: String) throws -> Tensor {
    guard let tensor = tensors[name] else {
      throw CheckpointError(file: path, item: name, reason: "there is no tensor of this name")
    }
    return tensor
  }

  private static func tensor(_ member: JSON.Member, path: String) throws -> Tensor {
    func error(_ reason: String) -> CheckpointError { CheckpointError(file: path, item: member.key, reason: reason) }
    guard let dtype = member.value["dtype"]?.string, dtype == "torch.float32" || dtype == "float32" else {
      throw error("its dtype is not torch.float32")
    }
    guard let sizes = member.value["shape"]?.array, sizes.count <= 64 else { throw error("it has no shape") }
    let shape = sizes.compactMap { $0.int }
    guard shape.count == sizes.count, let count = checkedByteCount(shape: shape, blockWidth: 1, blockBytes: 4) else {
      throw error("its shape is not valid")
    }
    guard let text = member.value["data"]?.string, let data = Data(base64Encoded: text) else {
      throw error("its data are not base64")
    }
    guard data.count == count else { throw error("\(shape) takes \(count) bytes, its data are \(data.count)") }
    let buffer = try Buffer(count: count)
    buffer.bytes.copyBytes(from: data)
    return Tensor(shape: shape, format: .f32, buffer: buffer)
  }
}
