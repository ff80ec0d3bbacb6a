import Foundation
import Runtime
import TrainingEngine

extension TrainingRun {
  /// Trains to the recipe's last step, or until the control says stop; either way a checkpoint is there afterwards.
  ///
  /// Throws `TrainingError.notFinite` where the loss or the gradient is no number, and `FileError` where a checkpoint
  /// cannot be written: then the last one that was written is whole.
  public func run(observer: any TrainingObserver) throws -> TrainingOutcome {
    if lock == nil { lock = try Self.lock(folder) }
    defer { lock = nil }
    observer.observe(.began(start))
    for notice in prepared.notices { observer.observe(.notice(notice)) }
    if step == 0 { try look(observer, isLast: false) }
    var factor = control.rateFactor
    while step < recipe.steps {
      if control.isPaused {
        observer.observe(.paused(step: step))
        control.waitWhilePaused()
        observer.observe(.resumed(step: step))
      }
      if control.isStopped { break }
      if control.rateFactor != factor {
        factor = control.rateFactor
        observer.observe(.rateFactor(factor, step: step))
      }
      // Steps that were taken with a factor are not to be gone on from without it.
      if factor != keptFactor { try keep(observer) }
      try takeStep(factor, observer)
      try look(observer, isLast: step == recipe.steps)
      if isDue(recipe.intervals.checkpoint), step < recipe.steps { try keep(observer) }
    }
    if lastCheckpoint != step || control.rateFactor != keptFactor { try keep(observer) }
    let isFinished = step >= recipe.steps
    if isFinished, options.savesModel { try saveModel() }
    let outcome = TrainingOutcome(
      reason: isFinished ? .finished : .stopped, step: step, folder: folder, validation: lastValidation)
    observer.observe(.ended(outcome))
    return outcome
  }

  /// Runs on a thread of its own; `ended` gets what `run` gives or throws.
  public func start(
    observer: any TrainingObserver, ended: @escaping @Sendable (Result<TrainingOutcome, any Error>) -> Void
  ) {
    let thread = Thread { [self] in ended(Result { try run(observer: observer) }) }
    thread.stackSize = 8 << 20
    thread.start()
  }

  private var start: TrainingStart {
    TrainingStart(
      recipe: recipe, folder: folder, step: step, parameterCount: model.parameterCount,
      weightCount: model.weightCount, data: prepared.data.summary, threads: team.count, memoryBytes: memoryBytes)
  }

  private func isDue(_ interval: Int) -> Bool { interval > 0 && step % interval == 0 }

  private func keep(_ observer: any TrainingObserver) throws {
    observer.observe(.saving(step: step))
    observer.observe(.checkpoint(step: step, path: try saveCheckpoint()))
  }

  /// One step of the recipe.
  private func takeStep(_ factor: Double, _ observer: any TrainingObserver) throws {
    let begin = ContinuousClock.now
    let sequences = try prepared.data.sequences(
      step: step, seed: recipe.seed, count: recipe.batch * recipe.accumulation)
    let rate = recipe.rate.rate(at: step) * factor
    let pass: GradientEngine.Pass
    do {
      pass = try engine.pass(sequences, step: step, parameters: parameters, gradients: gradients)
    } catch TrainingEngineError.lossNotFinite(let loss) {
      throw notFinite("the loss", "\(loss)")
    }
    guard pass.loss.isFinite else { throw notFinite("the loss", "\(pass.loss)") }
    let norms = GradientNorms(gradients, layout: model.layout, team: team)
    let norm = norms.total
    guard norm.isFinite else { throw notFinite("the gradient's norm", "\(norm)") }
    let clip = recipe.optimizer.clip
    // As PyTorch's clip_grad_norm_ has it.
    let scale = clip > 0 ? min(1, clip / (norm + 1e-6)) : 1
    optimizer.step(step + 1, rate: rate, parameters: parameters, gradients: gradients, scale: Float(scale))
    step += 1
    observer.observe(
      .step(
        StepReport(
          step: step, loss: pass.loss, rate: rate, gradientNorm: norm, tokens: pass.rows,
          seconds: (ContinuousClock.now - begin) / .seconds(1), operations: pass.operations)))
    if isDue(recipe.intervals.layers) { observer.observe(.layers(layers(norms))) }
  }

  private func notFinite(_ what: String, _ value: String) -> TrainingError {
    .notFinite(what: what, value: value, step: step + 1, kept: lastCheckpoint)
  }

  /// Validation, samples and snapshots, where they are due.
  private func look(_ observer: any TrainingObserver, isLast: Bool) throws {
    if (isDue(recipe.intervals.validation) || isLast) && recipe.intervals.validation > 0 {
      if let report = try validate() {
        lastValidation = report
        observer.observe(.validation(report))
      }
    }
    if (isDue(recipe.intervals.samples) || isLast) && recipe.intervals.samples > 0 {
      // A prompt that the vocabulary lacks is no reason to lose a run.
      do { for sample in try sample() { observer.observe(.sample(sample)) } } catch {
        observer.observe(.notice("no sample: \(error)"))
      }
    }
    if (isDue(recipe.intervals.snapshot) || isLast) && recipe.intervals.snapshot > 0 {
      observer.observe(.snapshot(snapshot))
    }
  }

  /// What the model writes now, for each of the recipe's prompts.
  public func sample() throws -> [SampleReport] {
    try SampleWriter(
      model: model, tokenizer: prepared.tokenizer, settings: recipe.samples, threads: team.count
    ).write(parameters, step: step, seed: recipe.seed)
  }

  /// The loss over all held-out sequences; nil where there are none.
  public func validate() throws -> ValidationReport? {
    let begin = ContinuousClock.now
    let all = prepared.data.heldOut
    guard !all.isEmpty else { return nil }
    var (loss, rows, right, place) = (0.0, 0, 0, 0)
    while place < all.count {
      let batch = validator.fitting(all[place...])
      let pass: GradientEngine.Pass
      do {
        pass = try validator.pass(Array(batch), parameters: parameters, gradients: gradients)
      } catch TrainingEngineError.lossNotFinite(let loss) { throw notFinite("the validation loss", "\(loss)") }
      loss += Double(pass.loss) * Double(pass.counted)
      rows += pass.counted
      right += pass.right
      place += batch.count
    }
    return ValidationReport(
      step: step, loss: loss / Double(max(rows, 1)), rows: rows, right: prepared.data.hasAnswers ? right : nil,
      sequences: all.count, seconds: (ContinuousClock.now - begin) / .seconds(1))
  }

  private func layers(_ norms: GradientNorms) -> LayerReport {
    var (names, squares): ([String], [String: (Double, Double)]) = ([], [:])
    for (tensor, norm) in zip(model.layout.tensors, norms.tensors) {
      let parts = tensor.name.split(separator: ".")
      let name = parts.first == "blk" && parts.count > 1 ? "blocks.\(parts[1])" : String(parts.first ?? "")
      if squares[name] == nil { names.append(name) }
      let weights = parameters[tensor.range].reduce(0.0) { $0 + Double($1) * Double($1) }
      let (slopes, sizes) = squares[name] ?? (0, 0)
      squares[name] = (slopes + norm * norm, sizes + weights)
    }
    return LayerReport(
      step: step,
      layers: names.map { name in
        let (slopes, sizes) = squares[name] ?? (0, 0)
        return .init(name: name, gradientNorm: slopes.squareRoot(), weightNorm: sizes.squareRoot())
      })
  }
}
