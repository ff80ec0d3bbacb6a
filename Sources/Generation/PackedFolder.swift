import Checkpoints
import Foundation
import Planning
import Runtime
import TensorCore

/// A folder of packed weights that are kept between starts: a file for each model and way of packing.
///
/// A model that is loaded with `ModelOptions.packed` uses its file where there is one; only `LanguageModel.storePacked`
/// writes one, as large as the packed weights.
public struct PackedFolder: Hashable, Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  /// `$ORRERY_CACHE/packed`, else `orrery/packed` where the system keeps caches (`$XDG_CACHE_HOME`, `~/.cache`).
  public static var standard: PackedFolder {
    let environment = ProcessInfo.processInfo.environment
    if let folder = environment["ORRERY_CACHE"], !folder.isEmpty { return PackedFolder(path: folder + "/packed") }
    if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") {
      return PackedFolder(path: folder + "/orrery/packed")
    }
    #if os(macOS)
      return PackedFolder(path: NSHomeDirectory() + "/Library/Caches/orrery/packed")
    #else
      return PackedFolder(path: NSHomeDirectory() + "/.cache/orrery/packed")
    #endif
  }

  /// What tells the state of a model's files.
  private static func state(_ files: [MappedFile]) -> Digest {
    var digest = Digest()
    for file in files { digest.combine(file.fingerprint.description) }
    return digest
  }

  /// The packed weights for a program; where there are some that are not for this state of the model or are damaged,
  /// `notice` says so.
  func weights(
    of model: String, _ files: [MappedFile], for program: Program, notice: inout String?
  ) -> PackedWeights? {
    let found = self.files(of: model)
    if files.isEmpty || found.isEmpty { return nil }
    let (state, layout) = (Self.state(files), WeightMemory.layoutDigest(of: program))
    guard found.contains(where: { $0.contains("\(state)") }) else {
      notice = "the packed weights are of an older state of this model and not used; orrery pack makes them anew"
      return nil
    }
    let file = self.file(of: model, state, layout)
    // Other arithmetic, or another processor, has other panels.
    guard found.contains(file) else { return nil }
    do { return try PackedWeights(path: file, key: Self.key(state, layout)) } catch {
      notice = error.description
      return nil
    }
  }

  private func file(of model: String, _ state: Digest, _ layout: Digest) -> String {
    "\(path)/\(Self.prefix(model))\(state)-\(layout).packed"
  }

  private static func key(_ state: Digest, _ layout: Digest) -> Digest {
    var key = layout
    key.combine("\(state)")
    return key
  }

  /// The files of a model in whatever state and packing it was.
  public func files(of model: String) -> [String] {
    let prefix = Self.prefix(model)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.sorted().map { "\(path)/\($0)" }
  }

  /// A model's name for people, and its place for us.
  private static func prefix(_ model: String) -> String {
    let url = URL(filePath: model).standardizedFileURL.resolvingSymlinksInPath()
    var digest = Digest()
    digest.combine(url.path)
    return "\(url.lastPathComponent)-\(digest.description.prefix(8))-"
  }

  /// Deletes a model's files; returns their bytes.
  public func remove(_ model: String) throws -> Int {
    try files(of: model).reduce(0) { sum, file in
      let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
      try FileManager.default.removeItem(atPath: file)
      return sum + size
    }
  }

  /// Writes the file of these weights and drops the model's older ones; returns its path.
  ///
  /// Throws `FileError` where the folder cannot be made or the disk is full; nothing is left of the file then.
  func write(_ weights: WeightMemory, of model: String, _ files: [MappedFile], layout: Digest) throws -> String {
    let state = Self.state(files)
    let key = Self.key(state, layout)
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw FileError(path: path, reason: "the folder cannot be made: \(error.localizedDescription)")
    }
    let file = self.file(of: model, state, layout)
    try weights.withPacked { bytes in
      let output = try OutputFile(path: file)
      try output.write(PackedWeights.paddedHeader(key: key, of: bytes))
      try output.write(bytes)
      try output.commit(isDurable: true)
    }
    for old in self.files(of: model) where old != file { try? FileManager.default.removeItem(atPath: old) }
    return file
  }
}
