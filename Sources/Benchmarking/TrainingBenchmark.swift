import Architectures
import CKernels
import Gradients
import GraphIR
public import Kernels
import Runtime
import TensorCore
public import TrainingEngine

/// Training steps of a model's graph with random weights and tokens: forward, backward and AdamW.
///
///     let report = try TrainingBenchmark(path: "config.json", length: 64, sequences: 12, threads: 2, .float32).run()
public final class TrainingBenchmark {
  /// What the steps took.
  public struct Report: Sendable {
    /// Tokens of a step.
    public let tokens: Int
    /// Of each step, in order.
    public let seconds: [Double]
    /// Floating-point operations of a step's products and attention.
    public let operations: Int
    /// The machine's own, sampled between the steps.
    public let operationsPerSecond: Double
    /// A step of the middle's time by kind of work, the largest first; AdamW is one of them, and the last is what lies
    /// between: filling in the batch, waking threads.
    public let costs: [TrainingEngine.Cost]
    public let memory: TrainingEngine.Memory

    public var medianSeconds: Double { seconds.median }
    public var tokensPerSecond: Double { Double(tokens) / medianSeconds }
    /// Of the machine's operations a second.
    public var shareOfPeak: Double { Double(operations) / medianSeconds / operationsPerSecond }
  }

  private let engine: TrainingEngine
  private let team: ThreadTeam
  private let batch: TrainingBatch
  private let kernels = TrainingKernels()
  private let peaks: MachinePeaks
  private let products: ProductPrecision
  /// Weights, their gradients, and AdamW's two moments, one after the other.
  private let memory: Buffer

  /// `path` is a model or its bare `config.json`. Throws what reading, planning and memory throw.
  public init(path: String, length: Int, sequences: Int, threads: Int, _ products: ProductPrecision) throws {
    let graph = try ModelFile(path: path).graph.differentiated()
    let layout = ParameterLayout(graph)
    team = ThreadTeam(count: threads)
    self.products = products
    let (count, overflow) = length.multipliedReportingOverflow(by: sequences)
    var options = TrainingEngineOptions(maximumTokens: overflow ? 0 : count)
    (options.team, options.products, options.context) = (team, products, length)
    engine = try TrainingEngine(graph, parameters: layout, options: options)
    memory = try Buffer(count: layout.count * 16)
    peaks = try MachinePeaks(team: team, bufferBytes: 1 << 20)
    var state: UInt64 = 1
    func random() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    let weights = memory.base.assumingMemoryBound(to: Float.self)
    for tensor in layout.tensors {
      let isNorm = tensor.name.hasSuffix("norm.weight")
      for index in tensor.range { weights[index] = isNorm ? 1 : (Float(random() % 2048) / 1024 - 1) * 0.03 }
    }
    let vocabulary = UInt64(max(1, graph.nodes[graph.node(named: "logits") ?? 0].shape.last?.fixed ?? 1))
    batch = TrainingBatch(
      tokens: (0..<count).map { _ in Int32(random() % vocabulary) },
      sequences: (0..<sequences).map { .init(start: $0 * length, count: length) },
      targets: (0..<count).map { _ in Int32(random() % vocabulary) },
      targetWeights: [Float](repeating: 1 / Float(count), count: count))
  }

  /// Takes `steps` timed steps after one that is not.
  public func run(steps: Int, progress: (Double) -> Void = { _ in }) throws -> Report {
    engine.isTiming = true
    var taken: [(seconds: Double, costs: [TrainingEngine.Cost])] = []
    for step in 0...steps {
      peaks.sample()
      let start = ContinuousClock.now
      try pass()
      let middle = ContinuousClock.now
      update(step: step + 1)
      let end = ContinuousClock.now
      if step > 0 {
        let update = TrainingEngine.Cost(
          kind: "AdamW", steps: 1, seconds: (end - middle) / .seconds(1), operations: 0)
        taken.append(((end - start) / .seconds(1), (engine.costs + [update]).sorted { $0.seconds > $1.seconds }))
      }
      progress(Double(step) / Double(max(1, steps)))
    }
    let sorted = taken.sorted { $0.seconds < $1.seconds }
    let (whole, parts) = sorted.isEmpty ? (0, []) : sorted[sorted.count / 2]
    let rest = TrainingEngine.Cost(
      kind: "between", steps: 0, seconds: whole - parts.reduce(0) { $0 + $1.seconds }, operations: 0)
    return Report(
      tokens: batch.tokens.count, seconds: taken.map(\.seconds), operations: engine.work,
      operationsPerSecond: peaks.operationsPerSecond(products == .bfloat16 ? .bfloat16 : .float32),
      costs: parts + [rest], memory: engine.memory)
  }

  private func pass() throws {
    let weights = memory.base.assumingMemoryBound(to: Float.self)
    _ = try engine.run(batch, parameters: weights, gradients: weights + engine.layout.count)
  }

  private func update(step: Int) {
    let (count, threads) = (engine.layout.count, team.count)
    let start = UInt(bitPattern: memory.base)
    var (power1, power2): (Float, Float) = (1, 1)
    for _ in 0..<step { (power1, power2) = (power1 * 0.9, power2 * 0.99) }
    let work = adamw_step(
      rate: 1e-4 / (1 - power1), beta1: 0.9, beta2: 0.99, epsilon: 1e-8, keep: 1 - 1e-5,
      inverseRoot2: 1 / (1 - power2).squareRoot(), gradientScale: 1)
    team.run { thread in
      guard let base = UnsafeMutableRawPointer(bitPattern: start) else { return }
      let weights = base.assumingMemoryBound(to: Float.self)
      let (first, end) = (count * thread / threads, count * (thread + 1) / threads)
      var work = work
      self.kernels.training.adamw(
        &work, weights + count + first, end - first, weights + first, weights + 2 * count + first,
        weights + 3 * count + first)
    }
  }
}
