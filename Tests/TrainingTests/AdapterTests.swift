import Architectures
import Checkpoints
import Foundation
import Generation
import JSON
import Kernels
import Quantization
import TensorCore
import TestSupport
import Testing
import Training
import TrainingEngine

/// Training a model further: whole, and by low-rank changes that are saved, used and merged.
@Suite(.serialized, .enabled(if: TestData.isExpected)) struct AdapterTests {
  private func logits(_ model: LanguageModel) throws -> [Float] {
    let session = try model.session()
    try session.append([1, 403, 407, 261, 378])
    return session.logits
  }

  private var exact: ModelOptions {
    var options = ModelOptions()
    (options.arithmetic, options.cacheFormat, options.context, options.threads) = (.float32, .f32, 64, 1)
    return options
  }

  private func tuned(_ model: String, rank: Int?, folder: String) throws -> TrainingRun {
    let text = folder + "/text.txt"
    try Data(String(repeating: "The owl sold the lantern to a very small bear. ", count: 60).utf8)
      .write(to: URL(filePath: text))
    let recipe = try Recipe.fineTuning(model: model, data: text, rank: rank)
      .replacing("steps", by: 12).replacing("batch", by: 1).replacing("model", "context", by: 128)
      .replacing("every", by: ["validation": 6])
    var options = TrainingOptions()
    options.threads = 1
    let run = try TrainingRun(recipe: recipe, folder: folder + "/run", options: options)
    let events = RunTests.Events()
    _ = try run.run(observer: events)
    let losses = events.validations.map(\.loss)
    #expect(losses.count == 3 && losses[2] < losses[0] - 0.1, "\(losses)")
    return run
  }

  @Test(arguments: ["stories260K/stories260K.gguf", "stories260K"])
  func `an adapter changes the model as it does when merged`(model: String) throws {
    try RunTests.inFolder { folder in
      let path = TestData.url(model).path
      let run = try tuned(path, rank: 4, folder: folder)
      #expect(run.model.parameterCount < run.model.weightCount / 4)
      let before = try logits(LanguageModel(path: path, options: exact))
      let changed = try logits(LanguageModel(path: path, adapter: run.folder, options: exact))
      #expect(zip(before, changed).map { abs($0 - $1) }.max() ?? 0 > 0.05)
      let file = try ModelFile(path: path)
      let output = folder + (model.hasSuffix(".gguf") ? "/merged.gguf" : "/merged")
      try Adapter(folder: run.folder, for: file).writeMerged(with: file, to: output)
      let merged = try logits(LanguageModel(path: output, options: exact))
      #expect(zip(merged, changed).map { abs($0 - $1) }.max() ?? 1 < 1e-4)
      let config = try JSON(parsing: Data(contentsOf: URL(filePath: run.folder + "/adapter_config.json")))
      #expect(config["r"] == 4 && config["peft_type"] == "LORA")
      let stored = try SafetensorsFile(path: run.folder + "/adapter_model.safetensors")
      #expect(stored.shape("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight") == [4, 64])
    }
  }

  @Test(arguments: ["stories260K/stories260K.gguf", "stories260K"])
  func `a model trained further whole is saved as it came`(model: String) throws {
    try RunTests.inFolder { folder in
      let run = try tuned(TestData.url(model).path, rank: nil, folder: folder)
      let output = model.hasSuffix(".gguf") ? run.folder + "/model.gguf" : run.folder
      let weights = try ModelFile(path: output).weights()
      for tensor in run.model.layout.tensors {
        #expect(try weights.tensor(tensor.name).floats() == Array(run.parameters[tensor.range]), "\(tensor.name)")
      }
      #expect(try LanguageModel(path: output, options: exact).tokenizer != nil)
    }
  }

  @Test func `an adapter of another model is refused`() throws {
    try RunTests.inFolder { folder in
      let run = try tuned(TestData.url("stories260K").path, rank: 2, folder: folder)
      let other = try ModelFile(path: TestData.fixture("gradients/llama").path)
      #expect(performing: { try Adapter(folder: run.folder, for: other) }, throws: { $0 is CheckpointError })
    }
  }
}
