import Kernels
public import Planning
public import TensorCore

/// A model's packed matrices in a file, mapped: the next start reads them from the system's cache instead of packing.
///
/// The file is 2 MiB of header, most of it empty so that huge pages fit, and the bytes of a `WeightMemory`. It is trusted
/// only as far as its key, its size and samples of its contents agree; a wrong number in it is a wrong number in a weight.
public final class PackedWeights: Sendable {
  public let path: String
  let file: MappedFile
  static let headerBytes = 2 << 20
  private static let mark = Array("orrery packed weights 1\n".utf8)
  /// Every so many bytes some are compared, so that a hole or a page of another file is seen.
  private static let sampleStride = 1 << 16

  /// Throws `FileError` where there is no such file, or it is not complete or not the one of `key`.
  public init(path: String, key: Digest) throws(FileError) {
    self.path = path
    do { file = try MappedFile(path: path) } catch let error as FileError { throw error } catch {
      throw FileError(path: path, reason: "\(error)")
    }
    guard file.bytes.count >= Self.headerBytes else { throw damaged("is too short") }
    file.prepareWhole()
    let bytes = packed
    let expected = Self.header(key: key, of: bytes)
    guard file.bytes.prefix(expected.count).elementsEqual(expected) else { throw damaged("does not hold what it says") }
  }

  private func damaged(_ reason: String) -> FileError {
    FileError(path: path, reason: "the packed weights' file \(reason); it is not used (orrery pack makes it anew)")
  }

  /// The bytes of the matrices.
  var packed: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[Self.headerBytes...]) }

  /// What a file of these matrices begins with.
  public static func header(key: Digest, of bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var samples = Digest()
    samples.combineSamples(of: bytes, every: sampleStride)
    return mark + Array("\(key) \(samples) \(bytes.count)\n".utf8)
  }

  /// The header with the zeros that follow it.
  public static func paddedHeader(key: Digest, of bytes: UnsafeRawBufferPointer) -> [UInt8] {
    let header = header(key: key, of: bytes)
    return header + [UInt8](repeating: 0, count: headerBytes - header.count)
  }
}

extension WeightMemory {
  /// What the packed bytes of a program depend on beside the stored weights: its matrices and how they lie, which a packed
  /// example of each kind of panel tells, so that no version has to be kept.
  public static func layoutDigest(of program: Program) -> Digest {
    var digest = Digest()
    var seen: Set<Packing> = []
    for matrix in program.matrices {
      digest.combine("\(matrix.name) \(matrix.packing) \(matrix.format)")
      for number in [matrix.count, matrix.rows, matrix.columns, matrix.packedBytes] { digest.combine(number) }
      if !matrix.packing.isMapped, seen.insert(matrix.packing).inserted { combineExample(of: matrix.packing, &digest) }
    }
    return digest
  }

  private static func combineExample(of packing: Packing, _ digest: inout Digest) {
    let (rows, columns) = (Packing.panelRows, 512)
    let source = (0..<rows * packing.source.rowBytes(columns)).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 >> 3) }
    var packed = [UInt8](repeating: 0, count: packing.bytes(rows: rows, columns: columns))
    source.withUnsafeBytes { source in
      packed.withUnsafeMutableBytes { packed in
        guard let from = source.baseAddress, let to = packed.baseAddress else { return }
        packing.pack(from, rows: rows, columns: columns, panels: 0..<1, into: to)
      }
    }
    packed.withUnsafeBytes { digest.combine($0) }
  }
}
