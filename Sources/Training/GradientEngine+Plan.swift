import Architectures
import Gradients
import GraphIR
import Kernels
import Runtime
import TrainingEngine

extension GradientEngine {
  /// What one pass over sequences needs: planned steps, and what of the data they read.
  struct Plan {
    let planned: PlannedTraining
    /// Of a batch at most.
    let rows: Int
    let learns: Bool
    let choosesRows: Bool
    let countsAnswers: Bool
    let vocabulary: Int
    /// Of dropout's masks; nil without dropout.
    let dropoutSeed: UInt64?

    /// Plans batches of as many sequences as the recipe says. With `learns` there are gradients, dropout and load
    /// balancing, without it answers are counted where the data have some.
    ///
    /// Throws `RecipeError`, `GraphError`, `GradientError` or `TrainingEngineError` for what cannot be planned.
    init(
      _ model: TrainableModel, _ data: any TrainingData, _ recipe: Recipe, team: ThreadTeam, learns: Bool
    ) throws {
      let (rows, isTooLong) = recipe.batch.multipliedReportingOverflow(by: data.longestRows)
      guard !isTooLong, rows < 1 << 24 else {
        throw RecipeError(
          file: recipe.file, key: "batch",
          reason: "\(recipe.batch) sequences of \(data.longestRows) rows are too many for one pass")
      }
      (self.rows, self.learns) = (rows, learns)
      vocabulary = model.architecture.config.vocabularySize
      choosesRows = data.heldOut.contains { !$0.counts.isEmpty }
      countsAnswers = data.hasAnswers && !learns
      dropoutSeed = learns && recipe.dropout > 0 ? recipe.seed : nil
      var options = TrainingEngineOptions(maximumTokens: rows)
      options.team = team
      options.products = recipe.products == .bfloat16 ? .bfloat16 : .float32
      options.choosesRows = choosesRows
      options.context = data.longestRows
      if countsAnswers { options.taps = ["logits"] }
      let graph = learns ? try Self.learning(model, recipe) : try model.edited.trainingLoss()
      planned = try PlannedTraining(graph, parameters: model.layout, options: options)
      guard !learns || recipe.balance == 0 || planned.balances else {
        throw RecipeError(file: recipe.file, key: "balance", reason: "the model has no experts to share the work among")
      }
    }

    /// Bytes of planned values, frozen weights and threads.
    var bytes: Int { planned.memory.arenaBytes + planned.memory.frozenBytes + planned.memory.scratchBytes }

    private static func learning(_ model: TrainableModel, _ recipe: Recipe) throws -> Graph {
      try (recipe.dropout > 0 ? model.edited.withDropout(recipe.dropout) : model.edited).differentiated(
        Objective(loadBalancing: Float(recipe.balance)), recomputing: recipe.recomputes ? .layers : .none,
        wanting: { model.layout[$0] != nil })
    }
  }
}
