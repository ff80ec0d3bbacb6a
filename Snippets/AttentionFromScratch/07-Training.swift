// Page 7 of 7, training: how wrong is the model, which way is each weight less wrong, a small step that way.
// swift run -c release 07-Training

import Foundation
import Gradients
import GraphIR
import TrainingEngine

typealias Matrix = [[Float]]
let (letters, width, length) = (5, 12, 9)
let scale = 1 / Float(width).squareRoot()

/// One of 125 words of three letters, said three times over and once more begun.
func text(_ word: Int) -> [Int] { (0...length).map { [word / 25, word / 5 % 5, word % 5][$0 % 3] } }

/// How much each guess counts: any letter may follow the first two, from then on it is the one two places back.
let counts = (0..<length).map { $0 < 2 ? 0 : 1 / Float(length - 2) }

// MARK: Forward

/// What one head makes of a text, and how wrong its guesses are.
struct Pass { let x, q, k, v, shares, after, guesses: Matrix, loss: Float }

func forward(_ tokens: [Int], _ w: [String: Matrix]) -> Pass {
  let x = (0..<length).map { t in zip(w["letter"]![tokens[t]], w["place"]![t]).map { $0 + $1 } }
  let (q, k, v) = (x.map { linear($0, w["q"]!) }, x.map { linear($0, w["k"]!) }, x.map { linear($0, w["v"]!) })
  let shares = (0..<length).map { t in softmax((0...t).map { s in scale * dot(q[t], k[s]) }) }
  let after = (0..<length).map { t in
    (0..<width).map { i in x[t][i] + dot(shares[t], v[...t].map { $0[i] }) }
  }
  let guesses = after.map { softmax(linear($0, w["output"]!)) }
  // No loss where the letter that came was sure; the less likely it was held, the more.
  var loss: Float = 0
  for t in 0..<length { loss -= counts[t] * log(guesses[t][tokens[t + 1]]) }
  return Pass(x: x, q: q, k: k, v: v, shares: shares, after: after, guesses: guesses, loss: loss)
}

func dot(_ a: [Float], _ b: [Float]) -> Float { a.indices.reduce(0) { $0 + a[$1] * b[$1] } }
func linear(_ x: [Float], _ weights: Matrix) -> [Float] { weights.map { dot($0, x) } }
func softmax(_ scores: [Float]) -> [Float] {
  let powers = scores.map { exp($0 - scores.max()!) }
  return powers.map { $0 / powers.reduce(0, +) }
}

// MARK: Backward

/// How much the loss grows as each weight grows: the pass read from its end to its start.
func backward(_ p: Pass, _ tokens: [Int], _ w: [String: Matrix]) -> [String: Matrix] {
  var slopes = w.mapValues { $0.map { $0.map { _ in Float(0) } } }
  /// Back through `linear`: notes the weights' slopes, returns the input's.
  func back(_ slope: [Float], _ x: [Float], _ name: String) -> [Float] {
    for (row, g) in slope.enumerated() {
      for i in x.indices { slopes[name]![row][i] += g * x[i] }
    }
    return x.indices.map { i in slope.indices.reduce(0) { $0 + slope[$1] * w[name]![$1][i] } }
  }
  let nothing = p.x.map { $0.map { _ in Float(0) } }
  var (dx, dq, dk, dv) = (nothing, nothing, nothing, nothing)
  for t in 0..<length {
    // A guess says 0.3 where 1 came: its score should grow, the slope is −0.7. The others should shrink.
    var slope = p.guesses[t]
    slope[tokens[t + 1]] -= 1
    dx[t] = back(slope.map { $0 * counts[t] }, p.after[t], "output")
    // The head added Σ share · value: a share's slope asks its value, a value's slope its share.
    let dShares = (0...t).map { dot(dx[t], p.v[$0]) }
    let mean = dot(dShares, p.shares[t])
    for s in 0...t {
      // Shares sum to 1: one grows only as the others shrink.
      let dScore = p.shares[t][s] * (dShares[s] - mean) * scale
      for i in 0..<width {
        dv[s][i] += p.shares[t][s] * dx[t][i]
        dq[t][i] += dScore * p.k[s][i]
        dk[s][i] += dScore * p.q[t][i]
      }
    }
  }
  for t in 0..<length {
    let parts = [dx[t], back(dq[t], p.x[t], "q"), back(dk[t], p.x[t], "k"), back(dv[t], p.x[t], "v")]
    for i in 0..<width {
      let sum = parts.reduce(0) { $0 + $1[i] }
      slopes["letter"]![tokens[t]][i] += sum
      slopes["place"]![t][i] += sum
    }
  }
  return slopes
}

