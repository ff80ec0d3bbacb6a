import Architectures
import Checkpoints
import Conversion
import Foundation
import GraphIR
import JSON
import Quantization
import TensorCore
import TestSupport
import Testing
import Training
import TrainingEngine

/// Every family that is trained further is saved as it came, or refused before the first step.
@Suite(.enabled(if: TestData.isExpected, "shared test data is not here")) struct SavingTests {
  static let families = [
    "llama", "llama3-rope", "llama-yarn", "mistral-window", "smollm3-nope", "qwen2", "qwen3", "phi3", "gpt2", "gemma2",
    "gemma3", "mixtral", "qwen3-moe", "olmoe", "llama4", "deepseek-v2", "deepseek-v3", "gpt-oss", "qwen3-next",
    "mamba2",
  ]

  private func path(_ family: String) -> String { TestData.url("oracles/\(family)").path }

  private func expectClose(_ found: [Float], _ expected: [Float], _ name: String) {
    #expect(found.count == expected.count, "\(name)")
    let error = zip(found, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 1
    #expect(error <= 1e-6, "\(name): \(error)")
  }

  @Test(arguments: families) func `each stored tensor is written back`(family: String) throws {
    try RunTests.inFolder { folder in
      let file = try ModelFile(path: path(family))
      let weights = try file.weights()
      var (all, halves) = (MemoryTensors(), MemoryTensors())
      for name in weights.names {
        let tensor = try weights.tensor(name)
        all[name] = tensor
        halves[name] = Tensor(tensor.floats().map { $0 / 2 }, shape: tensor.shape)
      }
      try file.write(all, to: folder + "/same")
      let before = try SafetensorsFile(path: path(family) + "/model.safetensors")
      let after = try SafetensorsFile(path: folder + "/same/model.safetensors")
      #expect(Set(before.names) == Set(after.names))
      for name in before.names {
        #expect(before.shape(name) == after.shape(name), "\(name)")
        expectClose(try after.tensor(name).floats(), try before.tensor(name).floats(), name)
      }
      try file.write(halves, to: folder + "/halves")
      let again = try ModelFile(path: folder + "/halves").weights()
      #expect(again.names == weights.names)
      for name in again.names {
        expectClose(try again.tensor(name).floats(), try #require(halves[name]).floats(), name)
      }
    }
  }

  @Test(arguments: families) func `two steps of training are saved`(family: String) throws {
    try RunTests.inFolder { folder in
      let text = folder + "/text.txt"
      try Data(String(repeating: "The owl sold the lantern. ", count: 4).utf8).write(to: URL(filePath: text))
      let recipe = try Recipe.fineTuning(model: path(family), data: text, rank: nil)
        .replacing("data", "vocabulary", by: "characters").replacing("model", "context", by: 16)
        .replacing("steps", by: 2).replacing("batch", by: 1).replacing("every", by: ["validation": 0, "samples": 0])
      var options = TrainingOptions()
      options.threads = 1
      let run = try TrainingRun(recipe: recipe, folder: folder + "/run", options: options)
      _ = try run.run(observer: RunTests.Events())
      let saved = try ModelFile(path: run.folder).weights()
      let first = try ModelFile(path: path(family)).weights()
      #expect(saved.names == run.model.layout.tensors.map(\.name))
      var changed = 0
      for tensor in run.model.layout.tensors {
        let values = try saved.tensor(tensor.name).floats()
        expectClose(values, Array(run.parameters[tensor.range]), tensor.name)
        if try values != first.tensor(tensor.name).floats() { changed += 1 }
      }
      #expect(changed > saved.names.count / 2)
    }
  }

  @Test(arguments: families) func `a GGUF file is written back`(family: String) throws {
    try RunTests.inFolder { folder in
      let (before, after) = (folder + "/before.gguf", folder + "/after.gguf")
      try Conversion(folder: path(family)).write(to: before)
      let file = try ModelFile(path: before)
      let weights = try file.weights()
      var halves = MemoryTensors()
      for name in weights.names {
        let tensor = try weights.tensor(name)
        halves[name] = Tensor(tensor.floats().map { $0 / 2 }, shape: tensor.shape)
      }
      try file.write(halves, to: after)
      let again = try ModelFile(path: after).weights()
      #expect(again.names == weights.names)
      for name in again.names {
        #expect(try again.tensor(name).floats() == halves[name]?.floats(), "\(name)")
      }
    }
  }

  /// Families whose checkpoints hold a query map in parts of another tensor.
  static let withoutMaps = ["qwen3-next": "blk.0.attn_qkv.weight"]

  @Test(arguments: families.filter { $0 != "mamba2" })
  func `low-rank changes are saved, or refused by the weight's name`(family: String) throws {
    try RunTests.inFolder { folder in
      let (file, settings) = (try ModelFile(path: path(family)), LowRankSettings(rank: 2))
      if let weight = Self.withoutMaps[family] {
        #expect(
          performing: { try TrainableModel(existing: file, adapter: settings) },
          throws: { ($0 as? CheckpointError)?.item == weight && "\($0)".contains("no map of its own") })
        return
      }
      let model = try TrainableModel(existing: file, adapter: settings)
      var factors = MemoryTensors()
      var number: Float = 0
      for tensor in model.layout.tensors {
        let values = (0..<tensor.count).map { _ in
          number += 1
          return number
        }
        factors[tensor.name] = Tensor(values, shape: tensor.shape)
      }
      try Adapter(settings: settings, tensors: factors).write(to: folder, for: file, base: path(family))
      let read = try Adapter(folder: folder, for: file)
      #expect(Set(read.tensors.names) == Set(factors.names) && !factors.names.isEmpty)
      for name in factors.names { #expect(read.tensors[name]?.floats() == factors[name]?.floats(), "\(name)") }
      // PEFT puts factors on every module whose name ends so.
      let config = try JSON(file: folder + "/adapter_config.json")
      let targets = try #require(config["target_modules"]?.array).compactMap(\.string)
      let saved = try SafetensorsFile(path: folder + "/adapter_model.safetensors")
      for name in try SafetensorsFile(path: path(family) + "/model.safetensors").names where name.hasSuffix(".weight") {
        let map = name.dropLast(".weight".count)
        #expect(targets.contains { map.hasSuffix("." + $0) } == saved.has("base_model.model.\(map).lora_A.weight"))
      }
    }
  }

  @Test func `packed experts are refused before the data are read, and can be changed beside`() throws {
    try RunTests.inFolder { folder in
      let (from, to) = (path("gpt-oss"), folder + "/model")
      try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: from + "/config.json", toPath: to + "/config.json")
      let stored = try SafetensorsFile(path: from + "/model.safetensors")
      var tensors = MemoryTensors()
      func bytes(_ shape: [Int]) throws -> Tensor {
        Tensor(shape: shape, format: .i8, buffer: try Buffer(count: shape.reduce(1, *)))
      }
      for name in stored.names {
        let tensor = try stored.tensor(name)
        guard name.hasSuffix("experts.gate_up_proj") || name.hasSuffix("experts.down_proj") else {
          tensors[name] = tensor
          continue
        }
        let (experts, inputs, outputs) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
        tensors[name + "_blocks"] = try bytes([experts, outputs, inputs / 32, 16])
        tensors[name + "_scales"] = try bytes([experts, outputs, inputs / 32])
      }
      var writer = SafetensorsWriter()
      try writer.write(tensors, to: to + "/model.safetensors")
      func begin(rank: Int?) throws -> TrainingRun {
        try TrainingRun(
          recipe: Recipe.fineTuning(model: to, data: "no such text", rank: rank), folder: folder + "/run")
      }
      #expect(
        performing: { try begin(rank: nil) },
        throws: {
          ($0 as? CheckpointError)?.item == "blk.0.ffn_gate_exps.weight" && "\($0)".contains("cannot be written back")
        })
      #expect(performing: { try begin(rank: 2) }, throws: { "\($0)".contains("no such text") })
    }
  }

  @Test func `a model within another keeps its names and what stands beside it`() throws {
    try RunTests.inFolder { folder in
      let (from, to) = (path("llama"), folder + "/model")
      try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: from + "/config.json", toPath: to + "/config.json")
      let stored = try SafetensorsFile(path: from + "/model.safetensors")
      var tensors = MemoryTensors()
      for name in stored.names { tensors["language_model." + name] = try stored.tensor(name) }
      tensors["vision_tower.patch.weight"] = Tensor([1, 2, 3], shape: [3])
      var writer = SafetensorsWriter()
      try writer.write(tensors, to: to + "/model.safetensors")
      let file = try ModelFile(path: to)
      let weights = try file.weights()
      var all = MemoryTensors()
      for name in weights.names { all[name] = try weights.tensor(name) }
      try file.write(all, to: folder + "/saved")
      let saved = try SafetensorsFile(path: folder + "/saved/model.safetensors")
      #expect(Set(saved.names) == Set(tensors.names))
      for name in saved.names { #expect(try saved.tensor(name).floats() == tensors[name]?.floats(), "\(name)") }
    }
  }

  @Test(arguments: ["dtype", "torch_dtype"])
  func `the settings of a model in bfloat16 name float32 once it is saved`(key: String) throws {
    try RunTests.inFolder { folder in
      let (from, to) = (path("llama"), folder + "/model")
      try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
      let members = try #require(try JSON(file: from + "/config.json").object?.filter { $0.key != "dtype" })
      let config = JSON.object(members + [.init(key, "bfloat16"), .init("text_config", [key: "bfloat16"])])
      try Data(config.text().utf8).write(to: URL(filePath: to + "/config.json"))
      try FileManager.default.copyItem(atPath: from + "/model.safetensors", toPath: to + "/model.safetensors")
      let file = try ModelFile(path: to)
      let weights = try file.weights()
      var all = MemoryTensors()
      for name in weights.names { all[name] = try weights.tensor(name) }
      try file.write(all, to: folder + "/saved")
      let saved = try JSON(file: folder + "/saved/config.json")
      #expect(saved == .object(members + [.init(key, "float32"), .init("text_config", [key: "float32"])]))
    }
  }

  @Test func `a tokenizer that came with the data stays with the model`() throws {
    try RunTests.inFolder { folder in
      let (base, text) = (TestData.url("stories260K").path, folder + "/text.txt")
      try Data(String(repeating: "The owl sold the lantern. ", count: 40).utf8).write(to: URL(filePath: text))
      func recipe(_ model: String) throws -> Recipe {
        try Recipe.fineTuning(model: model, data: text, rank: nil)
          .replacing("data", "vocabulary", by: "characters").replacing("model", "context", by: 16)
          .replacing("steps", by: 1).replacing("every", by: ["validation": 0, "samples": 0])
      }
      let run = try TrainingRun(recipe: recipe(base), folder: folder + "/run")
      _ = try run.run(observer: RunTests.Events())
      let own = try #require(run.prepared.files?.tokenizer)
      #expect(try JSON(file: run.folder + "/tokenizer.json") == own)
      let config = try JSON(file: run.folder + "/config.json")
      #expect(config["eos_token_id"]?.isNull == true && config["bos_token_id"]?.isNull == true)
      #expect(
        performing: { try TrainingRun(recipe: recipe(base + "/stories260K.gguf"), folder: folder + "/file") },
        throws: { "\($0)".contains("keeps its own tokenizer") })
      let many = (1..<700).map { String($0 * 7919 * 31, radix: 36) + " " }.joined()
      try Data((many + many).utf8).write(to: URL(filePath: text))
      #expect(
        performing: {
          try TrainingRun(
            recipe: recipe(base).replacing("data", "vocabulary", by: 600), folder: folder + "/many")
        }, throws: { "\($0)".contains("data.vocabulary") && "\($0)".contains("the model has 512") })
    }
  }

  @Test func `a decay that has no logarithm is refused`() throws {
    var stored = StoredWeights()
    let recipe = WeightRecipe.negatedExponential(.stored("A_log"))
    try recipe.store([-1, -2], shape: [2], into: &stored)
    expectClose(try stored.tensor("A_log").floats(), [0, Float(log(2.0))], "A_log")
    #expect(throws: CheckpointError.self) { try recipe.store([-1, 0.5], shape: [2], into: &stored) }
  }
}
