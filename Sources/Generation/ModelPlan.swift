import Architectures
import Checkpoints
import GraphIR
public import JSON
public import Memory
public import TensorCore

/// What a model takes in memory, part by part, from its header alone.
public struct ModelPlan: Sendable {
  public let path: String
  /// Positions of each sequence.
  public let context: Int
  public let options: ModelOptions
  /// Layer by layer, for one sequence.
  public let use: MemoryUse
  /// In the form they are run in.
  public let weightBytes: Int
  /// Of the longest step.
  public let activationBytes: Int
  /// What the weights are stored as: one format, or where it comes from.
  public let weightNote: String
  /// Positions that the model is meant for.
  public let modelContext: Int
  /// The machine as it is now.
  public let machine = Machine()

  /// Plans for the model's own context where `context` is nil; `format` is that of the weights where only settings are
  /// given (nil for the settings' own, else bfloat16). `asLoaded` bounds that context as `LanguageModel` does.
  ///
  /// Throws what reading the header and planning throw, naming what is wrong.
  public init(
    path: String, context wanted: Int? = nil, asLoaded: Bool = false, format: BlockFormat? = nil,
    options: ModelOptions = ModelOptions()
  ) throws {
    let file = try ModelFile(path: path)
    (self.path, self.options) = (path, options)
    modelContext = file.architecture.config.contextLength
    let standard = options.context ?? min(modelContext, asLoaded ? LanguageModel.defaultContext : modelContext)
    context = max(1, min(wanted ?? standard, LanguageModel.maximumContext))
    let (weightFormat, note) = try Self.weightFormat(file, format)
    use = try MemoryUse(
      file.graph, context: context, cacheFormat: options.cacheFormat, chunk: options.chunk, weightFormat: weightFormat)
    weightNote = note
    let shapes = Dictionary(file.graph.weights.map { ($0.name, $0.shape) }) { first, _ in first }
    let footprint = try ModelFootprint(of: file.graph, context: context, options: options) {
      try weightFormat($0, shapes[$0] ?? [])
    }
    (weightBytes, activationBytes) = (footprint.weightBytes, footprint.activationBytes)
  }

  /// Formats as stored, or one for all where there are only settings.
  private static func weightFormat(
    _ file: ModelFile, _ wanted: BlockFormat?
  ) throws -> (format: (String, [Int]) throws -> BlockFormat, note: String) {
    if wanted == nil, !file.path.hasSuffix(".json"), let weights = try? file.weights() {
      return (
        { name, _ in
          guard let format = weights.format(name) else {
            throw CheckpointError(file: file.path, item: name, reason: "the format is not known")
          }
          return format
        }, "as stored"
      )
    }
    if file.gguf != nil, wanted == nil { _ = try file.weights() }
    let format = wanted ?? file.config.storedType.flatMap { BlockFormat(name: $0) } ?? .bf16
    return (MemoryUse.uniform(format), "in \(format)")
  }

  /// Of all sequences that are planned for.
  public var stateBytes: Int {
    let (bytes, overflow) = use.stateBytes.multipliedReportingOverflow(by: options.slots)
    return overflow ? Int.max / 4 : min(bytes, Int.max / 4)
  }

  public var totalBytes: Int { weightBytes + stateBytes + activationBytes }

  /// Tokens a second if reading `bytesPerSecond` were all, with `held` positions kept: an estimate from above.
  public func rate(held: Int, reading bytesPerSecond: Double) -> Double {
    use.decodeRate(bytesPerSecond: bytesPerSecond, held: held)
  }

  /// The longest context whose states fit beside weights and activations; nil where none does.
  public var longestContext: Int? {
    let room = (machine.availableBytes - weightBytes - activationBytes) / options.slots
    guard use.stateBytes(context: 1) <= room else { return nil }
    var (fits, tooLong) = (1, context + 1)
    while tooLong - fits > 1 {
      let middle = (fits + tooLong) / 2
      if use.stateBytes(context: middle) <= room { fits = middle } else { tooLong = middle }
    }
    return fits
  }

  /// The numbers as programs read them; with estimates of speed where a rate of reading was measured.
  public func json(reading bytesPerSecond: Double? = nil) -> JSON {
    var machine: [JSON.Member] = [
      JSON.Member("memoryBytes", .integer(self.machine.memoryBytes)),
      JSON.Member("availableBytes", .integer(self.machine.availableBytes)),
    ]
    var members: [JSON.Member] = [
      JSON.Member("weightBytes", .integer(weightBytes)), JSON.Member("stateBytes", .integer(stateBytes)),
      JSON.Member("stateBytesPerLayer", .array(use.stateBytesPerLayer.map { .integer($0) })),
      JSON.Member("activationBytes", .integer(activationBytes)), JSON.Member("totalBytes", .integer(totalBytes)),
      JSON.Member("context", .integer(context)), JSON.Member("cacheFormat", .string("\(options.cacheFormat)")),
      JSON.Member("users", .integer(options.slots)),
      JSON.Member("activeWeightBytes", .integer(use.activeWeightBytes)),
    ]
    if let bytesPerSecond {
      machine.append(JSON.Member("readBytesPerSecond", .integer(Int(bytesPerSecond))))
      let empty = rate(held: 0, reading: bytesPerSecond)
      let full = rate(held: context, reading: bytesPerSecond)
      members.append(JSON.Member("tokensPerSecond", ["empty": .number(empty), "full": .number(full)]))
    }
    return .object(members + [JSON.Member("machine", .object(machine))])
  }
}
