// Page 5 of 7, the block: words tell one another, then each thinks for itself; both add to what is there.
// swift run -c release 05-Block

import Architectures
import Foundation
import GraphIR
import Runtime

let words = ["Lily", "saw", "a", "red", "ball"]
let (width, heads, inner) = (8, 2, 32)

/// So many numbers between −0.5 and 0.5 that look random, the same in every run.
func numbers(_ count: Int, seed: Int) -> [Float] {
  var state = UInt32(seed)
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return Float(state >> 8) / 16_777_216 - 0.5
  }
}

// MARK: The parts

/// `rows` numbers of a word's numbers: each is a row of the matrix times the word, plus a bias.
func linear(_ x: [Float], _ name: String, _ rows: Int) -> [Float] {
  let (matrix, bias) = (weights["\(name).weight"]!, weights["\(name).bias"]!)
  return (0..<rows).map { row in
    var sum = bias[row]
    for i in x.indices { sum += matrix[row * x.count + i] * x[i] }
    return sum
  }
}

/// Moves a word's numbers so that their mean is 0, stretches them so that their mean square is 1; then each has a
/// factor and an offset of its own.
func layerNorm(_ x: [Float], _ name: String) -> [Float] {
  let mean = x.reduce(0, +) / Float(x.count)
  let variance = x.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Float(x.count)
  let (factors, offsets) = (weights["\(name).weight"]!, weights["\(name).bias"]!)
  return x.indices.map { (x[$0] - mean) / (variance + 1e-5).squareRoot() * factors[$0] + offsets[$0] }
}

/// A soft switch: lets large numbers through and holds negative ones back.
func gelu(_ x: Float) -> Float { 0.5 * x * (1 + tanh((2 / Float.pi).squareRoot() * (x + 0.044715 * x * x * x))) }

func softmax(_ scores: [Float]) -> [Float] {
  let largest = scores.max() ?? 0
  let counts = scores.map { exp($0 - largest) }
  let total = counts.reduce(0, +)
  return counts.map { $0 / total }
}

/// Page 4, with queries, keys and values made by one matrix.
func attention(_ stream: [[Float]]) -> [[Float]] {
  let all = stream.map { linear($0, "attn_qkv", 3 * width) }
  let headWidth = width / heads
  return stream.indices.map { t in
    var mix = [Float](repeating: 0, count: width)
    for head in 0..<heads {
      let part = head * headWidth..<(head + 1) * headWidth
      let scores = (0...t).map { s in
        part.reduce(Float(0)) { $0 + all[t][$1] * all[s][width + $1] } / Float(headWidth).squareRoot()
      }
      for (s, share) in softmax(scores).enumerated() {
        for i in part { mix[i] += share * all[s][2 * width + i] }
      }
    }
    return linear(mix, "attn_output", width)
  }
}

/// A word by itself: to more numbers, through the switch, and back.
func network(_ x: [Float]) -> [Float] {
  linear(linear(x, "ffn_up", inner).map { gelu($0) }, "ffn_down", width)
}

/// Every value of the block by the engine's name for it, one row a word.
func block(_ stream: [[Float]]) -> [String: [[Float]]] {
  func add(_ a: [[Float]], _ b: [[Float]]) -> [[Float]] { zip(a, b).map { x, y in zip(x, y).map { $0 + $1 } } }
  let normed = stream.map { layerNorm($0, "attn_norm") }
  let told = attention(normed)
  let middle = add(stream, told)
  let normedAgain = middle.map { layerNorm($0, "ffn_norm") }
  let thought = normedAgain.map { network($0) }
  return [
    "resid_pre": stream, "ln1.normalized": normed, "attn_out": told, "resid_mid": middle,
    "ln2.normalized": normedAgain, "mlp_out": thought, "resid_post": add(middle, thought),
  ]
}

// MARK: The engine

/// The block of GPT-2, of the parts that the engine's models are made of.
func model() throws -> Graph {
  let g = GraphBuilder()
  let positions = g.input("positions", [.tokens], .int32)
  let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("words", [words.count, width])).named("resid_pre")
  var heads = Attention(Heads(query: heads, keyValue: heads, width: width / heads))
  (heads.projections, heads.outputBias) = (.fused(bias: true), true)
  var network = FeedForward(.plain, inner: inner, activation: .geluTanh)
  network.bias = true
  let normed = x.layerNorm("attn_norm", epsilon: 1e-5).named("ln1.normalized")
  let middle = (x + normed.attention(heads, at: positions)).named("resid_mid")
  let after = middle + middle.layerNorm("ffn_norm", epsilon: 1e-5).named("ln2.normalized").feedForward(network)
  return try g.finish(after.named("resid_post"))
}

let graph = try model()
let weights = Dictionary(
  uniqueKeysWithValues: graph.weights.enumerated().map { ($1.name, numbers($1.shape.reduce(1, *), seed: $0)) })
let stream = words.indices.map { Array(weights["words"]![$0 * width..<($0 + 1) * width]) }
let values = block(stream)

print("What happens to `ball`, eight numbers:")
let stages = [
  ("resid_pre", "before"), ("ln1.normalized", "  normed"), ("attn_out", "  told"), ("resid_mid", "before + told"),
  ("ln2.normalized", "  normed"), ("mlp_out", "  thought"), ("resid_post", "all together"),
]
for (name, title) in stages {
  let numbers = values[name]![4].map { String(format: "%6.2f", Double($0)) }.joined()
  print("  " + title.padding(toLength: 14, withPad: " ", startingAt: 0) + numbers)
}
print()
let session = try GraphSession(
  graph, weights: { weights[$0]! }, context: words.count, keeping: Set(stages.map(\.0)))
try session.step(words.indices.map { Int32($0) })
for (name, _) in stages {
  let (ours, engine) = (values[name]!.flatMap { $0 }, session.value(name)?.values ?? [])
  let bound = 1e-5 * (engine.map(abs).max() ?? 0)
  guard ours.count == engine.count, zip(ours, engine).allSatisfy({ abs($0 - $1) <= bound }) else {
    print("The values of \(name) differ.\nhere   \(ours)\nengine \(engine)")
    exit(1)
  }
  print("The engine has the same \(name).")
}
