import Architectures
import Checkpoints
import Generation
import GraphIR
import Kernels
import TensorCore
import Tokenizers

/// Lets a model write while it is trained, by the same programs that run a finished one.
struct SampleWriter {
  let model: TrainableModel
  let tokenizer: Tokenizer
  let settings: Recipe.SampleSettings
  let threads: Int

  /// One text for each prompt; without prompts, none.
  func write(_ parameters: FloatBuffer, step: Int, seed: UInt64) throws -> [SampleReport] {
    guard !settings.prompts.isEmpty, settings.tokens > 0 else { return [] }
    var options = ModelOptions()
    (options.threads, options.arithmetic, options.cacheFormat) = (threads, .float32, .f32)
    let loaded = try LanguageModel(
      graph: model.edited, config: model.architecture.config, weights: model.weights(parameters),
      tokenizer: tokenizer, options: options, name: "the model in training")
    return try settings.prompts.map { prompt in
      let session = try loaded.session()
      try session.append(loaded.encode(prompt))
      var generation = GenerationOptions()
      generation.maximumTokens = settings.tokens
      generation.sampling.temperature = settings.temperature
      (generation.sampling.topK, generation.sampling.topP, generation.sampling.minP) = (0, 1, 0)
      generation.sampling.seed = seed &+ UInt64(step)
      var generator = try TextGenerator(session, options: generation)
      var text = ""
      while let piece = try generator.next() { text += piece.text }
      return SampleReport(step: step, prompt: prompt, text: text + generator.rest())
    }
  }
}