// MARK: The engine

/// The loss and every slope by the graph that the engine derives from the model's.
func engine(_ tokens: [Int], _ w: [String: Matrix]) throws -> [String: [Float]] {
  let g = GraphBuilder()
  let places = g.input("positions", [.tokens], .int32).gather(from: g.weight("place", [length, width]))
  let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("letter", [letters, width])) + places
  func part(_ name: String) -> Value { x.linear(g.weight(name, [width, width])).reshape(1, width) }
  let mixed = part("q").attend(part("k"), part("v"), scale: scale).reshape(width)
  let model = g.input("rows", [.rows], .int32).gather(from: x + mixed)
    .linear(g.weight("output", [letters, width]))
  let graph = try g.finish(model).differentiated()
  let layout = ParameterLayout(graph)
  let engine = try TrainingEngine(graph, parameters: layout, options: TrainingEngineOptions(maximumTokens: length))
  var parameters = [Float](repeating: 0, count: layout.count)
  for place in layout.tensors { parameters.replaceSubrange(place.range, with: w[place.name]!.flatMap { $0 }) }
  let batch = TrainingBatch(
    tokens: tokens.dropLast().map { Int32($0) }, sequences: [TrainingBatch.Sequence(start: 0, count: length)],
    targets: tokens.dropFirst().map { Int32($0) }, targetWeights: counts)
  var slopes = parameters
  let loss = try engine.run(batch, parameters: parameters, gradients: &slopes)
  return Dictionary(layout.tensors.map { ($0.name, Array(slopes[$0.range])) }) { first, _ in first }
    .merging(["loss": [loss]]) { first, _ in first }
}

/// Ends the page with an error where the engine has another loss or other slopes.
func check(_ tokens: [Int], _ w: [String: Matrix]) throws {
  let (pass, found) = (forward(tokens, w), try engine(tokens, w))
  var ours = backward(pass, tokens, w).mapValues { $0.flatMap { $0 } }
  ours["loss"] = [pass.loss]
  for (name, values) in ours {
    let engine = found[name] ?? []
    let bound = 1e-5 * (engine.map(abs).max() ?? 0)
    guard values.count == engine.count, zip(values, engine).allSatisfy({ abs($0 - $1) <= bound }) else {
      print("The slopes of \(name) differ.\nhere   \(values)\nengine \(engine)")
      exit(1)
    }
  }
}

let rows = ["letter": letters, "place": length, "q": width, "k": width, "v": width, "output": letters]
var state: UInt32 = 1
var weights: [String: Matrix] = [:]
for (name, rows) in rows.sorted(by: { $0.key < $1.key }) {
  weights[name] = (0..<rows).map { _ in
    (0..<width).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(state >> 8) / 16_777_216 - 0.5
    }
  }
}
// A fifth of the words, ABC among them, is never trained on: those whose letters, as numbers, sum to 3, 8 or 13.
let known = (0..<125).filter { text($0).prefix(3).reduce(0, +) % 5 != 3 }
let unseen = (0..<125).filter { text($0).prefix(3).reduce(0, +) % 5 == 3 }
func loss(_ words: [Int], _ w: [String: Matrix]) -> Double {
  words.reduce(0) { $0 + Double(forward(text($1), w).loss) } / Double(words.count)
}
print(" texts  loss, words seen  unseen  what B takes from A B C A B")
for step in 0...2000 {
  if step % 250 == 0 {
    let shares = forward(text(7), weights).shares[4].map { String(format: "%5.2f", Double($0)) }.joined()
    print(String(format: "%6d  %16.3f  %6.3f ", step, loss(known, weights), loss(unseen, weights)) + shares)
  }
  if step == 0 || step == 500 { try check(text(7), weights) }
  let tokens = text(known[step * 37 % known.count])
  for (name, slopes) in backward(forward(tokens, weights), tokens, weights) {
    for (row, slopes) in slopes.enumerated() {
      for i in 0..<width { weights[name]![row][i] -= 0.05 * slopes[i] }
    }
  }
}
precondition(loss(known, weights) < 0.01 && loss(unseen, weights) < 0.1, "Training has not found the rule.")
print("\nThe engine has the same loss and slopes, before any training and after 500 texts.")
