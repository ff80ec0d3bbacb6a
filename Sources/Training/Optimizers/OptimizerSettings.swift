import Architectures

/// How gradients change weights.
public struct OptimizerSettings: Hashable, Sendable {
  public var kind: Kind
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  /// Each step takes `rate · weightDecay` of a decaying weight away.
  public var weightDecay: Double
  public var decays: Decaying
  /// Gradients are scaled down to this norm over all weights; 0 for never.
  public var clip: Double
  /// Of Muon.
  public var momentum: Double
  /// Newton-Schulz steps of Muon.
  public var iterations: Int

  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case adamw
    /// Muon for the matrices of blocks, AdamW for all others.
    case muon
  }

  /// Which weights decay; norms and biases never do.
  public enum Decaying: String, Hashable, Sendable, CaseIterable {
    /// Every matrix, embeddings too, as in nanoGPT.
    case matrices
    /// The linear maps of blocks and an own head, as in minGPT.
    case maps
    case none
  }

  public init(
    kind: Kind = .adamw, beta1: Double = 0.9, beta2: Double = 0.95, epsilon: Double = 1e-8, weightDecay: Double = 0.1,
    decays: Decaying = .matrices, clip: Double = 1, momentum: Double = 0.95, iterations: Int = 5
  ) {
    (self.kind, self.beta1, self.beta2, self.epsilon) = (kind, beta1, beta2, epsilon)
    (self.weightDecay, self.decays, self.clip) = (weightDecay, decays, clip)
    (self.momentum, self.iterations) = (momentum, iterations)
  }

  init(_ reader: RecipeReader) throws(RecipeError) {
    let usual = OptimizerSettings()
    kind = try reader.choice("kind", default: usual.kind)
    beta1 = try reader.double("beta1", default: usual.beta1, in: 0...0.999999)
    beta2 = try reader.double("beta2", default: usual.beta2, in: 0...0.999999)
    epsilon = try reader.double("epsilon", default: usual.epsilon, in: 0...1)
    weightDecay = try reader.double("weightDecay", default: usual.weightDecay, in: 0...100)
    decays = try reader.choice("decays", default: usual.decays)
    clip = try reader.double("clip", default: usual.clip, in: 0...1e9)
    momentum = try reader.double("momentum", default: usual.momentum, in: 0...0.999999)
    iterations = try reader.int("iterations", default: usual.iterations, in: 1...20)
    try reader.finish()
  }

  /// Whether a weight decays.
  func decays(_ name: String, shape: [Int]) -> Bool {
    let weight = WeightName(name)
    guard weightDecay > 0, shape.count > 1, weight.kind != "bias", !weight.part.hasSuffix("norm") else { return false }
    return switch decays {
    case .matrices: true
    case .maps: !["token_embd", "position_embd"].contains(weight.part)
    case .none: false
    }
  }

  /// Whether Muon changes a weight.
  func usesMuon(_ name: String, shape: [Int]) -> Bool {
    kind == .muon && shape.count == 2 && WeightName(name).layer != nil && min(shape[0], shape[1]) > 1
  }
}
