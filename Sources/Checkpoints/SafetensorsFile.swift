import JSON
public import TensorCore

/// One safetensors file, read through memory mapping.
///
/// Opening costs the header alone. Unsigned bytes (`U8`) and truth values (`BOOL`) come back as `i8` with the same
/// bits; `dtype(_:)` tells them apart. Data types without a `BlockFormat` (8-bit floats, unsigned integers wider than
/// a byte) are listed but refused by `tensor(_:)`.
///
/// Format: https://github.com/huggingface/safetensors#format
public final class SafetensorsFile: TensorSource {
  public let path: String
  public let names: [String]
  /// The texts of the header's `__metadata__`, in order.
  public let metadata: [(key: String, value: String)]

  private let file: MappedFile
  private let entries: [String: Entry]

  /// What the header says of one tensor.
  struct Entry {
    let dtype: String
    let shape: [Int]
    /// Bytes from the start of the file.
    let range: Range<Int>
  }

  public init(path: String) throws {
    self.path = path
    file = try MappedFile(path: path)
    let header = try SafetensorsHeader(file: file)
    (names, metadata, entries) = (header.names, header.metadata, header.entries)
  }

  public func has(_ name: String) -> Bool { entries[name] != nil }
  public func shape(_ name: String) -> [Int]? { entries[name]?.shape }
  /// The data type as the file names it, as in `BF16`.
  public func dtype(_ name: String) -> String? { entries[name]?.dtype }
  public var mappedFiles: [MappedFile] { [file] }
  public func format(_ name: String) -> BlockFormat? {
    entries[name].flatMap { SafetensorsHeader.dtypes[$0.dtype]?.format }
  }

  public func tensor(_ name: String) throws -> Tensor {
    guard let entry = entries[name] else {
      throw CheckpointError(file: path, item: name, reason: "there is no tensor of this name")
    }
    guard let format = format(name) else {
      throw CheckpointError(file: path, item: name, reason: "the data type \(entry.dtype) is not supported")
    }
    return try .over(file, at: entry.range.lowerBound, shape: entry.shape, format: format, byteCount: entry.range.count)
  }
}

/// The checked header of a safetensors file.
struct SafetensorsHeader {
  var names: [String] = []
  var metadata: [(key: String, value: String)] = []
  var entries: [String: SafetensorsFile.Entry] = [:]

  /// Every data type of the format: its bytes, and the format it is read as.
  static let dtypes: [String: (bytes: Int, format: BlockFormat?)] = [
    "F64": (8, .f64), "F32": (4, .f32), "F16": (2, .f16), "BF16": (2, .bf16), "I64": (8, .i64), "I32": (4, .i32),
    "I16": (2, .i16), "I8": (1, .i8), "U8": (1, .i8), "BOOL": (1, .i8), "U16": (2, nil), "U32": (4, nil),
    "U64": (8, nil), "F8_E4M3": (1, nil), "F8_E5M2": (1, nil), "F8_E8M0": (1, nil), "C64": (8, nil),
  ]

  /// The largest header that the format's own library reads.
  static let maximumBytes = 100_000_000

  init(file: MappedFile) throws(CheckpointError) {
    var reader = ByteReader(file: file.path, bytes: file.bytes)
    let length = try reader.integer(UInt64.self, "the length of the header")
    guard length <= UInt64(Self.maximumBytes) else {
      throw reader.error("a header of \(length) bytes; \(Self.maximumBytes) are allowed", at: 0)
    }
    let range = try reader.take(length, "the header")
    let dataStart = reader.position
    let json: JSON
    do {
      json = try file.withBytes { bytes throws(JSONError) in
        try JSON(parsing: UnsafeRawBufferPointer(rebasing: bytes[range]))
      }
    } catch {
      throw reader.error("the header is not valid: \(error.reason)", at: 8 + error.offset)
    }
    guard let members = json.object else { throw reader.error("the header is no JSON object", at: 8) }
    for member in members {
      if member.key == "__metadata__" {
        metadata = (member.value.object ?? []).map { ($0.key, $0.value.string ?? $0.value.text()) }
        continue
      }
      let entry = try Self.entry(member, file: file, dataStart: dataStart)
      if entries.updateValue(entry, forKey: member.key) != nil {
        throw CheckpointError(file: file.path, item: member.key, reason: "two tensors have this name")
      }
      names.append(member.key)
    }
    try checkLayout(file: file, dataStart: dataStart)
  }

  private static func entry(
    _ member: JSON.Member, file: MappedFile, dataStart: Int
  ) throws(CheckpointError) -> SafetensorsFile.Entry {
    func error(_ reason: String, at offset: Int? = nil) -> CheckpointError {
      CheckpointError(file: file.path, item: member.key, offset: offset, reason: reason)
    }
    guard let dtype = member.value["dtype"]?.string, let (bytes, _) = dtypes[dtype] else {
      throw error("unknown data type \(member.value["dtype"]?.text().prefix(40) ?? "(none)")")
    }
    guard let sizes = member.value["shape"]?.array, sizes.count <= 64 else { throw error("it has no shape") }
    let shape = sizes.compactMap { $0.int }
    guard shape.count == sizes.count, let byteCount = checkedByteCount(shape: shape, blockWidth: 1, blockBytes: bytes)
    else { throw error("its shape is not valid") }
    guard let offsets = member.value["data_offsets"]?.array, offsets.count == 2, let start = offsets[0].int,
      let end = offsets[1].int, 0 <= start, start <= end
    else { throw error("its data_offsets are not valid") }
    guard end - start == byteCount else {
      throw error("\(dtype) \(shape) takes \(byteCount) bytes, its data_offsets give \(end - start)")
    }
    guard end <= file.bytes.count - dataStart else {
      throw error(
        "its data end at byte \(end) of \(file.bytes.count - dataStart); the file is damaged or not complete",
        at: dataStart + min(start, file.bytes.count - dataStart))
    }
    return SafetensorsFile.Entry(dtype: dtype, shape: shape, range: dataStart + start..<dataStart + end)
  }

  /// Data follow one another without overlap or gap, to the end of the file.
  private func checkLayout(file: MappedFile, dataStart: Int) throws(CheckpointError) {
    let sorted = entries.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound) < ($1.value.range.lowerBound, $1.value.range.upperBound)
    }
    var end = dataStart
    for (name, entry) in sorted {
      let start = entry.range.lowerBound
      if start != end {
        let reason =
          start < end ? "its data overlap another tensor's" : "\(start - end) bytes before its data are unused"
        throw CheckpointError(file: file.path, item: name, offset: start, reason: reason)
      }
      end = entry.range.upperBound
    }
    guard end == file.bytes.count else {
      throw CheckpointError(
        file: file.path, offset: end, reason: "\(file.bytes.count - end) bytes after the last tensor are unused")
    }
  }
}
