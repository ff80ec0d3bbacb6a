public import TensorCore

/// A mix of formats for a whole model, under llama.cpp's name for it.
public struct QuantisationRecipe: Hashable, Sendable, CustomStringConvertible {
  /// As in `Q4_K_M`.
  public let name: String
  /// The value of `general.file_type`.
  public let fileType: Int
  /// What most matrices are stored as.
  public let base: BlockFormat

  public var description: String { name }

  public static let all: [QuantisationRecipe] = [
    .init(name: "F32", fileType: 0, base: .f32), .init(name: "F16", fileType: 1, base: .f16),
    .init(name: "BF16", fileType: 32, base: .bf16), .init(name: "Q8_0", fileType: 7, base: .q8_0),
    .init(name: "Q6_K", fileType: 18, base: .q6_k), .init(name: "Q5_K_M", fileType: 17, base: .q5_k),
    .init(name: "Q5_K_S", fileType: 16, base: .q5_k), .init(name: "Q5_1", fileType: 9, base: .q5_1),
    .init(name: "Q5_0", fileType: 8, base: .q5_0), .init(name: "Q4_K_M", fileType: 15, base: .q4_k),
    .init(name: "Q4_K_S", fileType: 14, base: .q4_k), .init(name: "IQ4_NL", fileType: 25, base: .iq4_nl),
    .init(name: "IQ4_XS", fileType: 30, base: .iq4_xs), .init(name: "Q4_1", fileType: 3, base: .q4_1),
    .init(name: "Q4_0", fileType: 2, base: .q4_0), .init(name: "MXFP4_MOE", fileType: 38, base: .mxfp4),
    .init(name: "Q3_K_L", fileType: 13, base: .q3_k), .init(name: "Q3_K_M", fileType: 12, base: .q3_k),
    .init(name: "Q3_K_S", fileType: 11, base: .q3_k), .init(name: "Q2_K", fileType: 10, base: .q2_k),
  ]

  /// The recipe of a name in any case; `Q3_K`, `Q4_K` and `Q5_K` mean their `_M`.
  public init?(name: String) {
    let upper = name.uppercased()
    let full = ["Q3_K", "Q4_K", "Q5_K"].contains(upper) ? upper + "_M" : upper
    guard let match = Self.all.first(where: { $0.name == full }) else { return nil }
    self = match
  }

  private init(name: String, fileType: Int, base: BlockFormat) {
    (self.name, self.fileType, self.base) = (name, fileType, base)
  }
}

/// What a recipe makes of one tensor.
public struct QuantisationStep: Hashable, Sendable {
  public let name: String
  public let shape: [Int]
  public let from: BlockFormat
  public let to: BlockFormat
  /// The format the recipe wanted where the row width ruled it out.
  public let wanted: BlockFormat?
}

extension QuantisationRecipe {
  /// The format of every tensor of `file`, in its order.
  public func plan(for file: GGUFFile) -> [QuantisationStep] {
    plan(file.tensors.map(\.declaration)) { file[key: $0] }
  }

  /// The formats by name of a model that is yet to be written, from its settings and the sizes of its tensors.
  public func formats(
    metadata: [GGUFEntry], tensors: [(name: String, shape: [Int])]
  ) throws -> [String: BlockFormat] {
    let declarations = try tensors.map { tensor throws in
      try TensorDeclaration(name: tensor.name, shape: tensor.shape, format: .f32)
    }
    let steps = plan(declarations) { key in metadata.last { $0.key == key }?.value }
    return Dictionary(steps.map { ($0.name, $0.to) }) { first, _ in first }
  }

  private func plan(_ tensors: [TensorDeclaration], value: (String) -> GGUFValue?) -> [QuantisationStep] {
    var chooser = FormatChooser(recipe: self, names: tensors.map(\.name), value: value)
    // Choices that count tensors count them by layer, then by name.
    func layer(_ name: String) -> Int {
      guard name.hasPrefix("blk.") else { return -1 }
      return Int(name.dropFirst(4).prefix { $0.isNumber }) ?? -1
    }
    let order = tensors.map { (layer: layer($0.name), tensor: $0) }.sorted { a, b in
      a.layer != b.layer ? a.layer < b.layer : a.tensor.name.utf8.lexicographicallyPrecedes(b.tensor.name.utf8)
    }
    var steps: [String: QuantisationStep] = [:]
    for (layer, tensor) in order { steps[tensor.name] = chooser.step(for: tensor, layer: layer) }
    return tensors.compactMap { steps[$0.name] }
  }
}

extension GGUFTensor {
  fileprivate var declaration: TensorDeclaration {
    TensorDeclaration(name: name, shape: shape, format: format, byteCount: byteCount)
  }
}
