import Foundation
import GraphIR
import JSON
import Probing
import Quantization
import Reference
import Scenes
import Synchronization
import TensorCore
import Tokenizers
import Training
import TrainingEngine

/// Looks at a run's kept weights through one text that is held out: attention, lens, and one backward pass.
///
/// Works on the thread that asks, beside the run; what was asked for last is kept.
final class RunProbe: Sendable {
  /// Tokens of the text at most.
  static let length = 24
  private static let looksKept = 64

  /// The run's model in space, for the text.
  let scene: Scene
  private let tokenizer: Tokenizer
  private let probe: Result<Probe, any Error>
  /// Weights that stay as they are, by name; empty where the model cannot be followed.
  private let frozen: [String: [Float]]
  private let looks = Mutex<[(step: Int, json: JSON)]>([])
  private let latest = Mutex<(step: Int, pass: BackwardPass)?>(nil)

  init(_ run: TrainingRun) {
    let model = run.model
    tokenizer = run.prepared.tokenizer
    let sequence = Self.telling(run.prepared.data.heldOut)
    do {
      guard let sequence else { throw ProbeError("nothing is held out that could be looked at") }
      let probe = try Probe(
        model.edited, sequence: Array(sequence.tokens.prefix(Self.length + 1)),
        counts: Array(sequence.counts.prefix(Self.length)), context: model.contextLength,
        wanting: { model.layout[$0] != nil })
      (self.probe, frozen) = (.success(probe), model.frozen.mapValues { $0.floats() })
      scene = Scene(model.edited, sizes: .init(tokens: probe.tokens.count))
    } catch {
      (probe, frozen) = (.failure(error), [:])
      scene = Scene(model.edited, sizes: .init(tokens: Self.tokensWithoutText))
    }
  }

  /// Tokens of a scene whose model cannot be followed.
  private static let tokensWithoutText = 8

  /// Of the shortest that are long enough to show something, the one with the most different tokens and changes.
  private static func telling(_ heldOut: [TrainingSequence]) -> TrainingSequence? {
    let fitting = heldOut.filter { (13...length).contains($0.rowCount) }
    let shortest = fitting.map(\.rowCount).min()
    func variety(_ sequence: TrainingSequence) -> Int {
      4 * Set(sequence.tokens).count + zip(sequence.tokens, sequence.tokens.dropFirst()).count { $0 != $1 }
    }
    return fitting.filter { $0.rowCount == shortest }.max { variety($0) < variety($1) } ?? heldOut.first
  }

  /// Weights of the graph by name, from a snapshot or as they always are.
  private func weights(_ snapshot: WeightSnapshot) -> (String) -> [Double] {
    { [frozen] name in
      if let tensor = snapshot.layout[name] { return snapshot.values[tensor.range].map { Double($0) } }
      return frozen[name]?.map { Double($0) } ?? []
    }
  }

  /// A weight that stays as it is; nil where there is none of that name.
  func frozen(_ name: String) -> [Float]? { frozen[name] }

  private func token(_ id: Int32) -> JSON { .object(TokenText.members(id, tokenizer)) }

  // MARK: Attention and lens

  /// Throws `ProbeError` where the model is too large for it.
  func look(_ snapshot: WeightSnapshot) throws -> JSON {
    if let known = looks.withLock({ $0.first { $0.step == snapshot.step } }) { return known.json }
    let probe = try probe.get()
    let look = try probe.look(weights(snapshot))
    let json: JSON = [
      "step": .integer(snapshot.step), "kind": "derived",
      "tokens": .array(probe.tokens.map { token($0) }), "targets": .array(probe.targets.map { token($0) }),
      "counts": .array(probe.counts.map { .bool($0) }),
      "attention": .array(
        look.attention.map { ["heads": .integer($0.heads), "pattern": .array($0.pattern.map { .short($0) })] }),
      "lens": .array(
        look.readings.map { row in
          .array(
            row.map {
              ["top": token($0.token), "probability": .short($0.probability), "target": .short($0.target)]
            })
        }),
    ]
    looks.withLock { $0 = ($0 + [(snapshot.step, json)]).suffix(Self.looksKept) }
    return json
  }

  // MARK: The backward pass

  /// One forward and backward pass over the text with these weights; who asks meanwhile waits for the same.
  func pass(_ snapshot: WeightSnapshot) throws -> BackwardPass {
    try latest.withLock { latest in
      if let known = latest, known.step == snapshot.step { return known.pass }
      let pass = try probe.get().pass(weights(snapshot))
      latest = (snapshot.step, pass)
      return pass
    }
  }

  /// The steps of a pass and small pictures of all its values.
  func listing(_ snapshot: WeightSnapshot) throws -> JSON {
    let (probe, pass) = (try probe.get(), try pass(snapshot))
    return [
      "step": .integer(snapshot.step), "kind": "derived", "loss": .short(pass.loss),
      "tokens": .array(probe.tokens.map { token($0) }), "targets": .array(probe.targets.map { token($0) }),
      "counts": .array(probe.counts.map { .bool($0) }),
      "blocks": .array(
        pass.blocks.map { block in
          [
            "node": .integer(block.node), "name": .string(block.name),
            "layer": block.layer.map { .integer($0) } ?? .null, "isWeight": .bool(block.isWeight),
            "gradient": block.gradient.map { .integer($0) } ?? .null, "value": ValuePicture.json(pass, block.node),
            "slope": block.gradient.map { ValuePicture.json(pass, $0) } ?? .null,
          ]
        }),
      "steps": .array(
        pass.steps.map { step in
          let node = pass.graph.nodes[step.node]
          return [
            "node": .integer(step.node), "name": .string(node.name), "op": .string(node.op.mnemonic),
            "phase": .string(step.phase.rawValue), "blocks": .array(step.blocks.map { .integer($0) }),
            "inputs": .array(node.inputs.map { .string(pass.graph.nodes[$0].name) }),
          ]
        }),
    ]
  }
}

/// A value as a small picture: its rows and columns brought to a grid, each cell the largest of what it covers.
enum ValuePicture {
  static let (rows, columns) = (16, 32)

  static func json(_ pass: BackwardPass, _ node: Int) -> JSON {
    guard let value = pass.values[node] else { return .null }
    let (height, width) = (value.rowCount, value.columns)
    let (high, wide) = (min(height, rows), min(width, columns))
    let range = value.values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    var cells = [UInt8](repeating: 0, count: high * wide)
    for y in 0..<high {
      for x in 0..<wide {
        var largest = 0.0
        for row in y * height / high..<(y + 1) * height / high {
          for column in x * width / wide..<(x + 1) * width / wide {
            let cell = value.values[row * width + column]
            if cell.isFinite, abs(cell) > abs(largest) { largest = cell }
          }
        }
        let level = range > 0 ? (largest / range * 127).rounded() : 0
        cells[y * wide + x] = UInt8(bitPattern: Int8(max(-127, min(127, level))))
      }
    }
    return [
      "shape": .array(value.shape.map { .integer($0) }), "range": .short(range), "rows": .integer(high),
      "columns": .integer(wide), "cells": .string(Data(cells).base64EncodedString()),
    ]
  }
}
