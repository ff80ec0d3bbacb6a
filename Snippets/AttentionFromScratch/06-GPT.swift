// Page 6 of 7, GPT: letters in, blocks along one stream, a score for every letter that may come next.
// swift run -c release 06-GPT           three letters, weights that have learnt nothing
// swift run -c release 06-GPT MODEL     a trained GPT-2 of three letters, a folder or GGUF file

import Architectures
import Foundation
import GraphIR
import Runtime

/// The engine's graph of the model, and its weights: a file's, or numbers between −0.25 and 0.25 that look random.
func load() throws -> (graph: Graph, weights: [String: [Float]]) {
  var weights: [String: [Float]] = [:]
  if CommandLine.arguments.count > 1 {
    let file = try ModelFile(path: CommandLine.arguments[1])
    let stored = try file.weights()
    for name in stored.names { weights[name] = try stored.tensor(name).floats() }
    return (file.graph, weights)
  }
  let config = try ConfigReader(
    json: [
      "model_type": "gpt2", "n_layer": 3, "n_head": 3, "n_embd": 48, "vocab_size": 3, "n_positions": 11,
      "tie_word_embeddings": false,
    ], file: "this page")
  let graph = try Registry.architecture(for: config).graph()
  var state: UInt32 = 1
  for (name, shape) in graph.weights {
    weights[name] = (0..<shape.reduce(1, *)).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      // The factors of norms lie around 1.
      return (name.hasSuffix("norm.weight") ? 1 : 0) + Float(state >> 8) / 33_554_432 - 0.25
    }
  }
  return (graph, weights)
}
guard case .success(let (graph, weights)) = Result(catching: load), weights["blk.0.attn_qkv.bias"] != nil,
  graph.nodes[graph.output].shape.last == .fixed(3)
else {
  print("MODEL must be a folder or GGUF file of a GPT-2 of three letters.")
  exit(1)
}
let shapes = Dictionary(uniqueKeysWithValues: graph.weights.map { ($0.name, $0.shape) })
let (vocabulary, width) = (shapes["token_embd.weight"]![0], shapes["token_embd.weight"]![1])
let heads = graph.nodes[graph.node(named: "blocks.0.attn.q")!].shape[1].fixed!
let layers = shapes.keys.filter { $0.hasSuffix("attn_qkv.weight") }.count

// MARK: The model

/// The stream after each block, a row a letter; then for each letter the scores of the one to come.
func gpt(_ tokens: [Int]) -> (streams: [[[Float]]], scores: [[Float]]) {
  func row(_ table: String, _ index: Int) -> [Float] { Array(weights[table]![index * width..<(index + 1) * width]) }
  // What the letter is, plus where it stands.
  var stream = tokens.enumerated().map { add(row("token_embd.weight", $1), row("position_embd.weight", $0)) }
  var streams: [[[Float]]] = []
  for layer in 0..<layers {
    let name = "blk.\(layer)."
    let mixed = attention(stream.map { linear(layerNorm($0, name + "attn_norm"), name + "attn_qkv", 3 * width) })
    stream = zip(stream, mixed).map { add($0, linear($1, name + "attn_output", width)) }
    stream = stream.map { x in
      let up = linear(layerNorm(x, name + "ffn_norm"), name + "ffn_up", 4 * width)
      return add(x, linear(up.map { gelu($0) }, name + "ffn_down", width))
    }
    streams.append(stream)
  }
  // Some models score with the table that letters come from.
  let table = weights["output.weight"] == nil ? "token_embd" : "output"
  return (streams, stream.map { linear(layerNorm($0, "output_norm"), table, vocabulary) })
}

func add(_ a: [Float], _ b: [Float]) -> [Float] { zip(a, b).map { $0 + $1 } }

func linear(_ x: [Float], _ name: String, _ rows: Int) -> [Float] {
  let (matrix, bias) = (weights["\(name).weight"]!, weights["\(name).bias"])
  return (0..<rows).map { row in
    x.indices.reduce(bias?[row] ?? 0) { $0 + matrix[row * x.count + $1] * x[$1] }
  }
}

func layerNorm(_ x: [Float], _ name: String) -> [Float] {
  let mean = x.reduce(0, +) / Float(x.count)
  let variance = x.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Float(x.count)
  let (factors, offsets) = (weights["\(name).weight"]!, weights["\(name).bias"]!)
  return x.indices.map { (x[$0] - mean) / (variance + 1e-5).squareRoot() * factors[$0] + offsets[$0] }
}

func gelu(_ x: Float) -> Float { 0.5 * x * (1 + tanh((2 / Float.pi).squareRoot() * (x + 0.044715 * x * x * x))) }

/// Of rows with queries, keys and values side by side.
func attention(_ rows: [[Float]]) -> [[Float]] {
  rows.indices.map { t in
    (0..<heads).flatMap { head in
      let part = head * width / heads..<(head + 1) * width / heads
      let scores = (0...t).map { s in
        part.reduce(Float(0)) { $0 + rows[t][$1] * rows[s][width + $1] } / Float(part.count).squareRoot()
      }
      let counts = scores.map { exp($0 - scores.max()!) }
      let total = counts.reduce(0, +)
      return part.map { i in (0...t).reduce(Float(0)) { $0 + counts[$1] / total * rows[$1][2 * width + i] } }
    }
  }
}

// MARK: The engine

/// The values of these names, by the program that the engine plans for this processor.
func engine(_ tokens: [Int32], _ names: [String]) throws -> [[Float]] {
  let session = try GraphSession(graph, weights: { weights[$0]! }, context: tokens.count, keeping: Set(names))
  try session.step(tokens)
  return names.map { session.value($0)?.values ?? [] }
}

let letters = ["A", "B", "C"]
let word = [2, 1, 0, 1, 1, 2]
let (streams, scores) = gpt(word)
print("\(weights.values.reduce(0) { $0 + $1.count }) numbers: \(layers) blocks, \(heads) heads, width \(width)\n")
print("after  scores of A     B     C")
for (letter, row) in zip(word, scores) {
  print("\(letters[letter])           " + row.map { String(format: "%6.2f", Double($0)) }.joined())
}
var tokens = word
for _ in word { tokens.append(gpt(tokens).scores.last!.enumerated().max { $0.1 < $1.1 }!.0) }
let text = tokens.map { letters[$0] }.joined()
print("\n\(text.prefix(word.count)) goes on \(text.dropFirst(word.count))\n")

let names = (0..<layers).map { "blocks.\($0).resid_post" } + ["logits"]
for (name, (ours, engine)) in zip(names, zip(streams + [scores], try engine(word.map { Int32($0) }, names))) {
  let bound = 1e-5 * (engine.map(abs).max() ?? 0)
  guard ours.joined().count == engine.count, zip(ours.joined(), engine).allSatisfy({ abs($0 - $1) <= bound }) else {
    print("The values of \(name) differ.\nhere   \(ours)\nengine \(engine)")
    exit(1)
  }
  print("The engine has the same \(name).")
}
