public import TensorCore

/// A GGUF model file, version 2 or 3, read through memory mapping: metadata, and tensors where they lie.
///
/// Opening costs the header alone. A model split in parts is opened from its first part
/// (`NAME-00001-of-00003.gguf`). Every count, size and offset is checked before it is used; a file that breaks the
/// format's rules throws `CheckpointError`, one that cannot be read `FileError`.
///
/// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public final class GGUFFile: TensorSource {
  public let path: String
  public let version: Int
  /// Bytes that tensor data starts at multiples of.
  public let alignment: Int
  /// Keys and values in the order of the file; a split model's are those of its first part.
  public let metadata: [GGUFEntry]
  /// What the headers say of each tensor, in the order of the files.
  public let tensors: [GGUFTensor]
  /// Bytes of all parts.
  public let fileBytes: Int

  private let files: [MappedFile]
  private let keyIndex: [String: Int]
  private let tensorIndex: [String: Int]

  public init(path: String) throws {
    self.path = path
    let first = try GGUFPart(file: MappedFile(path: path), index: 0)
    var parts = [first]
    for partPath in try first.furtherPaths() {
      let part = try GGUFPart(file: MappedFile(path: partPath), index: parts.count)
      try part.checkBelongs(to: first)
      parts.append(part)
    }
    files = parts.map(\.file)
    (version, alignment, metadata) = (first.version, first.alignment, first.metadata)
    tensors = parts.flatMap(\.tensors)
    fileBytes = files.reduce(0) { $0 + $1.bytes.count }
    keyIndex = first.keyIndex
    var index: [String: Int] = [:]
    index.reserveCapacity(tensors.count)
    for (place, tensor) in tensors.enumerated() where index.updateValue(place, forKey: tensor.name) != nil {
      throw CheckpointError(file: files[tensor.part].path, item: tensor.name, reason: "two tensors have this name")
    }
    tensorIndex = index
    if let total = first[key: "split.tensors.count"]?.integer, total != tensors.count {
      throw CheckpointError(
        file: path, item: "split.tensors.count", reason: "says \(total), the parts hold \(tensors.count) tensors")
    }
  }

  public var names: [String] { tensors.map(\.name) }
  public func has(_ name: String) -> Bool { tensorIndex[name] != nil }
  public func shape(_ name: String) -> [Int]? { info(name)?.shape }
  public func format(_ name: String) -> BlockFormat? { info(name)?.format }
  public func info(_ name: String) -> GGUFTensor? { tensorIndex[name].map { tensors[$0] } }

  public var mappedFiles: [MappedFile] { files }

  public func tensor(_ name: String) throws -> Tensor {
    guard let info = info(name) else {
      throw CheckpointError(file: path, item: name, reason: "there is no tensor of this name")
    }
    return try .over(
      files[info.part], at: info.offset, shape: info.shape, format: info.format, byteCount: info.byteCount)
  }
}

/// A key and its value.
public struct GGUFEntry: Hashable, Sendable {
  public let key: String
  public let value: GGUFValue
  public init(_ key: String, _ value: GGUFValue) { (self.key, self.value) = (key, value) }
}

/// What a header says of one tensor.
public struct GGUFTensor: Hashable, Sendable {
  public let name: String
  /// Outermost first: GGUF's list reversed.
  public let shape: [Int]
  public let format: BlockFormat
  /// Bytes from the start of its file.
  public let offset: Int
  public let byteCount: Int
  /// Which file of a split model, from 0.
  let part: Int
}

extension GGUFFile {
  /// The value of a metadata key.
  public subscript(key key: String) -> GGUFValue? { keyIndex[key].map { metadata[$0].value } }

  public func has(key: String) -> Bool { keyIndex[key] != nil }
  /// A whole number of any integer type.
  public func integer(_ key: String) -> Int? { self[key: key]?.integer }
  /// A number of any type.
  public func double(_ key: String) -> Double? { self[key: key]?.double }
  public func boolean(_ key: String) -> Bool? { self[key: key]?.boolean }
  /// Text; bytes that are not UTF-8 become U+FFFD.
  public func string(_ key: String) -> String? { self[key: key]?.string }
  /// An array of strings; bytes that are not UTF-8 become U+FFFD.
  public func strings(_ key: String) -> [String]? { self[key: key]?.strings }
  /// An array of strings as their exact bytes.
  public func byteStrings(_ key: String) -> [[UInt8]]? { self[key: key]?.byteStrings }
  /// An array of integers of any integer type.
  public func integers(_ key: String) -> [Int]? { self[key: key]?.integers }
  /// An array of numbers of any type.
  public func floats(_ key: String) -> [Float]? { self[key: key]?.floats }
  /// An array of truth values.
  public func booleans(_ key: String) -> [Bool]? { self[key: key]?.booleans }
}
