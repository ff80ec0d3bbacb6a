import JSON
public import TensorCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The weights of a model folder: one safetensors file, or several with `model.safetensors.index.json`.
///
/// Also takes the path of one safetensors file.
public final class SafetensorsFolder: TensorSource {
  public let path: String
  public let names: [String]
  /// The files in use, in the order of their names.
  public let files: [SafetensorsFile]
  private let owners: [String: Int]

  public init(path: String) throws {
    self.path = path
    let index = path + "/model.safetensors.index.json"
    let manager = FileManager.default
    var isFolder = false
    isFolder = (try? manager.contentsOfDirectory(atPath: path)) != nil
    var owners: [String: Int] = [:]
    if !isFolder {
      files = [try SafetensorsFile(path: path)]
    } else if manager.fileExists(atPath: index) {
      let places = try Self.places(index: index)
      let fileNames = Set(places.map(\.file)).sorted()
      files = try fileNames.map { try SafetensorsFile(path: "\(path)/\($0)") }
      let numbers = Dictionary(uniqueKeysWithValues: zip(fileNames, fileNames.indices))
      for place in places {
        guard let number = numbers[place.file], files[number].has(place.tensor) else {
          throw CheckpointError(file: index, item: place.tensor, reason: "\(place.file) does not hold this tensor")
        }
        owners[place.tensor] = number
      }
      self.owners = owners
      names = places.map(\.tensor)
      return
    } else {
      let found = try manager.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".safetensors") }.sorted()
      let chosen = found.contains("model.safetensors") ? ["model.safetensors"] : found
      guard !chosen.isEmpty else { throw CheckpointError(file: path, reason: "the folder holds no safetensors file") }
      files = try chosen.map { try SafetensorsFile(path: "\(path)/\($0)") }
    }
    for (number, file) in files.enumerated() {
      for name in file.names where owners.updateValue(number, forKey: name) != nil {
        throw CheckpointError(file: file.path, item: name, reason: "another file of the folder has this tensor too")
      }
    }
    self.owners = owners
    names = files.flatMap(\.names)
  }

  public func has(_ name: String) -> Bool { owners[name] != nil }
  public func shape(_ name: String) -> [Int]? { file(name)?.shape(name) }
  public func format(_ name: String) -> BlockFormat? { file(name)?.format(name) }
  /// The data type as the file names it, as in `BF16`.
  public func dtype(_ name: String) -> String? { file(name)?.dtype(name) }

  public var mappedFiles: [MappedFile] { files.flatMap(\.mappedFiles) }

  public func tensor(_ name: String) throws -> Tensor {
    guard let file = file(name) else {
      throw CheckpointError(file: path, item: name, reason: "there is no tensor of this name")
    }
    return try file.tensor(name)
  }

  private func file(_ name: String) -> SafetensorsFile? { owners[name].map { files[$0] } }

  /// The index's tensors in order, each with the plain name of its file.
  private static func places(index: String) throws -> [(tensor: String, file: String)] {
    let json = try JSON(file: index)
    guard let map = json["weight_map"]?.object else {
      throw CheckpointError(file: index, item: "weight_map", reason: "the index has none")
    }
    var seen: Set<String> = []
    return try map.map { member in
      guard let file = member.value.string, !file.isEmpty, !file.contains("/"), !file.contains("\0"), file != ".."
      else {
        throw CheckpointError(file: index, item: member.key, reason: "its value is no plain file name")
      }
      guard seen.insert(member.key).inserted else {
        throw CheckpointError(file: index, item: member.key, reason: "two tensors have this name")
      }
      return (member.key, file)
    }
  }
}
