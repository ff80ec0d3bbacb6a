public import TrainingEngine

/// Hears what happens in a run, on the run's own thread; what takes long holds the run up.
public protocol TrainingObserver: Sendable {
  func observe(_ event: TrainingEvent)
}

/// What happens in a run. Steps are counted from 1 where they are done.
public enum TrainingEvent: Sendable {
  case began(TrainingStart)
  case step(StepReport)
  case layers(LayerReport)
  case validation(ValidationReport)
  case sample(SampleReport)
  /// A checkpoint is about to be written: what is kept elsewhere of the steps before should be too.
  case saving(step: Int)
  case checkpoint(step: Int, path: String)
  case snapshot(WeightSnapshot)
  /// The learning rate's factor is another from this step on.
  case rateFactor(Double, step: Int)
  case paused(step: Int)
  case resumed(step: Int)
  case notice(String)
  case ended(TrainingOutcome)
}

/// What a run is, before its first step.
public struct TrainingStart: Sendable {
  public let recipe: Recipe
  /// The run's folder.
  public let folder: String
  /// Steps that were done before.
  public let step: Int
  /// Trained numbers.
  public let parameterCount: Int
  /// All numbers of the model.
  public let weightCount: Int
  public let data: String
  public let threads: Int
  /// Bytes of weights, gradients, moments and the planned step.
  public let memoryBytes: Int
}

/// One step.
public struct StepReport: Hashable, Sendable {
  public var step: Int
  /// Mean over the step's counted rows, before its change.
  public var loss: Float
  public var rate: Double
  /// Of the gradient over all weights, before clipping.
  public var gradientNorm: Double
  /// Rows read.
  public var tokens: Int
  public var seconds: Double
  /// Floating-point operations of products, forward and backward.
  public var operations: Int

  public init(
    step: Int, loss: Float, rate: Double, gradientNorm: Double, tokens: Int, seconds: Double, operations: Int
  ) {
    (self.step, self.loss, self.rate, self.gradientNorm) = (step, loss, rate, gradientNorm)
    (self.tokens, self.seconds, self.operations) = (tokens, seconds, operations)
  }

  public var tokensPerSecond: Double { Double(tokens) / max(seconds, 1e-9) }
  public var operationsPerSecond: Double { Double(operations) / max(seconds, 1e-9) }
}

/// Norms of gradients and weights, gathered by layer.
public struct LayerReport: Hashable, Sendable {
  public struct Layer: Hashable, Sendable {
    /// `blocks.3`, or a part outside the blocks, as `token_embd`.
    public var name: String
    public var gradientNorm: Double
    public var weightNorm: Double

    public init(name: String, gradientNorm: Double, weightNorm: Double) {
      (self.name, self.gradientNorm, self.weightNorm) = (name, gradientNorm, weightNorm)
    }
  }

  public var step: Int
  public var layers: [Layer]

  public init(step: Int, layers: [Layer]) { (self.step, self.layers) = (step, layers) }
}

/// The loss over everything that is held out.
public struct ValidationReport: Hashable, Sendable {
  public var step: Int
  public var loss: Double
  /// Rows whose loss counts.
  public var rows: Int
  /// Of sequences with one right answer, how many are wholly right by the likeliest tokens; nil for other data.
  public var right: Int?
  public var sequences: Int
  public var seconds: Double

  public init(step: Int, loss: Double, rows: Int, right: Int?, sequences: Int, seconds: Double) {
    (self.step, self.loss, self.rows) = (step, loss, rows)
    (self.right, self.sequences, self.seconds) = (right, sequences, seconds)
  }
}

/// A text that the model wrote while it was trained.
public struct SampleReport: Hashable, Sendable {
  public var step: Int
  public var prompt: String
  public var text: String

  public init(step: Int, prompt: String, text: String) { (self.step, self.prompt, self.text) = (step, prompt, text) }
}

/// A copy of all trained weights.
public final class WeightSnapshot: Sendable {
  public let step: Int
  public let layout: ParameterLayout
  /// `[layout.count]`
  public let values: [Float]

  init(step: Int, layout: ParameterLayout, values: [Float]) {
    (self.step, self.layout, self.values) = (step, layout, values)
  }
}

/// How a run ended.
public struct TrainingOutcome: Hashable, Sendable {
  public enum Reason: String, Hashable, Sendable { case finished, stopped }
  public var reason: Reason
  public var step: Int
  public var folder: String
  public var validation: ValidationReport?

  public init(reason: Reason, step: Int, folder: String, validation: ValidationReport?) {
    (self.reason, self.step, self.folder, self.validation) = (reason, step, folder, validation)
  }
}
