public import JSON

/// All that decides a training run: the model, the data, the optimizer and how long.
///
/// A recipe is a JSON file that people read and change; the same recipe, texts and processor give the same weights bit
/// for bit. `Sources/Training/Resources` holds those of the package.
public struct Recipe: Sendable {
  /// The file as it was read, with what was changed since; a run keeps it.
  public let json: JSON
  /// Where it was read from, for messages.
  public let file: String
  public let name: String
  /// One sentence for lists.
  public let about: String
  public let model: ModelRecipe
  public let data: DataRecipe
  /// Sequences of one pass through the model.
  public let batch: Int
  /// Passes whose gradients are summed before a step.
  public let accumulation: Int
  public let steps: Int
  /// Decides the first weights and the order of the data.
  public let seed: UInt64
  public let optimizer: OptimizerSettings
  public let rate: LearningRate
  /// The share of numbers that learning steps drop from the stream's branches and attention's patterns.
  public let dropout: Float
  /// What the load-balancing loss of a mixture of experts is multiplied by; 0 leaves it out.
  public let balance: Double
  /// Whether learning steps keep only what enters each layer and compute the rest of it a second time: the same bits in
  /// less memory and more time.
  public let recomputes: Bool
  public let products: ProductFormat
  public let intervals: Intervals
  public let samples: SampleSettings

  /// What linear maps multiply in; sums are float32 in both.
  public enum ProductFormat: String, Sendable, CaseIterable { case float32, bfloat16 }

  /// Steps from one event to the next; 0 for never.
  public struct Intervals: Hashable, Sendable {
    public var validation: Int
    public var samples: Int
    public var checkpoint: Int
    /// Gradient norms of every layer.
    public var layers: Int
    /// Copies of the weights, for pictures.
    public var snapshot: Int
  }

  /// Texts written while training.
  public struct SampleSettings: Hashable, Sendable {
    public var prompts: [String]
    public var tokens: Int
    public var temperature: Float
  }

  /// Throws `RecipeError` naming the setting that is missing, of a wrong kind, out of range or unknown.
  public init(json: JSON, file: String) throws(RecipeError) {
    (self.json, self.file) = (json, file)
    let reader = try RecipeReader(json, file: file)
    name = try reader.string("name")
    guard !name.isEmpty, name.utf8.count <= 64,
      name.utf8.allSatisfy({ $0 == 0x2D || $0 == 0x5F || $0 == 0x2E || Self.isAlphanumeric($0) }), !name.hasPrefix(".")
    else { throw reader.error("name", "'\(name.prefix(40))' is not of letters, digits, - and _") }
    about = try reader.string("about", default: "")
    model = try ModelRecipe(reader.section("model"))
    data = try DataRecipe(reader.section("data"))
    batch = try reader.int("batch", in: 1...1 << 16)
    accumulation = try reader.int("accumulation", default: 1, in: 1...1 << 12)
    steps = try reader.int("steps", in: 1...1 << 30)
    seed = UInt64(try reader.int("seed", default: 1, in: 0...Int.max))
    optimizer = try OptimizerSettings(reader.section("optimizer"))
    rate = try LearningRate(reader.section("rate"), steps: steps)
    dropout = Float(try reader.double("dropout", default: 0, in: 0...1))
    guard dropout < 1 else { throw reader.error("dropout", "1 would leave nothing; it is below 1") }
    balance = try reader.double("balance", default: 0, in: 0...1000)
    recomputes = try reader.bool("recompute", default: false)
    products = try reader.choice("products", default: .float32)
    let every = try reader.section("every")
    intervals = Intervals(
      validation: try every.int("validation", default: max(1, steps / 10)),
      samples: try every.int("samples", default: max(1, steps / 5)),
      checkpoint: try every.int("checkpoint", default: max(1, steps / 10)),
      layers: try every.int("layers", default: 10), snapshot: try every.int("snapshot", default: 0))
    try every.finish()
    let sampling = try reader.section("samples")
    samples = SampleSettings(
      prompts: try sampling.strings("prompts", default: []), tokens: try sampling.int("tokens", default: 100),
      temperature: Float(try sampling.double("temperature", default: 0.8, in: 0...100)))
    try sampling.finish()
    try reader.finish()
  }

  /// The same recipe with another value at a path of keys, as `["optimizer", "clip"]`.
  public func replacing(_ path: String..., by value: JSON) throws(RecipeError) -> Recipe {
    try Recipe(json: json.replacing(path, by: value), file: file)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
