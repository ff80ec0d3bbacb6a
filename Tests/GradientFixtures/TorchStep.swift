public import Architectures
public import Checkpoints
import Foundation
public import Gradients
import GraphIR
public import JSON
import Quantization
import TensorCore
import TestSupport

/// A tiny model, a training step of it, and what PyTorch computes for both.
public struct TorchStep {
  public let model: ModelFile
  public let slopes: SafetensorsFile
  public let sequences: [[Int32]]
  public let inputs: [String: [Double]]
  public let objective: Objective
  public let record: JSON

  /// The five families that PyTorch computes a step of.
  public static let families = ["llama", "gpt2", "mixtral", "gemma3", "qwen3-next"]

  public init(_ family: String) throws {
    let folder = "gradients/\(family)"
    model = try ModelFile(path: TestData.fixture(folder).path)
    slopes = try SafetensorsFile(path: TestData.fixture("\(folder)/gradients.safetensors").path)
    record = try TestData.json(fixture: "\(folder)/training.json")
    sequences = try present(record["tokens"]?.array).map { row in
      try present(row.array).map { Int32(try present($0.int)) }
    }
    func numbers(_ json: JSON?) throws -> [Double] {
      try present(json?.array).map { try present($0.double) }
    }
    let count = sequences.joined().count
    inputs = [
      "targets": try numbers(record["targets"]), "target_weights": try numbers(record["weights"]),
      "token_weights": [Double](repeating: 1 / Double(count), count: count),
    ]
    objective = Objective(loadBalancing: Float(try present(record["loadBalancing"]?.double)))
  }

  public func weights() throws -> [String: [Float]] {
    let weights = try model.weights()
    return try weights.names.reduce(into: [:]) { $0[$1] = try weights.tensor($1).floats() }
  }

  /// PyTorch's gradient of one of the graph's weights; nil where PyTorch trains no such weight.
  public func slope(of name: String, weights: [String: [Float]]) throws -> [Float]? {
    guard let recipe = model.architecture.recipe(for: WeightName(name)) else {
      return nil
    }
    switch recipe {
    // A sum's gradient is that of its variable.
    case .plus(let base, _): return try base.tensor(from: slopes).floats()
    // w = −eˣ has dw/dx = w.
    case .negatedExponential(let base):
      return zip(try base.tensor(from: slopes).floats(), weights[name] ?? []).map { $0 / $1 }
    default: return try recipe.tensor(from: slopes).floats()
    }
  }
}

/// Something that a fixture lacks.
struct Absent: Error {}

private func present<Value>(_ value: Value?) throws -> Value {
  guard let value else { throw Absent() }
  return value
}
