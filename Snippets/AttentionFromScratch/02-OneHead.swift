// Page 2 of 7, one head: every word asks, every word offers, and what fits is handed over.
// swift run -c release 02-OneHead

import Foundation
import GraphIR
import Runtime

let words = ["Lily", "saw", "a", "red", "ball"]

// MARK: What the head is given

/// What each word is: [a thing, a deed, red].
let stream: [[Float]] = [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 0]]

// Three small tables make three things of a word. Each row gives one number.
/// What a word asks for: a thing asks for red, a deed asks for a thing.
let queryWeights: [[Float]] = [[4, 0, 0], [0, 4, 0]]
/// What a word is found by: being red, being a thing.
let keyWeights: [[Float]] = [[0, 0, 1], [1, 0, 0]]
/// What a word hands over: its red, its being a thing.
let valueWeights: [[Float]] = [[0, 0, 1], [1, 0, 0]]

// MARK: The head

func dot(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// One number for each row of `weights`.
func linear(_ x: [Float], _ weights: [[Float]]) -> [Float] { weights.map { dot($0, x) } }

/// Scores as shares that sum to 1.
func softmax(_ scores: [Float]) -> [Float] {
  let largest = scores.max() ?? 0
  let counts = scores.map { exp($0 - largest) }
  let total = counts.reduce(0, +)
  return counts.map { $0 / total }
}

/// For each word its shares of all words, and the mix of values that they give.
func head(_ stream: [[Float]]) -> (pattern: [[Float]], mixed: [[Float]]) {
  let queries = stream.map { linear($0, queryWeights) }
  let keys = stream.map { linear($0, keyWeights) }
  let values = stream.map { linear($0, valueWeights) }
  let scale = 1 / Float(keyWeights.count).squareRoot()
  var pattern: [[Float]] = []
  var mixed: [[Float]] = []
  for query in queries {
    let shares = softmax(keys.map { scale * dot(query, $0) })
    var mix = [Float](repeating: 0, count: valueWeights.count)
    for (share, value) in zip(shares, values) {
      for i in mix.indices { mix[i] += share * value[i] }
    }
    pattern.append(shares)
    mixed.append(mix)
  }
  return (pattern, mixed)
}

// MARK: The engine

/// The same head in the engine. There a word sees itself and the words before it, so the last one sees all.
func engine(_ order: [Int]) throws -> (pattern: [Float], mixed: [Float]) {
  let g = GraphBuilder()
  let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("words", [words.count, 3]))
  let (q, k, v) = (x.linear("q", 2).reshape(1, 2), x.linear("k", 2).reshape(1, 2), x.linear("v", 2).reshape(1, 2))
  let graph = try g.finish(q.attend(k.append(to: "keys"), v.append(to: "values"), scale: 1 / Float(2).squareRoot()))
  let weights = ["words": stream, "q.weight": queryWeights, "k.weight": keyWeights, "v.weight": valueWeights]
  let session = try GraphSession(
    graph, weights: { (weights[$0] ?? []).flatMap { $0 } }, context: words.count, keeping: ["pattern"])
  let mixed = try session.step(order.map { Int32($0) })
  return ((session.value("pattern")?.values ?? []).suffix(words.count), mixed.values.suffix(2))
}

/// Ends the page with an error where the engine has other numbers.
func check(_ what: String, _ ours: [Float], _ engine: [Float]) {
  let bound = 1e-5 * (engine.map(abs).max() ?? 0)
  guard ours.count == engine.count, zip(ours, engine).allSatisfy({ abs($0 - $1) <= bound }) else {
    print("The \(what) differ.\nhere   \(ours)\nengine \(engine)")
    exit(1)
  }
  print("The engine has the same \(what).")
}

/// A line of a table: a word, then numbers.
func line(_ title: String, _ numbers: [Float]) -> String {
  "  " + title.padding(toLength: 6, withPad: " ", startingAt: 0)
    + numbers.map { String(format: "%6.2f", Double($0)) }.joined()
}

print("          asks for      found by     hands over")
print("           red thing     red thing     red thing")
for (word, x) in zip(words, stream) {
  let three = [queryWeights, keyWeights, valueWeights].map { line("", linear(x, $0)).dropFirst(6) }
  print(line(word, []) + three.joined())
}
let (pattern, mixed) = head(stream)
print("\nHow much each word takes from each:\n          Lily   saw     a   red  ball")
for (word, shares) in zip(words, pattern) { print(line(word, shares)) }
print("\nWhat it gets:\n           red thing")
for (word, mix) in zip(words, mixed) { print(line(word, mix)) }
print()
var (ours, engines): ([[Float]], [[Float]]) = ([[], []], [[], []])
for t in words.indices {
  // The word comes last; the others keep their order, which a head without a mask does not notice.
  let order = words.indices.filter { $0 != t } + [t]
  let found = try engine(order)
  ours[0] += order.map { pattern[t][$0] }
  ours[1] += mixed[t]
  engines[0] += found.pattern
  engines[1] += found.mixed
}
check("shares", ours[0], engines[0])
check("mixes", ours[1], engines[1])
